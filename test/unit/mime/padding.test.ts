// Text around the parts: it must survive, and must never turn into a delimiter.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PaddingBlotter } from '../../../src/mime/padding.js';
import { chunks, unevenChunks } from '../../support/golden-chunks.js';

function blot(pieces: readonly Buffer[], forwarded = false): { text: string; altered: string | undefined } {
  const blotter = new PaddingBlotter(forwarded);
  // Joined: a later write must not reach into an earlier result.
  const out = pieces.map(p => blotter.write(p));
  out.push(blotter.end());
  return { text: Buffer.concat(out).toString('latin1'), altered: blotter.altered };
}

const one = (text: string) => blot([Buffer.from(text, 'latin1')]);
const long = 'line over 990 octets';
const x = (n: number) => 'x'.repeat(n);

describe('padding (R12, R13)', () => {
  test.each<[string, string, string, string | undefined]>([
    [
      'clean text stays',
      'This is MIME.\r\n--\r\n-- x\r\nend',
      'This is MIME.\r\n--\r\n-- x\r\nend',
      undefined,
    ],
    ['8-bit octets and NUL are blotted out', 'gr\xfcn\0', 'gr?n?', '8-bit'],
    ['white space at the end of lines goes', 'a \t\r\n \r\nb  ', 'a\r\n\r\nb', undefined],
    ['white space inside stays', ' a \t b', ' a \t b', undefined],
    ['a bare LF becomes a line end', 'a\nb', 'a\r\nb', undefined],
    ['a bare CR becomes a line end', 'a\rb\r', 'a\r\nb\r\n', 'bare CR'],
    ['a line over the limit is broken', x(990 + 3), `${x(990)}\r\nxxx`, long],
    ['the longest line is not', `${x(990)}\r\n`, `${x(990)}\r\n`, undefined],
    ['a bare CR forges no delimiter', 'a\r--b\r\n', 'a\r\n?-b\r\n', 'bare CR'],
    ['a broken line forges no delimiter', `${x(990)}--b\r\n`, `${x(990)}\r\n?-b\r\n`, long],
    ['a blotted octet forges no delimiter', '--a\xfcb\r\n', '?-a?b\r\n', '8-bit'],
    ['NUL is named where it came first', '\0\xfc', '??', 'NUL'],
    [
      'mbox would put a > before From',
      'From a\r\n From b\r\nFrom\r\nFrom c',
      '?rom a\r\n From b\r\nFrom\r\n?rom c',
      'From line',
    ],
    [
      'a reader of mboxes would take the > away',
      '>From a\r\n>>From b\r\n> From c',
      '?From a\r\n?>From b\r\n> From c',
      'From line',
    ],
    ['a broken line begins no From line', `${x(990)}From a`, `${x(990)}\r\n?rom a`, long],
    [`white space that was cut forges no delimiter`, `--b${' '.repeat(2000)}\r\n`, '?-b\r\n', undefined],
  ])('%s', (_, text, want, altered) => {
    expect(one(text)).toEqual({ text: want, altered });
    for (const size of [1, 7]) expect(blot(chunks(Buffer.from(text, 'latin1'), size)).text).toBe(want);
  });

  test('inside a message, what is legal stays (R15)', () => {
    const text = `>From a\r\nFrom b \t\r\n${x(998)}\r\n${x(900)}${' '.repeat(98)}\r\n \r\nend `;
    expect(blot([Buffer.from(text)], true)).toEqual({ text, altered: undefined });
    expect(blot(chunks(Buffer.from(text), 1), true).text).toBe(text);
    expect(blot([Buffer.from(x(999))], true)).toEqual({
      text: `${x(998)}\r\nx`,
      altered: 'line over 998 octets',
    });
  });

  test('any octets come out as lines that survive, whatever the pieces', () => {
    const bit = fc.constantFrom(
      '\r\n',
      '\r',
      '\n',
      ' ',
      '\t',
      '-',
      '--b',
      '\0',
      '\xfc',
      x(500),
      ' '.repeat(600),
      'a',
      'From ',
      '>',
    );
    fc.assert(
      fc.property(
        fc.array(bit, { maxLength: 15 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (bits, sizes) => {
          const bytes = Buffer.from(bits.join(''), 'latin1');
          const { text } = blot([bytes]);
          for (const line of text.split('\r\n'))
            expect(line).toMatch(/^(?!>*From )(?:[\t\x20-\x7e]{0,989}[\x21-\x7e])?$/);
          expect(blot(unevenChunks(bytes, sizes)).text).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});
