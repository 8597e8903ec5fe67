// What the benchmarks find out, as it is kept in a file: figures only, no words.
import { setup } from '../report/record-machine.js';
import { record } from '../support/record.js';
import type { HopSample } from './hop.js';
import type { MemoryFigures } from './memory.js';
import type { Filter, PostfixSample } from './postfix-filters.js';
import type { Profile } from './profile.js';

/** `npm run bench`: samples of several runs. */
export interface Results {
  /** Average before the first run: anything but 0 makes the figures worse. */
  readonly load: number;
  readonly rounds: number;
  /** By name of case. */
  readonly hop: Readonly<Record<string, readonly HopSample[]>>;
  /** Ten at a time, by the RSA key, and by the one on P-256; and one at a time by the RSA key. */
  readonly bare: readonly HopSample[];
  readonly bareEcdsa: readonly HopSample[];
  readonly bareAlone: readonly HopSample[];
  readonly memory: MemoryFigures;
  /** By filter, or why there are none. */
  readonly postfix: Readonly<Record<Filter, readonly PostfixSample[]>> | string;
  readonly profiles: readonly Profile[];
}

/** `npm run bench -- --scale-up`: what more and more of something costs. */
export interface ScaleResults {
  /** Microseconds of CPU time of a decision: by kind of pattern, by number of rules. */
  readonly decisions: Readonly<Record<string, Counted>>;
  /** Milliseconds of CPU time of a message: by what it has many of, by how many. */
  readonly messages: Readonly<Record<string, Counted>>;
  /** Of certificates or rules. */
  readonly count: number;
  readonly starts: readonly Start[];
  readonly reloads: readonly Reload[];
}

/** Pairs of how many, and what they cost. */
export type Counted = readonly (readonly [number, number])[];

export interface Start {
  readonly name: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The most, in MB. */
  readonly resident: number;
}

/** In milliseconds. */
export interface Reload {
  readonly name: string;
  /** The longest wait for a reply while nothing happens, and while everything is read again. */
  readonly atRest: number;
  readonly during: number;
  readonly took: number;
}

/** Leaves them for `npm run report -- performance`, where `REPORT_DIR` says where to. */
export function keep(name: 'bench' | 'scale', results: Results | ScaleResults): void {
  if (process.env['REPORT_DIR'] === undefined) return;
  setup();
  record(
    name,
    JSON.parse(JSON.stringify(results, (_, value: unknown) => rounded(value))) as Record<string, unknown>,
  );
}

/** Four digits are more than are known. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
