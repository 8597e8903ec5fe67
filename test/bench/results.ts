// What the benchmarks find out, as it is kept in a file: figures only, no words.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from '../report/machine.js';
import type { HopSample } from './hop.js';
import type { MemoryFigures } from './memory.js';
import type { Filter, PostfixSample } from './postfix-filters.js';
import type { Profile } from './profile.js';

/** `npm run bench`: samples of several runs. */
export interface Results {
  readonly machine: Machine;
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
  readonly machine: Machine;
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

export function save(file: string, results: Results | ScaleResults): void {
  writeFileSync(file, `${JSON.stringify(results, (_, value: unknown) => rounded(value), 1)}\n`);
}

/** Four digits are more than are known. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

export function readResults(file: string | URL): Results {
  return JSON.parse(readFileSync(file, 'utf8')) as Results;
}

export function readScaleResults(file: string | URL): ScaleResults {
  return JSON.parse(readFileSync(file, 'utf8')) as ScaleResults;
}
