// Event logs as they are found: in pieces, with lines of any length, rotated, truncated, and not there yet.
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CurrentFile, readWhole, rotatedFiles, type LineBatches } from '../../../src/events/files.js';
import { Lines } from '../../../src/events/lines.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-event-files-'));
let count = 0;
let path: string;
let current: CurrentFile;

beforeEach(() => {
  const directory = join(root, String(++count));
  mkdirSync(directory);
  path = join(directory, 'events.json');
  current = new CurrentFile(path);
});

afterEach(async () => {
  await current.close();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

async function all(batches: LineBatches): Promise<(string | undefined)[]> {
  const lines = [];
  for await (const batch of batches) lines.push(...batch);
  return lines;
}

describe('lines', () => {
  test.each([1, 2, 7, 1000])('in pieces of %i octets are the same', size => {
    const octets = Buffer.from('eins\n\nzwei ü €\ndrei\nhalb');
    const lines = new Lines();
    const found = [];
    for (let at = 0; at < octets.length; at += size)
      found.push(...lines.write(octets.subarray(at, at + size)));
    expect(found).toEqual(['eins', '', 'zwei ü €', 'drei']);
    expect(lines.write(Buffer.from('e\n'))).toEqual(['halbe']);
  });

  test('that are too long are none, and are not kept', () => {
    const lines = new Lines();
    const chunk = Buffer.alloc(64 * 1024, 0x78);
    for (let i = 0; i < 1000; i++) expect(lines.write(chunk)).toEqual([]);
    expect(lines).toHaveProperty('pieces', []);
    expect(lines.write(Buffer.from('x\nnext\n'))).toEqual([undefined, 'next']);
  });
});

describe('the current file', () => {
  const read = (): Promise<(string | undefined)[]> => all(current.read());

  test('tells what is new each time, and half a line when it is whole', async () => {
    expect(await read()).toEqual([]);
    writeFileSync(path, 'a\nb\nha');
    expect(await read()).toEqual(['a', 'b']);
    appendFileSync(path, 'lf\nc\n');
    expect(await read()).toEqual(['half', 'c']);
    expect(await read()).toEqual([]);
  });

  test('that is rotated is read to its end, and then the new one', async () => {
    writeFileSync(path, 'a\n');
    expect(await read()).toEqual(['a']);
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, 'b\n'); // the service has not opened the new one yet
    expect(await read()).toEqual(['b']);
    writeFileSync(path, ''); // made by logrotate
    appendFileSync(`${path}.1`, 'c\n');
    expect(await read()).toEqual(['c']);
    appendFileSync(`${path}.1`, 'd\n');
    appendFileSync(path, 'e\n');
    expect(await read()).toEqual(['d', 'e']);
    appendFileSync(path, 'f\n');
    expect(await read()).toEqual(['f']);
  });

  test('that is truncated begins anew', async () => {
    writeFileSync(path, 'a\nb\nha');
    expect(await read()).toEqual(['a', 'b']);
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    expect(await read()).toEqual([]);
    appendFileSync(path, 'c\n');
    expect(await read()).toEqual(['c']);
  });

  test('knows itself under another name', async () => {
    writeFileSync(path, 'a\n');
    await read();
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.2`, 'a\n');
    expect(await current.is(`${path}.1`)).toBe(true);
    expect(await current.is(`${path}.2`)).toBe(false);
    expect(await current.is(path)).toBe(false);
  });
});

describe('rotated files', () => {
  test('are those that logrotate numbers, oldest first', async () => {
    const names = ['', '.1', '.2.gz', '.10.gz', '.bak', '.gz', '.3.xz', '.x1', '-new'];
    for (const name of names) writeFileSync(path + name, '');
    writeFileSync(`${path.slice(0, -1)}.1`, '');
    const { files, unread } = await rotatedFiles(path);
    expect(files.map(file => basename(file))).toEqual([
      'events.json.10.gz',
      'events.json.2.gz',
      'events.json.1',
    ]);
    expect(unread.map(file => basename(file))).toEqual(['events.json.3.xz']);
    expect(await rotatedFiles(join(root, 'missing', 'events.json'))).toEqual({ files: [], unread: [] });
  });

  test('are also those that it dates (dateext); one that is just being packed is read once', async () => {
    for (const name of ['-20241109', '-20241102.gz', '-20241109.gz', '-20241026.zst'])
      writeFileSync(path + name, '');
    const { files, unread } = await rotatedFiles(path);
    expect(files.map(file => basename(file))).toEqual(['events.json-20241102.gz', 'events.json-20241109']);
    expect(unread.map(file => basename(file))).toEqual(['events.json-20241026.zst']);
  });

  test('are read whole, packed or not, and without a last line end', async () => {
    writeFileSync(`${path}.1`, 'a\nb');
    writeFileSync(`${path}.2.gz`, gzipSync('c\n'.repeat(100_000)));
    expect(await all(readWhole(`${path}.1`))).toEqual(['a', 'b']);
    expect(await all(readWhole(`${path}.2.gz`))).toHaveLength(100_000);
  });

  test('that are damaged or gone are an error', async () => {
    writeFileSync(`${path}.1.gz`, gzipSync('c\n'.repeat(1000)).subarray(0, -12));
    await expect(all(readWhole(`${path}.1.gz`))).rejects.toThrow('unexpected end of file');
    await expect(all(readWhole(`${path}.2.gz`))).rejects.toThrow('ENOENT');
  });
});
