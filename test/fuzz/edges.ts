// Messages that are as long as Postseal looks ahead, give or take a few octets, with trouble just there.
import * as fc from 'fast-check';
import { lookAhead } from '../../src/mime/seven-bit.js';

const line = 'All work and no play makes Jack a dull boy. 0123456789=\r\n';
const fillers = {
  lines: (size: number) => line.repeat(size / line.length + 1).slice(0, size),
  'one line': (size: number) => 'x'.repeat(size),
  base64: (size: number) => `${'QUJD'.repeat(19)}\r\n`.repeat(size / 78 + 1).slice(0, size),
} as const;

const near = fc.integer({ min: -90, max: 90 });

interface Part {
  readonly header: string;
  readonly body: string;
}

const part: fc.Arbitrary<Part> = fc
  .record({
    header: fc.constantFrom(
      'Content-Type: text/plain; charset=utf-8\r\n',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n',
      'Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n',
      'Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n',
      'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n',
      'Content-Type: multipart/signed; boundary=s\r\n',
      'Content-Type: message/rfc822\r\n\r\nFrom: a@example.com\r\n',
      'Content-Type: message/rfc822\r\n\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n',
    ),
    size: fc.oneof(
      fc.nat(200),
      near.map(n => lookAhead + n),
      near.map(n => lookAhead + n),
      near.map(n => 2 * lookAhead + n),
    ),
    filler: fc.constantFrom<keyof typeof fillers>('lines', 'one line', 'base64'),
    trouble: fc.constantFrom(
      '',
      '',
      '\xc3\xa9',
      '\r',
      '\n',
      '\0',
      ' \r\n',
      '\r\nFrom ',
      '\r\n--b',
      '=C3',
      'z'.repeat(1200),
    ),
    /** From the end of the look-ahead. */
    where: near,
  })
  .map(({ header, size, filler, trouble, where }) => {
    const text = fillers[filler](size);
    const at = Math.max(0, Math.min(text.length, size > 300 ? lookAhead + where : where));
    return { header, body: text.slice(0, at) + trouble + text.slice(at) };
  });

/** One leaf, or several parts. */
export const edge: fc.Arbitrary<Buffer> = fc.array(part, { minLength: 1, maxLength: 3 }).map(parts => {
  const top = 'From: anna@example.com\r\nMIME-Version: 1.0\r\n';
  const [{ header, body }] = parts as [Part];
  const text =
    parts.length === 1
      ? `${top}${header}\r\n${body}`
      : `${top}Content-Type: multipart/mixed; boundary=bound\r\n\r\n${parts.map(p => `--bound\r\n${p.header}\r\n${p.body}\r\n`).join('')}--bound--\r\n`;
  return Buffer.from(text, 'latin1');
});
