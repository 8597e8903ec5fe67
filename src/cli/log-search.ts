// The logs that commands read, and what they find in them.
import { stat } from 'node:fs/promises';
import { CurrentFile, linesOf, readWhole, rotatedFiles, type LineBatches } from '../events/files.js';
import { escaped } from '../printable.js';
import { CommandError, exit } from '../exit.js';
import { readIni, showProblem } from '../service/load.js';
import type { Finder } from './journal-finders.js';

/** A file that lines are read from; reading the current one again gives what is new. */
export interface Source {
  readonly path: string;
  /** What the log was rotated to. */
  readonly older: boolean;
  readonly read: () => LineBatches;
  readonly close?: () => Promise<void>;
}

export class Search {
  /** Lines that are not what is looked for. */
  private skipped = 0;
  /** An older file could not be read. */
  failed = false;

  constructor(
    private readonly finder: Finder,
    private readonly end: AbortSignal,
  ) {}

  /** @throws CommandError (66) */
  async *in({ path, older, read }: Source): AsyncGenerator<string> {
    try {
      for await (const lines of read()) {
        for (const line of lines) {
          if (this.end.aborted) return;
          if (line === '') continue;
          const found = line === undefined ? undefined : this.finder.take(line);
          if (found) yield* found;
          else this.skipped++;
        }
      }
    } catch (error) {
      // Rotated away meanwhile: it is the next older one now, or gone.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      const failure = unreadable(path, error);
      if (!older) throw failure;
      // What is newer can be read all the same.
      this.failed = true;
      warn(failure.message);
    }
  }

  /** All of them, oldest first. @param whole whether nothing comes after that */
  async *each(sources: readonly Source[], whole: boolean): AsyncGenerator<string> {
    for (const source of sources) yield* this.in(source);
    if (whole) yield* this.finder.rest();
  }

  /** The last ones, oldest first. Where that is possible, older files are only read if the newer ones have too few. */
  async last(sources: readonly Source[], whole: boolean, count: number): Promise<string[]> {
    if (this.finder.spansFiles) return lastOf(this.each(sources, whole), count);
    let all: string[] = [];
    for (const source of sources.toReversed()) {
      const room = count - all.length;
      if (room === 0) break;
      all = [...(await lastOf(this.in(source), room)), ...all];
    }
    return all;
  }

  tellSkipped(): void {
    if (this.skipped > 0) warn(`lines skipped that are no ${this.finder.what}: ${this.skipped}`);
  }
}

async function lastOf(found: AsyncIterable<string>, count: number): Promise<string[]> {
  const ring: string[] = [];
  let next = 0;
  for await (const one of found) if (count > 0) ring[next++ % count] = one;
  const oldest = next > count ? next % count : 0;
  return [...ring.slice(oldest), ...ring.slice(0, oldest)];
}

export function warn(sentence: string): void {
  process.stderr.write(`postseal: ${escaped(sentence)}\n`);
}

/** The log and what it was rotated to, oldest first. @throws CommandError (66) where there is none */
export async function sourcesOf(path: string, follow: boolean): Promise<Source[]> {
  try {
    // A pipe, as in --file <(zstdcat …), has no place to go back to.
    const readOnce = (): LineBatches => (path === '-' ? linesOf(process.stdin) : readWhole(path));
    if (!(await isFile(path))) return [{ path, older: false, read: readOnce }];
    const { files, unread } = await rotatedFiles(path);
    if (unread.length > 0) warn(`not read, as they are not packed with gzip: ${unread.join(', ')}`);
    const current = new CurrentFile(path);
    const there = await current.open();
    const rotated: Source[] = [];
    for (const older of files)
      // It may have been rotated just now.
      if (!(await current.is(older)))
        rotated.push({ path: older, older: true, read: () => readWhole(older) });
    if (!there && rotated.length === 0) {
      if (!follow) throw new CommandError(exit.noInput, `${path}: does not exist`);
      warn(`${path} does not exist yet, waiting for it`);
    }
    const packed = path.endsWith('.gz');
    const read = (): LineBatches => (packed ? readWhole(path) : follow ? current.read() : current.readUp());
    return [...rotated, { path, older: false, read, close: () => current.close() }];
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(path, error);
  }
}

/** Whether it is one, or is not there yet; `-` is standard input. */
export async function isFile(path: string): Promise<boolean> {
  return path !== '-' && ((await stat(path).catch(() => undefined))?.isFile() ?? true);
}

function unreadable(path: string, error: unknown): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CommandError(exit.noInput, `${path}: cannot be read (${code ?? message})`);
}

/** @throws CommandError (78) */
export async function configuredLog(ini: string): Promise<string> {
  const { config, problems } = await readIni(ini);
  if (!config) throw new CommandError(exit.config, ...problems.map(showProblem));
  const { file } = config.events;
  if (file) return file.path;
  const mend =
    'write file = /var/log/postseal/events.json there and reload the service, or name one with --file';
  throw new CommandError(exit.config, `${ini}: [events] names no file: ${mend}`);
}
