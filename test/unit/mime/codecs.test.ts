// Base64 and quoted-printable: nothing is lost, lines survive the way, and chunks never matter (RFC 2045 §6.7, §6.8).
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Base64Encoder, Base64Rewrapper, isCleanBase64 } from '../../../src/mime/base64.js';
import {
  isCleanQuotedPrintable,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  type Codec,
} from '../../../src/mime/quoted-printable.js';
import { chunks, unevenChunks } from '../../support/golden-chunks.js';
import { decode } from '../../support/golden-reader.js';

function run(codec: Codec, pieces: readonly Buffer[]): string {
  return Buffer.concat([...pieces.map(p => Buffer.from(codec.write(p))), codec.end()]).toString('latin1');
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const encode = (text: string) => run(new QuotedPrintableEncoder(), [latin1(text)]);
const decodeQp = (text: string) => run(new QuotedPrintableDecoder(), [latin1(text)]);
const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 10 });
/** Octets as mail has them: mostly text, with all that is hard to encode. */
const octets = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        ' ',
        '\t',
        '=',
        '.',
        '-',
        '--',
        'From ',
        '>',
        '>'.repeat(71),
        '\r',
        '\n',
        '\0',
        'ü',
        '\x7f',
        '=\r\n',
        '=3D',
      ),
      fc.string({ maxLength: 30 }),
      fc.constant('x'.repeat(75)),
    ),
    { maxLength: 40 },
  )
  .map(pieces => Buffer.from(pieces.join('')));

describe('quoted-printable (R14)', () => {
  test.each([
    ['plain text\r\n', 'plain text\r\n'],
    ['a = b', 'a =3D b'],
    ['end ', 'end=20'],
    ['end\t\r\nnext', 'end=09\r\nnext'],
    ['From here\r\nFrom \r\nFromage', '=46rom here\r\n=46rom=20\r\nFromage'],
    ['>From here\r\n>>>From \r\n> From\r\nx>From x', '>=46rom here\r\n>>>=46rom=20\r\n> From\r\nx>From x'],
    ['>.\r\n>--', '>.\r\n>--'],
    [`${'>'.repeat(74)}From x`, `${'>'.repeat(72)}=3E=\r\n>=46rom x`],
    ['a\r\nF', 'a\r\nF'],
    ['a\r\nFrom', 'a\r\nFrom'],
    ['.\r\n..x', '=2E\r\n=2E.x'],
    ['--b\r\n-- \r\n-x', '=2D-b\r\n=2D-=20\r\n-x'],
    ['bare\rCR\nLF', 'bare=0DCR=0ALF'],
    ['\0\x7f\xff', '=00=7F=FF'],
    ['x'.repeat(76), `${'x'.repeat(75)}=\r\nx`],
    [`${'x'.repeat(75)}--b`, `${'x'.repeat(75)}=\r\n=2D-b`],
    [`${'x'.repeat(74)}\xfc`, `${'x'.repeat(74)}=\r\n=FC`],
  ])('%j', (text, want) => {
    expect(encode(text)).toBe(want);
    expect(decodeQp(want)).toBe(text);
  });

  test('comes back as it was, by our decoder and by a plain one', () => {
    fc.assert(
      fc.property(octets, bytes => {
        const encoded = run(new QuotedPrintableEncoder(), [bytes]);
        expect(run(new QuotedPrintableDecoder(), [latin1(encoded)])).toBe(bytes.toString('latin1'));
        expect(decode(latin1(encoded), 'quoted-printable')).toBe(bytes.toString('latin1'));
      }),
      { numRuns: 800 },
    );
  });

  test('has no line that a relay would change', () => {
    fc.assert(
      fc.property(octets, bytes => {
        const encoded = run(new QuotedPrintableEncoder(), [bytes]);
        for (const line of encoded.split('\r\n')) {
          expect(line).toMatch(/^[\t\x20-\x7e]{0,76}$/);
          expect(line).not.toMatch(/^>*From |^\.|^--|[ \t]$/);
        }
        expect(isCleanQuotedPrintable(latin1(encoded))).toBe(true);
      }),
      { numRuns: 800 },
    );
  });

  test('does not depend on the pieces, in either direction', () => {
    fc.assert(
      fc.property(octets, sizes, (bytes, cut) => {
        const encoded = run(new QuotedPrintableEncoder(), [bytes]);
        expect(run(new QuotedPrintableEncoder(), unevenChunks(bytes, cut))).toBe(encoded);
        // Any octets, not only those that an encoder wrote.
        expect(run(new QuotedPrintableDecoder(), unevenChunks(bytes, cut))).toBe(
          run(new QuotedPrintableDecoder(), [bytes]),
        );
      }),
      { numRuns: 800 },
    );
  });

  test.each([
    ['soft =\r\nbreak, =  \r\nwith padding', 'soft break, with padding'],
    ['padding \t\r\nis dropped  ', 'padding\r\nis dropped'],
    ['=c3=BC', '\xc3\xbc'],
    ['raw \xfc', 'raw \xfc'],
    ['=ZZ = == =4', '=ZZ = == =4'],
    ['a\nb', 'a\r\nb'],
    ['a\rb\r', 'a\rb\r'],
    ['ends in =', 'ends in '],
    ['=4\r\n1', '=4\r\n1'],
  ])('is decoded as clients do: %j', (text, want) => {
    expect(decodeQp(text)).toBe(want);
  });

  test('endless white space does not fill the memory, and none of it in front of text is lost', () => {
    const text = `${' '.repeat(5000)}x`;
    expect(run(new QuotedPrintableDecoder(), chunks(latin1(text), 100))).toBe(text);
  });

  test.each([
    ['=C3=BC ok\r\n', true],
    ['x'.repeat(76), true],
    ['x'.repeat(77), false],
    ['space \r\n', false],
    ['space ', false],
    ['raw \xfc', false],
    ['bare\n', false],
    ['bare\r', false],
    ['nul \0', false],
    ['', true],
  ])('%j is clean: %s', (text, want) => {
    expect(isCleanQuotedPrintable(latin1(text))).toBe(want);
  });
});

describe('base64 (R14)', () => {
  const bytes = fc.uint8Array({ maxLength: 400 }).map(array => Buffer.from(array));

  test('comes back as it was, in lines of 76, the last one shorter, without a line end', () => {
    fc.assert(
      fc.property(bytes, sizes, (input, cut) => {
        const encoded = run(new Base64Encoder(), unevenChunks(input, cut));
        expect(Buffer.from(encoded, 'base64').equals(input)).toBe(true);
        const lines = encoded.split('\r\n');
        const last = lines.pop()!;
        expect(lines.every(line => line.length === 76)).toBe(true);
        expect(last.length).toBeLessThanOrEqual(76);
        expect(last === '' && lines.length > 0).toBe(false);
      }),
    );
  });

  test('in any shape is wrapped at 76, its characters as they were', () => {
    const noise = fc.constantFrom('\r\n', '\n', ' ', '\t', '!', '\0', '\xfc', '-', '\r\n\r\n');
    const dirty = fc
      .tuple(bytes, fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), noise), { maxLength: 12 }))
      .map(([input, breaks]) => {
        const text = input.toString('base64');
        let dirtied = '';
        let at = 0;
        for (const [size, what] of breaks) {
          dirtied += text.slice(at, at + size) + what;
          at += size;
        }
        return { text, dirtied: dirtied + text.slice(at) };
      });
    fc.assert(
      fc.property(dirty, sizes, ({ text, dirtied }, cut) => {
        const wrapped = run(new Base64Rewrapper(), unevenChunks(latin1(dirtied), cut));
        expect(wrapped).toBe(text.replace(/.{76}(?=.)/g, '$&\r\n'));
        expect(isCleanBase64(latin1(wrapped))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('that is wrapped at 76 already stays as it is, but for its last line end', () => {
    const clean = run(new Base64Encoder(), [Buffer.alloc(1000, 1)]);
    for (const size of [1, 7, 78, 5000])
      expect(run(new Base64Rewrapper(), chunks(latin1(`${clean}\r\n`), size))).toBe(clean);
  });

  const line = 'A'.repeat(76);
  test.each([
    ['', true],
    ['AAAA', true],
    ['AAAA\r\n', true],
    [`${line}\r\nAAAA\r\n`, true],
    [`${line}\r\n${line}\r\n`, true],
    [`${line}A`, false],
    [`${'A'.repeat(64)}\r\nAAAA`, false],
    ['AAAA\r\n\r\n', false],
    ['AA AA', false],
    ['AAAA\n', false],
    ['\xfcAAA', false],
  ])('%j is clean: %s', (text, want) => {
    expect(isCleanBase64(latin1(text))).toBe(want);
  });
});
