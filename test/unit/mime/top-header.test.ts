// The top header comes off the front in any pieces; the body stays where it is.
import { describe, expect, test } from 'vitest';
import { maxHeader, TopHeaderReader, type TopHeader } from '../../../src/mime/top-header.js';
import { chunks } from '../../support/golden-chunks.js';

function read(pieces: readonly Buffer[]): TopHeader & { after: Buffer } {
  const reader = new TopHeaderReader();
  for (const [i, piece] of pieces.entries()) {
    const header = reader.write(piece);
    if (header) return { ...header, after: Buffer.concat([header.rest, ...pieces.slice(i + 1)]) };
  }
  return { ...reader.end(), after: Buffer.alloc(0) };
}

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
    expect(() => read(endless)).toThrow(expect.objectContaining({ kind: 'header-too-large' }) as Error);
  });
});
