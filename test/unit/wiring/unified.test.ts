// The difference that people get to see is the one that diff(1) shows, and patch(1) would take.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unifiedDiff } from '../../../src/wiring/unified.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postseal-unified-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
const text = (...lines: string[]): string => lines.map(line => `${line}\n`).join('');

test.each([
  ['a line more at the end', text(...numbers(1, 9)), text(...numbers(1, 10))],
  ['a line more at the beginning', text(...numbers(2, 9)), text(...numbers(1, 9))],
  ['a line changed', text(...numbers(1, 20)), text(...numbers(1, 9), 'ten', ...numbers(11, 20))],
  ['two hunks', text(...numbers(1, 40)), text(...numbers(2, 20), 'x', ...numbers(21, 39))],
  [
    'changes that are near',
    text(...numbers(1, 20)),
    text(...numbers(1, 4), 'x', ...numbers(5, 10), 'y', ...numbers(11, 20)),
  ],
])('%s', (_, before, after) => {
  const [a, b] = [join(directory, 'a'), join(directory, 'b')];
  writeFileSync(a, before);
  writeFileSync(b, after);
  let shown = '';
  try {
    execFileSync('diff', ['-u', a, b], { encoding: 'utf8' });
  } catch (error) {
    shown = (error as { stdout: string }).stdout;
  }
  const hunks = shown.trimEnd().split('\n').slice(2);
  expect(hunks).not.toEqual([]);
  expect(unifiedDiff('main.cf', before, after).slice(2)).toEqual(hunks);
});

test('the same is no difference', () => {
  expect(unifiedDiff('main.cf', 'a\n', 'a\n')).toEqual([]);
});
