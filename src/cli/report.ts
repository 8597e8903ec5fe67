// `postseal report`: how many messages were signed for whom, from the event log.
import { outcomes, parseEvent, type Counts } from '../events/event.js';
import { Report, totalOf, type Column, type Row } from '../events/report.js';
import { escaped, inQuotes, printableJson } from '../printable.js';
import { defaultConfig, parseOptions, usageError } from './arguments.js';
import { csv } from './csv.js';
import { exit } from '../exit.js';
import { EventFinder } from './journal-finders.js';
import { configuredLog, Search, sourcesOf } from './log-search.js';
import { table } from './table.js';
import { localTime, readSpan, timeForms } from './time.js';

const columns = ['sender', 'rule', 'certificate'] as const satisfies readonly Column[];

export const reportHelp = `Usage: postseal report [OPTION]...

Counts the messages of a month by sender and rule, from the event log and what logrotate made of it.

A message counts once within that time, however often Postfix came with it: one that was deferred and signed later is
signed; deferred are those that were not heard of again before its end. Where its recipients were treated differently
it counts as the best that became of it, in the order signed, unsigned, rejected, deferred. What has no queue id
counts each time.

      --month YYYY-MM     this month, local time (default: the last one)
      --since TIME        or from then on
      --until TIME        or before then
      --by COLUMN         only by ${columns.join(', ')}
      --json              one JSON object, for programs
      --csv               comma-separated values (RFC 4180), for spreadsheets: a cell that would be a formula begins with '
  -c, --config FILE       the ini file that names the event log (default ${defaultConfig})
      --file FILE         an event log itself, - for standard input; may be repeated

TIME is one of ${timeForms};
local, unless it says otherwise.

Exit status: 0; 66 a log cannot be read, or one that it was rotated to; 78 the ini file names none, or is wrong; 64
the command line is wrong.
`;

interface Span {
  readonly since?: Date;
  readonly until?: Date;
}

export async function report(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('report', args, {
    month: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    by: { type: 'string' },
    json: { type: 'boolean' },
    csv: { type: 'boolean' },
    config: { type: 'string', short: 'c' },
    file: { type: 'string', multiple: true },
  });
  if (values.json === true && values.csv === true)
    throw usageError('report', '--json and --csv: keep one of the two');
  const span = spanOf(values, new Date());
  const by = byColumns(values.by);
  const paths = values.file
    ? [...new Set(values.file)]
    : [await configuredLog(values.config ?? defaultConfig)];

  const counted = new Report(by);
  const search = new Search(new EventFinder(span, true), new AbortController().signal);
  for (const path of paths) {
    for (const source of await sourcesOf(path, false)) {
      for await (const line of search.in(source)) counted.add(parseEvent(line)!);
      await source.close?.();
    }
  }
  const write = values.json === true ? asJson : values.csv === true ? asCsv : asText;
  process.stdout.write(write(counted, by, span));
  search.tellSkipped();
  return search.failed ? exit.noInput : exit.ok;
}

/** @throws CommandError (64) */
function spanOf({ month, ...values }: { month?: string; since?: string; until?: string }, now: Date): Span {
  if (month === undefined) {
    const span = readSpan('report', values, now);
    return span.since || span.until ? span : monthOf(now.getFullYear(), now.getMonth() - 1);
  }
  if (values.since !== undefined || values.until !== undefined)
    throw usageError('report', '--month and --since or --until: keep one of them');
  const [, year, number] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined)
    throw usageError('report', `--month: ${inQuotes(month)} is no month: write one as in 2024-11`);
  return monthOf(Number(year), Number(number) - 1);
}

/** @param month from 0; that before January is December of the year before */
function monthOf(year: number, month: number): Span {
  return { since: new Date(year, month), until: new Date(year, month + 1) };
}

/** @throws CommandError (64) */
function byColumns(text: string | undefined): readonly Column[] {
  if (text === undefined) return ['sender', 'rule'];
  const column = columns.find(name => name === text);
  if (!column) throw usageError('report', `--by: ${inQuotes(text)} is none of ${columns.join(', ')}`);
  return [column];
}

function asText(counted: Report, by: readonly Column[], { since, until }: Span): string {
  const { rows, total } = counted;
  const period = [
    ...(since ? [`from ${localTime(since)}`] : []),
    ...(until ? [`until before ${localTime(until)}`] : []),
  ];
  const name = (row: Row, column: Column): string => {
    const text = row[column];
    if (column === 'sender') return `<${escaped(text ?? '')}>`;
    return text === undefined ? '-' : escaped(text);
  };
  const head = [...by, ...outcomes].map(title => title.toUpperCase());
  const lines = table([
    head,
    ...rows.map(row => [...by.map(column => name(row, column)), ...numbers(row.counts).map(String)]),
    ['total', ...by.slice(1).map(() => ''), ...numbers(total).map(String)],
  ]);
  return [`Messages ${period.join(' ')}`, ...lines].map(line => `${line}\n`).join('');
}

function asJson({ rows, total }: Report, _by: readonly Column[], { since, until }: Span): string {
  const flat = rows.map(({ counts, ...subject }) => ({ ...subject, ...counts, messages: totalOf(counts) }));
  const value = { since, until, rows: flat, total: { ...total, messages: totalOf(total) } };
  return `${printableJson(JSON.stringify(value))}\n`;
}

/** Without totals: a spreadsheet has its own. */
function asCsv({ rows }: Report, by: readonly Column[]): string {
  return csv([
    [...by, ...outcomes],
    ...rows.map(row => [...by.map(column => escaped(row[column] ?? '')), ...numbers(row.counts)]),
  ]);
}

function numbers(counts: Readonly<Counts>): number[] {
  return outcomes.map(outcome => counts[outcome]);
}
