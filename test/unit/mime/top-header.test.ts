// The top header comes off the front in any pieces; the body stays where it is.
import { describe, expect, test } from 'vitest';
import { maxFields, maxHeader } from '../../../src/mime/header.js';
import { TopHeaderReader, type TopHeader } from '../../../src/mime/top-header.js';
import { chunks } from '../../support/golden-chunks.js';

function read(pieces: readonly Buffer[]): TopHeader & { after: Buffer } {
  const reader = new TopHeaderReader();
  for (const [i, piece] of pieces.entries()) {
    const header = reader.write(piece);
    if (header) return { ...header, after: Buffer.concat([header.rest, ...pieces.slice(i + 1)]) };
  }
  return { ...reader.end(), after: Buffer.alloc(0) };
}

const tooLarge = expect.objectContaining({ kind: 'header-too-large' }) as Error;

describe('the header', () => {
  test.each([
    ['ends at the empty line', 'A: 1\r\nB: 2\r\n\r\n', 'body\r\n', ['a', 'b']],
    ['may have bare LFs', 'A: 1\nB: 2\n\n', 'body\n', ['a', 'b']],
    ['keeps folded lines, even blank ones', 'A: 1\r\n \r\n 2\r\n\r\n', 'x', ['a']],
    ['ends where a line is no field, as in Postfix', 'A: 1\r\n', 'no field\r\nB: 2\r\n', ['a']],
    ['may be empty', '\r\n', 'body', []],
    ['may be missing', '', 'no field\r\n\r\n', []],
    ['does not begin with a folded line', '', ' A: 1\r\n', []],
  ])('%s', (_, block, body, names) => {
    const message = Buffer.from(block + body);
    for (const size of [1, 2, 7, 1000]) {
      const header = read(chunks(message, size));
      expect(header.block.toString()).toBe(block);
      expect(header.after.toString()).toBe(body);
      expect(header.fields.map(f => f.name)).toEqual(names);
    }
  });

  test('may be all there is; a field without its line end gets one, for what is written behind it', () => {
    const header = read([Buffer.from('A: 1\r\nB: 2')]);
    expect(header.block.toString()).toBe('A: 1\r\nB: 2');
    expect(header.fields.map(f => f.raw.toString())).toEqual(['A: 1\r\n', 'B: 2\r\n']);
  });

  test('that does not end is refused before it fills the memory', () => {
    const line = Buffer.from(`X: ${'x'.repeat(1000)}\r\n`);
    const endless = Array.from({ length: Math.ceil(maxHeader / 1000 / 100) + 1 }, () =>
      Buffer.concat(Array.from({ length: 100 }, () => line)),
    );
    expect(() => read(endless)).toThrow(tooLarge);
  });

  test.each([0, 1])('may have so many octets and %i more, whatever the pieces', more => {
    const start = 'A: 1\r\nB: ';
    const header = `${start}${'x'.repeat(maxHeader + more - start.length - 4)}\r\n\r\n`;
    const message = Buffer.from(`${header}body ${'x'.repeat(100)}`);
    for (const size of [1000, maxHeader, message.length]) {
      const attempt = () => read(chunks(message, size)).fields.length;
      if (more === 0) expect(attempt()).toBe(2);
      else expect(attempt).toThrow(tooLarge);
    }
  });

  test.each([0, 1])('may have so many fields and %i more, whatever the pieces', more => {
    const message = Buffer.from(`${'A:\r\n b\r\n'.repeat(maxFields + more)}\r\nbody`);
    for (const size of [1000, message.length]) {
      const attempt = () => read(chunks(message, size)).fields.length;
      if (more === 0) expect(attempt()).toBe(maxFields);
      else expect(attempt).toThrow(tooLarge);
    }
  });
});
