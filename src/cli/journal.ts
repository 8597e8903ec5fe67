// `postseal journal`: searches the event log, and follows it.
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Address } from '../address.js';
import { outcomes, parseEvent, type Event, type Outcome } from '../events/event.js';
import { CurrentFile, linesOf, readWhole, rotatedFiles, type LineBatches } from '../events/files.js';
import { matches, type Query } from '../events/search.js';
import { escaped, printableJson } from '../printable.js';
import { parsePattern } from '../rules/pattern.js';
import { defaultConfig, parseOptions, usageError } from './arguments.js';
import { CommandError, exit } from '../exit.js';
import { toText } from './journal-report.js';
import { readIni, showProblem } from '../service/load.js';
import { parseTime, timeForms } from './time.js';

export const journalHelp = `Usage: postseal journal [OPTION]...

Searches the event log, in which the service tells what became of each message: one event for each group of
recipients that were treated alike. Everything that is asked for must hold; an option that is given several times
takes what one of its values takes.

      --address PATTERN   the sender or a recipient: an address, a pattern with * and ?, or /a regular expression/
      --queue-id ID       Postfix's queue id
      --rule NAME         what was decided by this rule
      --outcome OUTCOME   ${outcomes.join(', ')}
      --since TIME        from then on
      --until TIME        before then
      --last N            only the last N events (with --follow and without --since: 10)
  -f, --follow            go on with what comes, until SIGINT or SIGTERM
      --json              one JSON object a line, for programs
  -c, --config FILE       the ini file that names the event log (default ${defaultConfig})
      --file FILE         an event log itself, - for standard input; may be repeated, without --follow

TIME is one of ${timeForms};
local, unless it says otherwise.

What logrotate made of a log is read before it: FILE-20241102.gz, FILE.2.gz, FILE.1, FILE. Lines that are no events
are skipped, and counted on standard error.

  postseal journal --follow --outcome deferred --outcome rejected
  postseal journal --address '*@example.net' --since yesterday
  postseal journal --queue-id 81073210550
  postseal journal --since 7d --json | jq -r 'select(.certificate == "billing") | .recipients[]'

Exit status: 0, whether there is such an event or not; 66 a log cannot be read, or one that it was rotated to; 78 the
ini file names none, or is wrong; 64 the command line is wrong; 74 nobody reads what it prints.
`;

/** So often a log is looked at for more, in milliseconds. */
const interval = 250;
/** What --follow begins with. */
const usualLast = 10;

interface Found {
  readonly event: Event;
  readonly line: string;
}

/** A file that lines are read from; reading the current one again gives what is new. */
interface Source {
  readonly path: string;
  /** What the log was rotated to. */
  readonly older: boolean;
  readonly read: () => LineBatches;
  readonly close?: () => Promise<void>;
}

export async function journal(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('journal', args, {
    address: { type: 'string', multiple: true },
    'queue-id': { type: 'string', multiple: true },
    rule: { type: 'string', multiple: true },
    outcome: { type: 'string', multiple: true },
    since: { type: 'string' },
    until: { type: 'string' },
    last: { type: 'string' },
    follow: { type: 'boolean', short: 'f' },
    json: { type: 'boolean' },
    config: { type: 'string', short: 'c' },
    file: { type: 'string', multiple: true },
  });
  const follow = values.follow === true;
  const query = readQuery(values, new Date());
  const last = readLast(values.last) ?? (follow && !query.since ? usualLast : undefined);
  const files = values.file && [...new Set(values.file)];
  if (follow && files && files.length > 1) throw usageError('journal', '--follow takes one --file');
  if (follow && files?.[0]?.endsWith('.gz') === true)
    throw usageError('journal', '--follow: nothing comes to a .gz');
  if (follow && query.until) throw usageError('journal', '--until and --follow: keep one of the two');
  if (follow && files && !(await isFile(files[0]!)))
    throw usageError('journal', `--follow: ${files[0]!} is not a file that grows`);
  const paths = files ?? [await configuredLog(values.config ?? defaultConfig)];

  const end = new AbortController();
  const stop = (): void => {
    end.abort();
  };
  process.stdout.on('error', stop); // nobody reads it any more
  if (follow) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const search = new Search(query, end.signal);
  const print = ({ event, line }: Found): void => {
    process.stdout.write(values.json === true ? `${printableJson(line)}\n` : toText(event));
  };

  const sources: Source[] = [];
  for (const path of paths) sources.push(...(await sourcesOf(path, follow)));
  if (last === undefined)
    for (const source of sources) for await (const found of search.in(source)) print(found);
  else for (const line of await search.last(sources, last)) print({ event: parseEvent(line)!, line });
  while (follow && !end.signal.aborted) {
    for await (const found of search.in(sources.at(-1)!)) print(found);
    await sleep(interval, undefined, { signal: end.signal }).catch(() => undefined);
  }
  for (const source of sources) await source.close?.();
  if (search.skipped > 0)
    process.stderr.write(`postseal: lines skipped that are no events: ${search.skipped}\n`);
  return search.failed ? exit.noInput : exit.ok;
}

class Search {
  /** Lines that are no events. */
  skipped = 0;
  /** An older file could not be read. */
  failed = false;

  constructor(
    private readonly query: Query,
    private readonly end: AbortSignal,
  ) {}

  /** @throws CommandError (66) */
  async *in({ path, older, read }: Source): AsyncGenerator<Found> {
    try {
      for await (const lines of read()) {
        for (const line of lines) {
          if (this.end.aborted) return;
          if (line === '') continue;
          const event = line === undefined ? undefined : parseEvent(line);
          if (!event) this.skipped++;
          else if (matches(event, this.query)) yield { event, line: line! };
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

  /** The lines of the last ones, oldest first. Older files are only read where the newer ones have too few. */
  async last(sources: readonly Source[], count: number): Promise<string[]> {
    let all: string[] = [];
    for (const source of sources.toReversed()) {
      const room = count - all.length;
      if (room === 0) break;
      const ring: string[] = [];
      let next = 0;
      for await (const { line } of this.in(source)) ring[next++ % room] = line;
      const oldest = next > room ? next % room : 0;
      all = [...ring.slice(oldest), ...ring.slice(0, oldest), ...all];
    }
    return all;
  }
}

function warn(sentence: string): void {
  process.stderr.write(`postseal: ${escaped(sentence)}\n`);
}

/** The log and what it was rotated to, oldest first. @throws CommandError (66) where there is none */
async function sourcesOf(path: string, follow: boolean): Promise<Source[]> {
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
async function isFile(path: string): Promise<boolean> {
  return path !== '-' && ((await stat(path).catch(() => undefined))?.isFile() ?? true);
}

function unreadable(path: string, error: unknown): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CommandError(exit.noInput, `${path}: cannot be read (${code ?? message})`);
}

/** @throws CommandError (78) */
async function configuredLog(ini: string): Promise<string> {
  const { config, problems } = await readIni(ini);
  if (!config) throw new CommandError(exit.config, problems.map(showProblem).join('\n'));
  const { file } = config.events;
  if (file) return file.path;
  const mend =
    'write file = /var/log/postseal/events.json there and restart the service, or name one with --file';
  throw new CommandError(exit.config, `${ini}: [events] names no file: ${mend}`);
}

/** @throws CommandError (64) */
function readQuery(
  values: {
    address?: string[];
    'queue-id'?: string[];
    rule?: string[];
    outcome?: string[];
    since?: string;
    until?: string;
  },
  now: Date,
): Query {
  const time = (key: 'since' | 'until'): { [K in typeof key]?: Date } => {
    const text = values[key];
    if (text === undefined) return {};
    const moment = parseTime(text, now);
    if (!moment) throw usageError('journal', `--${key}: "${text}" is no time: write ${timeForms}`);
    return { [key]: moment };
  };
  for (const key of ['queue-id', 'rule'] as const)
    if (values[key]?.includes('') === true) throw usageError('journal', `--${key}: is empty`);
  const query = {
    ...(values.address && { address: addressMatcher(values.address) }),
    ...(values['queue-id'] && { queueIds: values['queue-id'] }),
    ...(values.rule && { rules: values.rule }),
    ...(values.outcome && { outcomes: values.outcome.map(readOutcome) }),
    ...time('since'),
    ...time('until'),
  };
  if (query.since && query.until && query.since >= query.until)
    throw usageError('journal', '--until is not later than --since');
  return query;
}

/** Bare or in angle brackets, as the log has the address or in its canonical form. */
function addressMatcher(texts: readonly string[]): (address: string) => boolean {
  try {
    const patterns = texts.map(text => parsePattern(text.trim().replace(/^<(.*)>$/, '$1')));
    return address => {
      const forms = [address, Address.parse(address)?.canonical ?? address];
      return patterns.some(pattern => forms.some(form => pattern.matches(form)));
    };
  } catch (error) {
    throw usageError('journal', `--address: ${(error as Error).message}`);
  }
}

function readOutcome(text: string): Outcome {
  const known = outcomes.find(name => name === text);
  if (!known) throw usageError('journal', `--outcome: "${text}" is none of ${outcomes.join(', ')}`);
  return known;
}

function readLast(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,6}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw usageError('journal', `--last: "${text}" is not a number up to 999999`);
}
