// What is on the shelf is not read again; what may have changed is.
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { Reading, Secret } from '../../../src/certs/read.js';
import { Shelf } from '../../../src/certs/shelf.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-shelf-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const second = 1000;
/** Milliseconds: many of the ticks in which file systems count. */
const ticks = 30;
const open = (password?: string): Secret => ({
  source: { kind: 'none' },
  password,
  warnings: [],
  problems: [],
});

/** Counts; what it reads is the text as the one foreign thing in the file. */
class Counting implements Reading {
  readonly atOnce = 1;
  readonly places: string[] = [];
  readonly read: Reading['read'] = place => {
    this.places.push(place);
    const what = readFileSync(place, 'utf8');
    const contents = { path: place, keys: [], certificates: [], foreign: [{ what }] };
    return Promise.resolve({ contents, warnings: [], problems: [] });
  };
}

/** A file `it` of that text, and a shelf at a time so much later. */
function setting(later = 3 * second): {
  file: string;
  reading: Counting;
  load: (place?: string, secret?: Secret) => Promise<string | undefined>;
} {
  const file = join(mkdtempSync(join(root, 'case-')), 'it');
  writeFileSync(file, 'old');
  const reading = new Counting();
  const shelf = new Shelf(() => Date.now() + later);
  const load = async (place = file, secret = open()): Promise<string | undefined> => {
    shelf.begin();
    const { contents } = await shelf.on(reading).read(place, 'file', secret);
    shelf.keep();
    return contents?.foreign[0]?.what;
  };
  return { file, reading, load };
}

test('a file that nobody has touched is read once', async () => {
  const { reading, load } = setting();
  expect([await load(), await load(), await load()]).toEqual(['old', 'old', 'old']);
  expect(reading.places).toHaveLength(1);
});

test.each<[string, (file: string) => void]>([
  [
    'written to',
    file => {
      writeFileSync(file, 'new');
    },
  ],
  [
    'written to, with its old time put back',
    file => {
      writeFileSync(file, 'new');
      utimesSync(file, 1, 1);
    },
  ],
  [
    'replaced by another',
    file => {
      writeFileSync(`${file}~`, 'new');
      renameSync(`${file}~`, file);
    },
  ],
  [
    'replaced by a link',
    file => {
      writeFileSync(`${file}~`, 'new');
      unlinkSync(file);
      symlinkSync(`${file}~`, file);
    },
  ],
])('a file that was %s is read again', async (_, change) => {
  const { file, load } = setting();
  utimesSync(file, 1, 1);
  expect(await load()).toBe('old');
  await setTimeout(ticks);
  change(file);
  expect(await load()).toBe('new');
});

test('a file with other rights is read again: they may be worth a warning', async () => {
  const { file, reading, load } = setting();
  await load();
  await setTimeout(ticks);
  chmodSync(file, 0o644);
  await load();
  expect(reading.places).toHaveLength(2);
});

test('with another password it is read again', async () => {
  const { reading, load } = setting();
  await load(undefined, open('one'));
  await load(undefined, open('two'));
  await load(undefined, open('two'));
  expect(reading.places).toHaveLength(2);
});

test('a file that was written a moment ago is read again: it may be written once more at the same time', async () => {
  const { reading, load } = setting(0);
  await load();
  await load();
  expect(reading.places).toHaveLength(2);
});

test('what is gone is missed, and what nobody asked for is forgotten', async () => {
  const { file, reading, load } = setting();
  await load();
  unlinkSync(file);
  await expect(load()).rejects.toThrow('ENOENT');
  const [one, other] = [setting(), setting()];
  await one.load();
  await one.load(other.file);
  await one.load();
  expect(one.reading.places).toEqual([one.file, other.file, one.file]);
  expect(reading.places).toHaveLength(2);
});

test('a link that was turned elsewhere while it was followed is followed again', async () => {
  const { file } = setting();
  const shelf = new Shelf(() => Date.now() + 3 * second);
  const link = `${file}-link`;
  writeFileSync(`${file}-new`, 'new');
  symlinkSync(file, link);
  const turn = (to: string): void => {
    symlinkSync(to, `${link}~`);
    renameSync(`${link}~`, link);
  };
  const late = new Counting();
  const read: Reading['read'] = (...args) => {
    turn(`${file}-new`);
    return late.read(...args);
  };
  await shelf.on({ atOnce: 1, read }).read(link, 'file', open());
  shelf.keep();
  turn(file);
  const { contents } = await shelf.on(new Counting()).read(link, 'file', open());
  expect(contents?.foreign).toEqual([{ what: 'old' }]);
});

test('what was read for a time that came to no end is forgotten', async () => {
  const { file, reading } = setting();
  const shelf = new Shelf(() => Date.now() + 3 * second);
  shelf.begin();
  await shelf.on(reading).read(file, 'file', open());
  shelf.begin();
  shelf.keep();
  shelf.begin();
  await shelf.on(reading).read(file, 'file', open());
  expect(reading.places).toHaveLength(2);
});

test('what could not be read is tried again', async () => {
  const { file, load } = setting();
  const broken: Reading = {
    atOnce: 1,
    read: () => Promise.resolve({ warnings: [], problems: [{ message: 'is damaged' }] }),
  };
  const shelf = new Shelf(() => Date.now() + 3 * second);
  await shelf.on(broken).read(file, 'file', open());
  shelf.keep();
  const { contents } = await shelf.on(new Counting()).read(file, 'file', open());
  expect(contents?.foreign).toEqual([{ what: 'old' }]);
  expect(await load()).toBe('old');
});

test('a credential of systemd has no place to look at, and is read each time', async () => {
  const { file, reading } = setting();
  const shelf = new Shelf(() => Date.now() + 3 * second);
  const read: Reading['read'] = (_, key, secret) => reading.read(file, key, secret);
  for (let i = 0; i < 2; i++) {
    await shelf.on({ atOnce: 1, read }).read('credential:it', 'file', open());
    shelf.keep();
  }
  expect(reading.places).toHaveLength(2);
});
