// The postconf command: the only way in which Postseal reads and changes a Postfix.
import { execFile } from 'node:child_process';
import { readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CommandError, exit } from '../exit.js';
import { argumentsFor, type Edit } from '../wiring/edit.js';
import { PostfixSettings } from '../wiring/settings.js';
import { accessTables } from '../wiring/wiring.js';

const run = promisify(execFile);

/** Debian has them here, which is not in everybody's PATH. */
const path = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin', '/sbin'].filter(Boolean).join(':');

/**
 * Runs a program of Postfix.
 * @param directory of its configuration; that of the system where there is none
 * @throws CommandError (69) where it is missing or fails, with its own words
 */
export async function postfixProgram(
  program: 'postconf' | 'postfix',
  directory: string | undefined,
  args: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const where = directory === undefined ? [] : ['-c', directory];
  try {
    const options = { env: { ...environment(), PATH: path }, maxBuffer: 1 << 24, timeout: 60_000 };
    return await run(program, [...where, ...args], options);
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT')
      throw new CommandError(
        exit.unavailable,
        `the ${program} command is missing: install Postfix, or run this where it is`,
      );
    const words = stderr?.trim();
    // Without a terminal they go to the log.
    const why = words ? words : `${args[0] ?? ''} fails, and the mail log says why`;
    throw new CommandError(exit.unavailable, ...`${program}: ${why}`.split('\n'));
  }
}

/** Postfix looks into MAIL_CONFIG; the rest of our environment is none of its business. */
function environment(): NodeJS.ProcessEnv {
  const { MAIL_CONFIG, LANG, TZ } = process.env;
  return Object.fromEntries(
    Object.entries({ MAIL_CONFIG, LANG, TZ }).filter(([, value]) => value !== undefined),
  );
}

export async function readSettings(directory: string | undefined): Promise<PostfixSettings> {
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await postfixProgram('postconf', directory, args);
    return stdout + unused(stderr);
  };
  const [parameters, explicit, services, written, options] = await Promise.all([
    ask('-x'),
    ask('-n'),
    ask('-M'),
    ask('-P'),
    ask('-P', '-x'),
  ]);
  return new PostfixSettings({ parameters, explicit, services, written, options });
}

/** Parameters of transports that are yet to come: in main.cf already, but only warned of. */
function unused(warnings: string): string {
  return [...warnings.matchAll(/unused parameter: (\w[\w-]*)=(.*)$/gm)]
    .map(([, name, value]) => `${name!} = ${value!}\n`)
    .join('');
}

/** One by one: of several at once postconf writes new parameters in an order that is another each time. */
export async function apply(directory: string, edits: readonly Edit[]): Promise<void> {
  for (const edit of edits) {
    await settle(join(directory, 'main.cf'));
    await postfixProgram('postconf', directory, argumentsFor(edit));
  }
}

/** Of a main.cf that has changed just now Postfix's programs wait a second or two for more: this one is whole. */
export async function settle(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  await utimes(path, atime, new Date(mtime.getTime() - 3000));
}

/** In octets; a table that is larger was made by a program. */
const largestTable = 10_000_000;

/** The sources of the access tables that services look into; those that are no readable file are left out. */
export async function readTables(settings: PostfixSettings): Promise<Map<string, string>> {
  const names = new Set(settings.services.flatMap(service => accessTables(service, settings)));
  const tables = new Map<string, string>();
  for (const name of names) {
    const path = name.replace(/^\w+:/, '');
    // A device or a FIFO might never end.
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() !== true || status.size > largestTable) continue;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) tables.set(name, text);
  }
  return tables;
}
