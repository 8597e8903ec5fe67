// Long work in slices.
import { expect, test } from 'vitest';
import { inOneGo, inSlices, mapped, type Steps } from '../../src/slices.js';

function* work(): Steps<number[]> {
  return yield* mapped([1, 2, 3], n => {
    for (const end = performance.now() + 6; performance.now() < end;);
    return n * n;
  });
}

test('others have their turn between them', async () => {
  let turns = 0;
  const count = (): void => {
    turns++;
    turn = setImmediate(count);
  };
  let turn = setImmediate(count);
  expect(await inSlices(work())).toEqual([1, 4, 9]);
  clearImmediate(turn);
  expect(turns).toBeGreaterThanOrEqual(2);
});

test('or not', () => {
  expect(inOneGo(work())).toEqual([1, 4, 9]);
});
