// The file of the event log: whole lines, whatever happens to the file.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { EventFile } from '../../../src/events/file.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-event-file-'));
let count = 0;
let path: string;

beforeEach(() => {
  const directory = join(root, String(++count));
  mkdirSync(directory);
  path = join(directory, 'events.json');
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const content = (file = path): string => readFileSync(file, 'utf8');

test('lines are added to what is there, readable for nobody but user and group', async () => {
  for (const line of ['a', 'b']) await new EventFile(path).deliver([line, 'ü']);
  expect(content()).toBe('a\nü\nb\nü\n');
  expect(statSync(path).mode & 0o027).toBe(0);
});

test('half a line that a killed service left does not spoil the next', async () => {
  appendFileSync(path, '{"whole":1}\n{"half');
  const file = new EventFile(path);
  await file.deliver(['a']);
  await file.deliver(['b']);
  expect(content()).toBe('{"whole":1}\n{"half\na\nb\n');
});

describe('a file that was moved away', () => {
  test('gets the lines until it is opened anew', async () => {
    const file = new EventFile(path);
    await file.deliver(['a']);
    renameSync(path, `${path}.1`);
    await file.deliver(['b']);
    file.reopen();
    await file.deliver(['c']);
    await file.deliver(['d']);
    expect(content(`${path}.1`)).toBe('a\nb\n');
    expect(content()).toBe('c\nd\n');
  });
});

describe('a disk that is full', () => {
  test('is an error each time, and the lines are to come again', async () => {
    const file = new EventFile('/dev/full');
    for (let i = 0; i < 3; i++) await expect(file.deliver(['a'])).rejects.toThrow('ENOSPC');
  });

  test('does not keep them for long: what could not be written is written when there is room', async () => {
    const full = new EventFile(path);
    // A directory in its place is as good as any other reason.
    mkdirSync(path);
    await expect(full.deliver(['a', 'b'])).rejects.toThrow('EISDIR');
    rmSync(path, { recursive: true });
    await full.deliver(['a', 'b']);
    expect(content()).toBe('a\nb\n');
  });

  test('in the middle of a line: the rest of it comes first', async () => {
    // As much as fits: the first write is cut, the second fails.
    const file = new Cut(path, 5);
    await expect(file.deliver(['abc', 'def'])).rejects.toThrow('ENOSPC');
    expect(content()).toBe('abc\nd');
    // Others may have come meanwhile.
    await file.deliver(['abc', 'def', 'ghi']);
    await file.deliver(['jkl']);
    expect(content()).toBe('abc\ndef\nghi\njkl\n');
  });
});

/** A file on a disk with room for some octets; it is there for good at the second attempt. */
class Cut extends EventFile {
  constructor(
    path: string,
    private room: number,
  ) {
    super(path);
  }

  override async open(): Promise<void> {
    await super.open();
    const { handle } = this as unknown as {
      handle: { write: (bytes: Buffer) => Promise<{ bytesWritten: number }> };
    };
    const write = handle.write.bind(handle);
    const cut = this.room > 0;
    handle.write = async bytes => {
      if (!cut) return write(bytes);
      if (this.room === 0) throw new Error('ENOSPC: no space left on device');
      const result = await write(bytes.subarray(0, this.room));
      this.room = 0;
      return result;
    };
  }
}
