import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { wholeLines } from '../../../src/service/standard-output.js';

/** A disk with room for so many octets. */
class Disk {
  text = '';
  constructor(public room: number) {}

  write = (octets: Buffer): number => {
    if (this.room === 0) throw new Error('ENOSPC');
    const count = Math.min(this.room, octets.length);
    this.text += octets.toString('utf8', 0, count);
    this.room -= count;
    return count;
  };
}

test.each([
  ['in the midst of a line', 10, 'first\nseco\nfourth\n'],
  ['at the end of a line', 6, 'first\nfourth\n'],
  ['before its line end', 5, 'first\nfourth\n'],
])('no room left %s: the next line begins on a line of its own', async (_, room, text) => {
  const disk = new Disk(room);
  const stream = wholeLines(disk.write);
  stream.write('first\n');
  stream.write('second\n');
  stream.write('third\n');
  disk.room = 100;
  await finished(stream.end('fourth\n'));
  expect(disk.text).toBe(text);
});
