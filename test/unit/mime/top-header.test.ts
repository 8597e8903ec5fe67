// The top header comes off the front in any pieces; the body stays where it is.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxFields, maxHeader } from '../../../src/mime/header.js';
import { TopHeaderReader, withoutField, type TopHeader } from '../../../src/mime/top-header.js';
import { chunks } from '../../support/golden-chunks.js';

function read(pieces: readonly Buffer[]): TopHeader & { after: Buffer } {
  const reader = new TopHeaderReader();
  for (const [i, piece] of pieces.entries()) {
    const header = reader.write(piece);
    if (header) return { ...header, after: Buffer.concat([header.rest, ...pieces.slice(i + 1)]) };
  }
  const header = reader.end();
  return { ...header, after: header.rest };
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

describe('without a field', () => {
  const without = (text: string, name = 'X-Ask') => {
    const { block, fields, after } = withoutField(read([Buffer.from(text)]), name) as ReturnType<typeof read>;
    return {
      names: fields.map(f => f.name),
      text: `${block.toString('latin1')}|${after.toString('latin1')}`,
    };
  };

  test.each([
    ['one among others', 'A: 1\r\nX-Ask: no\r\nB: 2\r\n\r\nbody', 'A: 1\r\nB: 2\r\n\r\n|body', ['a', 'b']],
    ['with its folded lines', 'X-Ask:\r\n\tno\r\n \r\n why\r\nB: 2\r\n\r\n', 'B: 2\r\n\r\n|', ['b']],
    ['all of that name, in any case', 'x-ask: 1\r\nA: 1\r\nX-ASK : 2\r\n\r\n', 'A: 1\r\n\r\n|', ['a']],
    ['the only one', 'X-Ask: no\r\n\r\nbody', '\r\n|body', []],
    ['the last one, cut short', 'A: 1\r\nX-Ask: no', 'A: 1\r\n|', ['a']],
    ['before one cut short', 'X-Ask: no\r\nA: 1', 'A: 1|', ['a']],
    ['with bare LFs', 'A: 1\nX-Ask: no\n\nX-Ask: body\n', 'A: 1\n\n|X-Ask: body\n', ['a']],
    ['where the body begins without an empty line', 'A: 1\r\nX-Ask: no\r\nbody', 'A: 1\r\n|body', ['a']],
    ['that only looks like it', 'X-Asked: no\r\nA: X-Ask:\r\n X-Ask: y\r\n\r\n', undefined, ['x-asked', 'a']],
    ['behind a line that mailboxes begin with', 'From x\r\nX-Ask: no\r\n\r\n', undefined, []],
  ])('%s', (_, message, want, names) => {
    const got = without(message);
    expect(got.names).toEqual(names);
    if (want === undefined) expect(got.text.replace('|', '')).toBe(message);
    else expect(got.text).toBe(want);
  });

  test('whatever its other fields are', () => {
    const line = fc.stringMatching(/^[ -~\x80-\xff]{0,12}$/);
    const end = fc.constantFrom('\r\n', '\n');
    const folded = fc.tuple(fc.constantFrom(' ', '\t'), line, end).map(parts => parts.join(''));
    const name = fc.constantFrom('X-Ask', 'x-ASK ', 'X-Asked', 'Subject', 'X');
    const written = fc
      .tuple(name, line, end, fc.array(folded, { maxLength: 2 }))
      .map(([n, first, eol, more]) => ({ name: n, raw: `${n}:${first}${eol}${more.join('')}` }));
    fc.assert(
      fc.property(fc.array(written, { maxLength: 6 }), fc.constantFrom('\r\n', '\n', ''), (all, blank) => {
        const message = Buffer.from(all.map(f => f.raw).join('') + blank, 'latin1');
        const kept = all.filter(f => f.name.trim().toLowerCase() !== 'x-ask').map(f => f.raw);
        const { block } = withoutField(read([message]), 'X-Ask');
        expect(block.toString('latin1')).toBe(kept.join('') + blank);
      }),
    );
  });

  test('a header that has none is the same one', () => {
    const header = read([Buffer.from('A: 1\r\n\r\n')]);
    expect(withoutField(header, 'X-Ask')).toBe(header);
    expect(withoutField(header, undefined)).toBe(header);
  });
});
