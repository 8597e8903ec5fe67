// One change of the ini file at a time: the new text is loaded whole, with all that it leads to, before it counts.
import { open, readFile, realpath, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoted } from '../../printable.js';
import { CommandError, exit } from '../../exit.js';
import { load, readText, showProblem, type Finding, type Installation } from '../../service/load.js';
import { replaceFile, writeError } from './store.js';

/** Milliseconds that another command is waited for. */
const patience = 10_000;

/** A change under way: what it is about, and what undoes it until it is done. */
export interface Change {
  /** The ini file's text as it stands. */
  readonly text: Buffer;
  /** Takes a file back should the change fail. */
  readonly made: (path: string) => void;
  /**
   * Puts a new text in the place of the old one, where all that it leads to can be used.
   * @param isOurs whether a certificate that cannot be used is the new one's fault; others may be as bad as before
   * @throws CommandError (78) with what is wrong
   */
  readonly commit: (text: Buffer, isOurs: (finding: Finding) => boolean) => Promise<Installation>;
}

/** Runs a change alone. What it made is taken away again if it fails. */
export async function changeIni<T>(ini: string, change: (change: Change) => Promise<T>): Promise<T> {
  const target = await realpath(ini).catch(() => ini);
  return alone(target, async () => {
    const text = await readText(ini);
    const made: string[] = [];
    try {
      return await change({
        text,
        made: path => made.push(path),
        commit: async (next, isOurs) => {
          const installation = await loadWhole(ini, next, isOurs);
          if (!next.equals(text)) {
            if (!(await readText(ini)).equals(text))
              throw new CommandError(
                exit.tempFail,
                `${ini} was changed meanwhile, and nothing was stored; try again`,
              );
            await replaceFile(target, next);
          }
          made.length = 0; // it counts now, whatever goes wrong after it
          return installation;
        },
      });
    } catch (error) {
      for (const path of made) await rm(path, { force: true });
      throw error;
    }
  });
}

async function loadWhole(
  ini: string,
  text: Buffer,
  isOurs: (finding: Finding) => boolean,
): Promise<Installation> {
  const result = await load(ini, text);
  const problems =
    'problems' in result
      ? result.problems
      : result.installation.findings.filter(f => f.severity === 'error' && isOurs(f));
  if ('installation' in result && problems.length === 0) return result.installation;
  const told = problems.filter(problem => problem.severity === 'error').map(showProblem);
  throw new CommandError(exit.config, ...told, `${ini} was not changed, and nothing was stored.`);
}

/** Two that change the file at once would lose one of the changes. */
async function alone<T>(ini: string, work: () => Promise<T>): Promise<T> {
  const lock = `${ini}.lock`;
  await take(lock);
  // It is over in a moment: a signal does not leave half of it behind.
  const wait = (): void => undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, wait);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, wait);
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<void> {
  for (const end = Date.now() + patience; ;) {
    try {
      const file = await open(lock, 'wx', 0o600);
      await file.writeFile(`${process.pid}\n`).finally(() => file.close());
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(lock, error);
    }
    const holder = await holderOf(lock);
    const left = holder > 0 && !isRunning(holder) && (await holderOf(lock)) === holder;
    if (left || Date.now() > end)
      throw new CommandError(
        exit.tempFail,
        `another "postseal cert" (process ${holder}) is changing the ini file; if it is no more, "rm ${quoted(lock)}"`,
      );
    await sleep(50);
  }
}

async function holderOf(lock: string): Promise<number> {
  return Number((await readFile(lock, 'utf8').catch(() => '')).trim());
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
