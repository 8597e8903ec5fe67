// What the long tests recorded (test/support/record.ts), kept as JSON lines beside the reports that are made of it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';

/** A line of a file. */
export interface Recorded {
  /** When, as ISO 8601. */
  readonly at: string;
}

export interface Run extends Machine, Recorded {}

/** By name of file, without `.jsonl`. */
export type Data = Readonly<Record<string, readonly Recorded[]>>;

export function readData(directory: string): Data {
  const names = readdirSync(directory).filter(name => name.endsWith('.jsonl'));
  return Object.fromEntries(
    names.sort().map(name => [
      name.slice(0, -'.jsonl'.length),
      readFileSync(join(directory, name), 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(withoutParticulars(line)) as Recorded),
    ]),
  );
}

export function writeData(directory: string, data: Data): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, lines] of Object.entries(data))
    writeFileSync(join(directory, `${name}.jsonl`), lines.map(line => `${JSON.stringify(line)}\n`).join(''));
}

/**
 * What was there, and in the place of it what is there anew, file by file; of the machines those that something was
 * measured on.
 * @param keys by name of file: what tells its lines apart; of those that agree in it the last one counts
 */
export function merged(old: Data, anew: Data, keys: Readonly<Record<string, readonly string[]>>): Data {
  const machines = [...(old['machine'] ?? []), ...(anew['machine'] ?? [])] as Run[];
  const files = Object.keys(keys).map(
    name => [name, last(anew[name] ?? old[name] ?? [], keys[name]!)] as const,
  );
  const used = new Set(files.flatMap(([, lines]) => lines.map(line => runOf(machines, line))));
  return { ...Object.fromEntries(files), machine: machines.filter(machine => used.has(machine)) };
}

/** The one that had begun last when this was recorded; the first one where none had. */
export function runOf(runs: readonly Run[], { at }: Recorded): Run {
  const before = runs.filter(run => run.at <= at).sort((a, b) => a.at.localeCompare(b.at));
  return before.at(-1) ?? runs[0]!;
}

function last(lines: readonly Recorded[], key: readonly string[]): Recorded[] {
  const value = (line: Recorded): string =>
    JSON.stringify(key.map(name => (line as object)[name as keyof object]));
  return [...new Map(lines.map(line => [value(line), line])).values()];
}

/** Times, directories, ports and queue ids that are others each time. */
function withoutParticulars(line: string): string {
  return line
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z /g, '"')
    .replace(/\/[\w/.-]*\/postseal-\w+-\w+\//g, '')
    .replace(/(127\.0\.0\.1|198\.51\.100\.\d+):\d+/g, '$1:PORT')
    .replace(/\b(?=[0-9A-F]*\d)[0-9A-F]{9,12}: /g, 'QUEUEID: ')
    .replace(/queued as \d+-\d+/g, 'queued as ID');
}
