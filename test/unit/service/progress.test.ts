import { expect, test } from 'vitest';
import { progress } from '../../../src/service/progress.js';

test('one line every few seconds, and none where it takes less', () => {
  let now = 0;
  const lines: string[] = [];
  const told = progress(
    line => lines.push(line),
    () => now,
  );
  told.expect(4000);
  told.expect(6000);
  for (let i = 0; i < 10_000; i++) {
    now += 0.7;
    told.done();
  }
  expect(lines).toEqual(['loading certificates: 4,286 of 10,000', 'loading certificates: 8,572 of 10,000']);
});
