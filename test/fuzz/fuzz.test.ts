// The properties of all messages, for a few seconds and with the same cases each time. `npm run fuzz` goes on.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Checker } from './cases.js';
import { properties } from './properties.js';

const runs: Readonly<Record<string, number>> = { trees: 150, edges: 120, golden: 250 };
const seed = 20261124;

let checker: Checker;
beforeAll(async () => {
  checker = await Checker.create();
});
afterAll(() => {
  checker.remove();
});

test.each(properties.filter(p => p.name in runs))(
  '$title: signed they verify, mean the same, and do not depend on the pieces (R11 to R16)',
  async ({ name, create }) => {
    const before = checker.tally.signed;
    await fc.assert(create(checker), { seed, numRuns: runs[name]! });
    expect(checker.tally.signed - before).toBeGreaterThan(runs[name]! / 2);
  },
  60_000,
);

test('OpenSSL has verified some of them', () => {
  expect(checker.tally.verified).toBeGreaterThan(5);
});
