// The file of the debug journal: never above its limit, never a torn line, whatever is there and whoever moves it.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DebugFile } from '../../../src/debug/file.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-debug-file-'));
let count = 0;
let path: string;
let faults: string[];

beforeEach(() => {
  const directory = join(root, String(++count));
  mkdirSync(directory);
  path = join(directory, 'debug.json');
  faults = [];
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function fileWith(limit: number, uptime?: () => number): DebugFile {
  return new DebugFile(path, limit, why => faults.push(why), uptime);
}

/** `000001xxx…`, of so many octets with the line end. */
const numbered = (number: number, octets = 10): string =>
  String(number)
    .padStart(6, '0')
    .padEnd(octets - 1, 'x');

const read = (name: string): string => (existsSync(name) ? readFileSync(name, 'utf8') : '');
const size = (name: string): number => Buffer.byteLength(read(name));
/** The numbers of its lines; fails on a torn one. */
function numbers(name: string): number[] {
  const text = read(name);
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => {
      expect(line).toMatch(/^\d{6}x*$/);
      return Number(line.slice(0, 6));
    });
}

describe('rotation', () => {
  // Lines of ten octets each.
  test.each([
    { limit: 0, there: 0, lines: 1000, older: 0, current: 1000 },
    { limit: 100, there: 0, lines: 5, older: 0, current: 5 },
    { limit: 100, there: 0, lines: 6, older: 5, current: 1 },
    { limit: 100, there: 0, lines: 23, older: 5, current: 3 },
    { limit: 109, there: 0, lines: 6, older: 5, current: 1 },
    // What is there counts.
    { limit: 100, there: 4, lines: 1, older: 0, current: 5 },
    { limit: 100, there: 5, lines: 1, older: 5, current: 1 },
    // Of what is too large its end is kept.
    { limit: 100, there: 1000, lines: 1, older: 5, current: 1 },
    { limit: 108, there: 1000, lines: 1, older: 5, current: 1 },
    { limit: 200_000, there: 50_000, lines: 1, older: 10_000, current: 1 },
    { limit: 0, there: 1000, lines: 1, older: 0, current: 1001 },
  ])('%j', async ({ limit, there, lines, older, current }) => {
    const written = Array.from({ length: there + lines }, (_, i) => i);
    if (there > 0)
      writeFileSync(
        path,
        written
          .slice(0, there)
          .map(i => `${numbered(i)}\n`)
          .join(''),
      );
    const file = fileWith(limit);
    for (const i of written.slice(there)) file.write(numbered(i));
    await file.close();
    expect(numbers(path)).toEqual(written.slice(-current));
    expect(numbers(`${path}.1`)).toEqual(written.slice(-current - older, -current));
    if (limit > 0) expect(size(path) + size(`${path}.1`)).toBeLessThanOrEqual(limit);
    expect({ faults, lost: file.lost.lines }).toEqual({ faults: [], lost: 0 });
    expect(existsSync(`${path}.1.new`)).toBe(false);
  });

  test('an older file that is too large is cut as well, once the limit is lower', async () => {
    writeFileSync(`${path}.1`, Array.from({ length: 100 }, (_, i) => `${numbered(i)}\n`).join(''));
    const file = fileWith(100);
    file.write(numbered(100));
    await file.close();
    expect(numbers(`${path}.1`)).toEqual([95, 96, 97, 98, 99]);
  });

  test('a line that fits in no file is lost, and said to be', async () => {
    const file = fileWith(100);
    file.write(numbered(1));
    file.write(numbered(2, 51));
    file.write(numbered(3));
    await file.close();
    expect([...numbers(`${path}.1`), ...numbers(path)]).toEqual([1, 3]);
    expect({ faults, lost: file.lost.lines }).toEqual({
      faults: ['a line is longer than half of debug_limit'],
      lost: 1,
    });
  });

  test('half a line that a killed service left behind is not taken for the beginning of another', async () => {
    writeFileSync(path, '0000');
    const file = fileWith(0);
    file.write(numbered(1));
    await file.close();
    expect(read(path)).toBe(`0000\n${numbered(1)}\n`);
  });
});

describe('somebody else moves it away', () => {
  test('what comes after a reload is in a new file', async () => {
    const file = fileWith(0);
    file.write(numbered(1));
    await file.close();
    file.reopen(0);
    file.write(numbered(2));
    await expect.poll(() => numbers(path)).toEqual([1, 2]);
    renameSync(path, `${path}.1`);
    file.write(numbered(3));
    await expect.poll(() => numbers(`${path}.1`)).toEqual([1, 2, 3]);
    file.reopen(0);
    file.write(numbered(4));
    await file.close();
    expect(numbers(path)).toEqual([4]);
  });

  test('what has its name meanwhile is not moved over it', async () => {
    const file = fileWith(100);
    for (let i = 0; i < 5; i++) file.write(numbered(i));
    await expect.poll(() => numbers(path)).toHaveLength(5);
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    file.write(numbered(5));
    await file.close();
    expect(numbers(`${path}.1`)).toEqual([0, 1, 2, 3, 4]);
    expect(numbers(path)).toEqual([5]);
  });
});

describe('what cannot be written', () => {
  test('a full disk is told once, and costs lines alone', async () => {
    path = '/dev/full';
    const file = fileWith(100);
    for (let i = 0; i < 3; i++) {
      file.write(numbered(i));
      await new Promise(resolve => setImmediate(resolve));
    }
    await file.close();
    expect({ faults, lost: file.lost.lines }).toEqual({
      faults: [expect.stringContaining('ENOSPC') as string],
      lost: 3,
    });
  });

  test('is told again where something was written meanwhile, once a minute at most', async () => {
    let now = 0;
    const file = fileWith(100, () => now);
    for (const [seconds, times] of [
      [0, 1],
      [59, 1],
      [60, 2],
      [61, 2],
    ] as const) {
      now = seconds * 1000;
      file.write(numbered(1, 51));
      file.write(numbered(2));
      await file.close();
      expect(faults).toHaveLength(times);
    }
    expect(file.lost.lines).toBe(4);
  });

  test.each([
    ['a directory that is not there', () => (path = join(path, 'debug.json')), 'ENOENT'],
    ['a pipe', () => execFileSync('mkfifo', [path]), 'it is a pipe'],
  ])('%s is an error at once', (_, make, words) => {
    make();
    expect(() => fileWith(0)).toThrow(words);
  });

  test('a file of nobody else: user and group alone read it, the older one too', async () => {
    writeFileSync(path, `${numbered(0)}\n`.repeat(100), { mode: 0o640 });
    chmodSync(path, 0o640);
    const file = fileWith(100);
    file.write(numbered(1));
    await file.close();
    for (const name of [path, `${path}.1`]) expect(statSync(name).mode & 0o007).toBe(0);
  });
});
