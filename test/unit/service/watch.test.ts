// When a change in a directory is told, by a clock of the test's.
import type { FSWatcher } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watch } from '../../../src/service/watch.js';

let change: () => void;

vi.mock('node:fs', async original => ({
  ...(await original()),
  watch: (_path: string, _options: object, listener: () => void) => {
    change = listener;
    return { on: () => undefined, close: () => undefined } as unknown as FSWatcher;
  },
}));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('a directory that is never quiet is told of every half minute', () => {
  const changed = vi.fn();
  const watch = new Watch(changed, () => undefined);
  watch.set(['/staff']);
  const told: number[] = [];
  for (let seconds = 0; seconds < 70; seconds += 1.5) {
    change();
    vi.advanceTimersByTime(1500);
    for (; told.length < changed.mock.calls.length;) told.push(seconds + 1.5);
  }
  expect(told).toEqual([30, 60]);
  vi.advanceTimersByTime(2000);
  expect(changed).toHaveBeenCalledTimes(3);
  watch.close();
});
