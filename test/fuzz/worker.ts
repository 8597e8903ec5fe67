// Fuzzes one property until the time is over or a counterexample is found, and tells how it goes.
import * as fc from 'fast-check';
import { tell } from '../corpora/watched.js';
import { Checker, Counterexample, type Tally } from './cases.js';
import { properties } from './properties.js';

export interface Task {
  readonly property: string;
  readonly seed: number;
  readonly milliseconds: number;
  /** Only the case with this path of fast-check. */
  readonly path?: string;
}

/** How it stands, and at the end what was found. */
export interface Progress {
  readonly property: string;
  readonly tally: Tally;
  readonly found?: Found;
}

export interface Found {
  /** Repeats the shrunken counterexample, with the seed. */
  readonly path: string;
  readonly faults: string;
  /** latin1 */
  readonly input?: string;
  readonly output?: string;
}

const { property: name, seed, milliseconds, path } = JSON.parse(process.argv[2]!) as Task;
let number = 0;
const checker = await Checker.create(tally => {
  // The path of a case, until one fails and is shrunken, is its number.
  tell({ begins: `--property ${name} --seed ${seed} --path ${number++}` });
  if (number % 100 === 0) tell({ property: name, tally } satisfies Progress);
});
try {
  const result = await fc.check(properties.find(p => p.name === name)!.create(checker), {
    seed,
    numRuns: path === undefined ? Number.MAX_SAFE_INTEGER : 1,
    interruptAfterTimeLimit: milliseconds,
    ...(path !== undefined && { path }),
  });
  const found = result.failed ? { found: foundIn(result) } : {};
  tell({ property: name, tally: checker.tally, ...found } satisfies Progress);
} finally {
  checker.remove();
}

function foundIn({ counterexamplePath, errorInstance }: fc.RunDetails<unknown>): Found {
  const found = { path: counterexamplePath ?? '', faults: String(errorInstance) };
  if (!(errorInstance instanceof Counterexample)) return found;
  const { input, output } = errorInstance;
  return { ...found, input: input.toString('latin1'), ...(output && { output: output.toString('latin1') }) };
}
