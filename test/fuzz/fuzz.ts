// How long to fuzz: so many runs normally, FUZZ_MINUTES for each property where it is set.
const minutes = Number(process.env['FUZZ_MINUTES'] ?? 0);

export function fuzz(runs: number): { numRuns: number; interruptAfterTimeLimit?: number } {
  return minutes > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: minutes * 60_000 }
    : { numRuns: runs };
}

/** For vitest, in milliseconds. */
export const fuzzTimeout = minutes * 60_000 + 60_000;
