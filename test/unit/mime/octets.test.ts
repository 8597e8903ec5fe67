// What does not survive the way, and that it is seen in any pieces (R12, R13).
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { charsetOf, inspect, maxLine, OctetScanner, safeLine } from '../../../src/mime/octets.js';
import { unevenChunks } from '../../support/golden-chunks.js';

const x = (n: number) => 'x'.repeat(n);

describe('trouble (R11, R13)', () => {
  test.each<[string, string, string | undefined, string | undefined]>([
    ['nothing', 'plain\r\ntext\r\n', undefined, undefined],
    ['an 8-bit octet', 'gr\xfcn', '8-bit', undefined],
    ['NUL', 'a\0b', 'NUL', undefined],
    ['a bare LF', 'a\nb', 'bare LF', undefined],
    ['a bare LF at the beginning', '\nb', 'bare LF', undefined],
    ['a bare CR', 'a\rb', 'bare CR', undefined],
    ['two CRs', 'a\r\r\n', 'bare CR', undefined],
    ['a CR at the end', 'a\r', 'bare CR', undefined],
    ['the longest line that nobody breaks', `${x(safeLine)}\r\n`, undefined, undefined],
    ['a longer line', `${x(safeLine + 1)}\r\n`, undefined, 'line over 990 octets'],
    ['a longer last line', x(safeLine + 1), undefined, 'line over 990 octets'],
    ['the longest legal line', `${x(maxLine)}\r\n`, undefined, 'line over 990 octets'],
    ['an illegal line', `${x(maxLine + 1)}\r\n`, 'line over 998 octets', undefined],
    ['an illegal last line', x(maxLine + 1), 'line over 998 octets', undefined],
    ['a space at the end of a line', 'a \r\nb', undefined, 'trailing white space'],
    ['a tab at the end of all', 'a\t', undefined, 'trailing white space'],
    ['From at the beginning', 'From x', undefined, 'From line'],
    ['From on a later line', 'a\r\nFrom x', undefined, 'From line'],
    ['From elsewhere', ' From x\r\nfrom x\r\nFrom:\r\n> From x\r\nx>From x', undefined, undefined],
    ['From quoted', 'a\r\n>From x', undefined, 'From line'],
    ['From quoted often', '>>>From x', undefined, 'From line'],
    ['From cut by quotes', 'F>rom x\r\nFr>From x\r\n>>', undefined, undefined],
    ['both kinds', 'From \xfc', '8-bit', 'From line'],
  ])('%s', (_, text, hard, soft) => {
    expect(inspect(Buffer.from(text, 'latin1'), true)).toMatchObject({ hard, soft });
  });

  test('what is only the beginning of a leaf is not blamed for its end', () => {
    expect(inspect(Buffer.from('a '), false)).toMatchObject({ hard: undefined, soft: undefined });
    expect(inspect(Buffer.from('a\r'), false)).toMatchObject({ hard: undefined, soft: undefined });
  });

  test('a line that is too long already is known before its end', () => {
    const scanner = new OctetScanner();
    scanner.write(Buffer.from(x(maxLine + 2)));
    expect(scanner.trouble().hard).toBe('line over 998 octets');
  });

  test('density is the share of 8-bit octets', () => {
    expect(inspect(Buffer.from('a\xfcb\xfc', 'latin1'), true).density).toBe(0.5);
    expect(inspect(Buffer.alloc(0), true).density).toBe(0);
  });

  test('does not depend on the pieces', () => {
    const bit = fc.constantFrom(
      '\r\n',
      '\r',
      '\n',
      ' ',
      'From ',
      'Fro',
      'm ',
      '>',
      '\0',
      '\xfc',
      x(990),
      x(991),
      x(998),
      x(999),
      'a',
    );
    fc.assert(
      fc.property(
        fc.array(bit, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        (bits, sizes) => {
          const bytes = Buffer.from(bits.join(''), 'latin1');
          const scanner = new OctetScanner();
          for (const piece of unevenChunks(bytes, sizes)) scanner.write(piece);
          scanner.end();
          const { hard, soft } = inspect(bytes, true);
          expect(scanner.trouble()).toEqual({ hard, soft });
        },
      ),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['ASCII', 'a', true, 'utf-8'],
  ['UTF-8', 'Gr\xc3\xbc', true, 'utf-8'],
  ['UTF-8 cut within a character', 'Gr\xc3', false, 'utf-8'],
  ['the same as a whole', 'Gr\xc3', true, 'iso-8859-1'],
  ['anything else', 'Gr\xfc\xdfe', false, 'iso-8859-1'],
])('the charset of %s', (_, text, whole, want) => {
  expect(charsetOf(Buffer.from(text, 'latin1'), whole)).toBe(want);
});
