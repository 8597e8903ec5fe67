// What the long tests recorded (test/support/record.ts), kept as JSON lines beside the reports that are made of it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';

/** A line of a file. */
export interface Recorded {
  /** When, as ISO 8601. */
  readonly at: string;
  /** Of Postseal. Of what is kept each line has it; a run has it once, with its machine. */
  readonly commit?: string;
}

export interface Run extends Machine {
  readonly at: string;
}

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
 * What was kept, and in the place of it what is there anew, file by file; of the machines those that something was
 * measured on.
 * @param keys by name of file: what tells its lines apart; of those that agree in it the last one counts
 */
export function merged(kept: Data, anew: Data, keys: Readonly<Record<string, readonly string[]>>): Data {
  const runs = (anew['machine'] ?? []) as Run[];
  const files = Object.keys(keys).map(name => {
    const lines = anew[name]?.map(line => ({ ...line, commit: commitOf(runs, line) })) ?? kept[name] ?? [];
    return [name, last(lines, keys[name]!)] as const;
  });
  const used = new Set(files.flatMap(([, lines]) => lines.map(({ commit }) => commit)));
  const machines = last([...(kept['machine'] ?? []), ...runs], ['commit']);
  return { ...Object.fromEntries(files), machine: machines.filter(({ commit }) => used.has(commit)) };
}

/** That of the run which had begun last when this was recorded. */
function commitOf(runs: readonly Run[], { at }: Recorded): string {
  return runs.findLast(run => run.at <= at)?.commit ?? 'unknown';
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
