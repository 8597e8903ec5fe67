// What was mailed outlives the service where systemd gives a directory.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ToldFile } from '../../../src/service/told.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-told-'));
const told = new Map([
  ['billing 2026-12-06T00:00:00.000Z', 14],
  ['staff/jörg.pem 2026-12-06T00:00:00.000Z', 0],
]);

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('what is written is read again', async () => {
  await new ToldFile(directory).write(new Map([['old', 1]]));
  await new ToldFile(directory).write(told);
  expect(await new ToldFile(directory).read()).toEqual(told);
  expect(readdirSync(directory)).toEqual(['warned.json']);
});

test('without a directory nothing is kept', async () => {
  await new ToldFile(undefined).write(told);
  expect(await new ToldFile(undefined).read()).toEqual(new Map());
});

test.each(['', '{', 'null', '7', '[]', '{"billing":"7"}'])('%j is as good as nothing', async content => {
  writeFileSync(join(directory, 'warned.json'), content);
  expect(await new ToldFile(directory).read()).toEqual(new Map());
});

test('a directory that is not there cannot be written to', async () => {
  await expect(new ToldFile(join(directory, 'gone')).write(told)).rejects.toThrow('ENOENT');
});
