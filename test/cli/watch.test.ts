// A change is told once a directory has been quiet, and a directory that cannot be watched stops nothing.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watch } from '../../src/service/watch.js';

let directory: string;
let watch: Watch;
const changed = vi.fn<(directory: string) => void>();
const failed = vi.fn<(directory: string, why: string) => void>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postseal-watch-'));
  watch = new Watch(changed, failed);
});

afterEach(() => {
  watch.close();
  rmSync(directory, { recursive: true, force: true });
  vi.resetAllMocks();
});

const told = (times: number): Promise<void> =>
  expect.poll(() => changed.mock.calls.length, { timeout: 10_000 }).toBe(times);

test('a file that is written in pieces is one change', async () => {
  watch.set([directory]);
  for (let i = 0; i < 10; i++) {
    appendFileSync(join(directory, 'anna.pem'), 'x');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  expect(changed).not.toHaveBeenCalled();
  await told(1);
  expect(changed).toHaveBeenCalledWith(directory);
});

test('a change just before it is set anew is told all the same', async () => {
  watch.set([directory]);
  writeFileSync(join(directory, 'anna.pem'), 'x');
  watch.set([directory]);
  await told(1);
});

test('a directory that was made anew is another one, and watched when it is set again', async () => {
  watch.set([directory]);
  rmSync(directory, { recursive: true });
  await told(1);
  watch.set([directory]);
  expect(failed).toHaveBeenCalledExactlyOnceWith(directory, 'does not exist');
  mkdirSync(directory);
  watch.set([directory]);
  writeFileSync(join(directory, 'anna.pem'), 'x');
  await told(2);
});

test('what is no longer named is not watched', async () => {
  const other = join(directory, 'other');
  mkdirSync(other);
  watch.set([directory, other]);
  watch.set([other]);
  writeFileSync(join(other, 'bert.pem'), 'x');
  writeFileSync(join(directory, 'anna.pem'), 'x');
  await told(1);
  // Of several it would be the last that is told.
  expect(changed).toHaveBeenCalledWith(other);
});
