// `postseal journal`: searches the event log, and follows it.
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomes, parseEvent, type Event, type Outcome } from '../events/event.js';
import { CurrentFile, readWhole, rotatedFiles, type LineBatches } from '../events/files.js';
import { matches, type Query } from '../events/search.js';
import { printableJson } from '../printable.js';
import { parsePattern } from '../rules/pattern.js';
import { defaultConfig, parseOptions, usageError } from './arguments.js';
import { CommandError, exit } from './exit.js';
import { toText } from './journal-report.js';
import { readIni, showProblem } from './load.js';
import { parseTime, timeForms } from './time.js';

export const journalHelp = `Usage: postseal journal [OPTION]...

Searches the event log, in which the service tells what became of each message: one event for each group of
recipients that were treated alike. Everything that is asked for must hold.

      --address PATTERN   the sender or a recipient: an address, a pattern with * and ?, or /a regular expression/
      --queue-id ID       Postfix's queue id
      --rule NAME         what was decided by this rule
      --outcome OUTCOME   ${outcomes.join(', ')}; may be repeated
      --since TIME        from then on
      --until TIME        before then
      --last N            only the last N events (with --follow and without --since: 10)
  -f, --follow            go on with what comes, until SIGINT or SIGTERM
      --json              one JSON object a line, for programs
  -c, --config FILE       the ini file that names the event log (default ${defaultConfig})
      --file FILE         an event log itself, may be repeated; only one with --follow

TIME is one of ${timeForms};
local, unless it says otherwise.

What logrotate made of a log is read before it: FILE.2.gz, FILE.1, FILE. Lines that are no events are skipped, and
counted on standard error.

  postseal journal --follow --outcome deferred --outcome rejected
  postseal journal --address '*@example.net' --since yesterday
  postseal journal --queue-id 81073210550
  postseal journal --since 7d --json | jq -r 'select(.certificate == "billing") | .recipients[]'

Exit status: 0, whether there is such an event or not; 66 a log cannot be read; 78 the ini file names none, or is
wrong; 64 the command line is wrong.
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
  readonly read: () => LineBatches;
  readonly close?: () => Promise<void>;
}

export async function journal(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('journal', args, {
    address: { type: 'string' },
    'queue-id': { type: 'string' },
    rule: { type: 'string' },
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
  if (follow && values.file && values.file.length > 1)
    throw usageError('journal', '--follow takes one --file');
  const paths = values.file ?? [await configuredLog(values.config ?? defaultConfig)];

  const end = new AbortController();
  const stop = (): void => {
    end.abort();
  };
  process.stdout.on('error', stop); // nobody reads it any more
  if (follow) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const search = new Search(query, end.signal);
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  const print = ({ event, line }: Found): void => {
    process.stdout.write(values.json === true ? `${printableJson(line)}\n` : toText(event, colour));
  };

  const sources: Source[] = [];
  for (const path of paths) sources.push(...(await sourcesOf(path, follow)));
  if (last === undefined)
    for (const source of sources) for await (const found of search.in(source)) print(found);
  else for (const found of await search.last(sources, last)) print(found);
  while (follow && !end.signal.aborted) {
    for await (const found of search.in(sources.at(-1)!)) print(found);
    await sleep(interval, undefined, { signal: end.signal }).catch(() => undefined);
  }
  for (const source of sources) await source.close?.();
  if (search.skipped > 0)
    process.stderr.write(`postseal: lines skipped that are no events: ${search.skipped}\n`);
  return exit.ok;
}

class Search {
  /** Lines that are no events. */
  skipped = 0;

  constructor(
    private readonly query: Query,
    private readonly end: AbortSignal,
  ) {}

  /** @throws CommandError (66) */
  async *in({ path, read }: Source): AsyncGenerator<Found> {
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
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error);
    }
  }

  /** The last ones, oldest first. Older files are only read where the newer ones have too few. */
  async last(sources: readonly Source[], count: number): Promise<Found[]> {
    let all: Found[] = [];
    for (const source of sources.toReversed()) {
      const found: Found[] = [];
      for await (const one of this.in(source)) {
        found.push(one);
        if (found.length > count - all.length) found.shift();
      }
      all = [...found, ...all];
      if (all.length >= count) break;
    }
    return all;
  }
}

/** The log and what it was rotated to, oldest first. @throws CommandError (66) where there is none */
async function sourcesOf(path: string, follow: boolean): Promise<Source[]> {
  try {
    const current = new CurrentFile(path);
    const there = await current.open();
    const rotated: Source[] = [];
    for (const older of await rotatedFiles(path))
      // It may have been rotated just now.
      if (!(await current.is(older))) rotated.push({ path: older, read: () => readWhole(older) });
    if (!there && rotated.length === 0 && !follow)
      throw new CommandError(exit.noInput, `${path}: does not exist`);
    const packed = path.endsWith('.gz') && !follow;
    const read = (): LineBatches => (packed ? readWhole(path) : current.read());
    return [...rotated, { path, read, close: () => current.close() }];
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(path, error);
  }
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
    address?: string;
    'queue-id'?: string;
    rule?: string;
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
  return {
    ...(values.address !== undefined && { address: addressMatcher(values.address) }),
    ...(values['queue-id'] !== undefined && { queueId: values['queue-id'] }),
    ...(values.rule !== undefined && { rule: values.rule }),
    ...(values.outcome && { outcomes: values.outcome.map(readOutcome) }),
    ...time('since'),
    ...time('until'),
  };
}

function addressMatcher(text: string): (address: string) => boolean {
  try {
    const pattern = parsePattern(text);
    return address => pattern.matches(address);
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
