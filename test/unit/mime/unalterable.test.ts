// What must not be altered and is not 7-bit: refused in clear form, kept as it is in opaque form (R15).
import { describe, expect, test } from 'vitest';
import { maxFields, maxHeader, parseHeader } from '../../../src/mime/header.js';
import { maxDepth } from '../../../src/mime/part.js';
import { SevenBit, type Rewrite } from '../../../src/mime/seven-bit.js';
import { Walker } from '../../../src/mime/walk.js';
import { chunks, mail } from '../../support/golden-chunks.js';

/** Latin1 on both sides: one character is one octet. */
function write(text: string, unalterable: 'refuse' | 'keep', size = text.length): [string, Rewrite[]] {
  const [header, ...rest] = text.split('\r\n\r\n');
  const out: Buffer[] = [];
  const rewrites: Rewrite[] = [];
  const seven = new SevenBit(
    bytes => void out.push(Buffer.from(bytes)),
    rewrite => void rewrites.push(rewrite),
    unalterable,
  );
  const walker = new Walker(seven, parseHeader(Buffer.from(`${header!}\r\n`, 'latin1')));
  for (const piece of chunks(Buffer.from(rest.join('\r\n\r\n'), 'latin1'), size)) walker.write(piece);
  walker.end();
  return [Buffer.concat(out).toString('latin1'), rewrites];
}

const lines = (...text: string[]): string => mail(...text).toString();
const mixed = (...part: string[]): string =>
  lines('Content-Type: multipart/mixed; boundary=b', '', '--b', ...part, '--b--');

const nested = lines(
  'Content-Type: multipart/mixed; boundary=b0',
  '',
  ...Array.from({ length: maxDepth }, (_, i) => [
    `--b${i}`,
    `Content-Type: multipart/mixed; boundary=b${i + 1}`,
    '',
  ]).flat(),
  `--b${maxDepth}`,
  '',
  'f\xfcr',
  ...Array.from({ length: maxDepth }, (_, i) => [`--b${maxDepth - 1 - i}--`, '']).flat(),
);

const signed = 'Content-Type: multipart/signed; boundary=s';

const cases: [string, string, string][] = [
  [
    '8-bit in an inner signature',
    mixed('Content-Type: multipart/signed; boundary=s', '', '--s', '', 'f\xfcr  ', '--s--'),
    'multipart/signed part that must not be altered: 8-bit',
  ],
  [
    'NUL in an inner encryption',
    mixed('Content-Type: multipart/encrypted; boundary=s', '', 'a\0b'),
    'multipart/encrypted part that must not be altered: NUL',
  ],
  [
    'a bare CR in a report',
    mixed('Content-Type: message/delivery-status', '', 'a\rb'),
    'message/delivery-status part that must not be altered: bare CR',
  ],
  [
    'a bare LF in uuencode',
    mixed('Content-Transfer-Encoding: x-uuencode', '', 'a\nb'),
    'text/plain part that must not be altered: bare LF',
  ],
  [
    'a long line in a multipart that cannot be read',
    mixed('Content-Type: multipart/mixed', '', 'x'.repeat(999)),
    'multipart/mixed part that must not be altered: line over 998 octets',
  ],
  ['8-bit below the limit of levels', nested, 'multipart/mixed part that must not be altered: 8-bit'],
  [
    '8-bit late in a forwarded message',
    mixed('Content-Type: message/rfc822', '', '', 'line \r\n'.repeat(20_000), 'f\xfcr'),
    'text/plain part that must not be altered: 8-bit',
  ],
  [
    'a boundary in 8-bit',
    lines('Content-Type: multipart/mixed; boundary=\xc3\xbc', '', '--\xc3\xbc', '', 'one', '--\xc3\xbc--'),
    '8-bit octets in a boundary',
  ],
  [
    'a boundary in 8-bit by RFC 2231',
    lines(
      "Content-Type: multipart/mixed; boundary*=utf-8''%C3%BC",
      '',
      '--\xc3\xbc',
      '',
      'one',
      '--\xc3\xbc--',
    ),
    '8-bit octets in a boundary',
  ],
  [
    'a boundary in 8-bit that is no UTF-8',
    lines('Content-Type: multipart/mixed; boundary=\xfc', '', '--\xfc', '', 'one', '--\xfc--'),
    '8-bit octets in a boundary',
  ],
  [
    'a media type in 8-bit',
    mixed('Content-Type: \x80multipart/mixed; boundary=c', '', '--c', '', 'one', '--c--'),
    '8-bit octets in a media type',
  ],
  [
    'a multipart without parts',
    lines('Content-Type: multipart/mixed; boundary=b', '', 'f\xfcr ', 'From x'),
    'multipart/mixed without parts and not 7-bit',
  ],
  [
    'a multipart without parts, in one long line',
    lines('Content-Type: multipart/mixed; boundary=b', '', 'x'.repeat(999)),
    'multipart/mixed without parts and not 7-bit',
  ],
  [
    '8-bit in the address of a forwarded message',
    mixed('Content-Type: message/rfc822', '', 'To: <f\xfcr@example.com>', '', 'one'),
    '8-bit address in the to field',
  ],
  [
    '8-bit in an mbox line',
    mixed('Content-Type: message/rfc822', '', 'From f\xfcr', 'Subject: x', '', 'one'),
    '8-bit octets in an mbox line',
  ],
  [
    'a long line in a part header',
    mixed(`Content-Type: text/plain; name=${'x'.repeat(999)}`, '', 'one'),
    'content-type field with a line over 998 octets',
  ],
  [
    'a label of 8-bit inside an inner signature (R12)',
    mixed(
      signed,
      '',
      '--s',
      'X: y',
      'CONTENT-transfer-encoding :',
      '\t(so to say)',
      ' Binary',
      '',
      'x',
      '--s--',
    ),
    'multipart/signed part that must not be altered: labelled as 8-bit',
  ],
  [
    'such a label as the last line (R12)',
    mixed(signed, '', '--s', 'Content-Transfer-Encoding: 8bit'),
    'multipart/signed part that must not be altered: labelled as 8-bit',
  ],
  [
    'a label of 8-bit on an inner signature (R12)',
    mixed(signed, 'Content-Transfer-Encoding: 8bit', '', '--s', '', 'x', '--s--'),
    'multipart/signed part that must not be altered: labelled as 8-bit',
  ],
  [
    'a label of 8-bit on an inner signature in a forwarded message (R12)',
    mixed('Content-Type: message/rfc822', '', signed, 'Content-Transfer-Encoding: 8bit', '', 'x'),
    'multipart/signed part that must not be altered: labelled as 8-bit',
  ],
  [
    'a label of 8-bit below the limit of levels (R12)',
    nested.replace('\r\n\r\nf\xfcr', '\r\nContent-Transfer-Encoding: 8bit\r\n\r\nfor'),
    'multipart/mixed part that must not be altered: labelled as 8-bit',
  ],
  [
    'a part header over the limit',
    mixed(`X: ${'y\r\n '.repeat(maxHeader / 4)}`, '', 'f\xfcr'),
    'large-header part that must not be altered: 8-bit',
  ],
];

describe.each(cases)('%s', (_, text, why) => {
  test('is refused in clear form', () => {
    expect(() => write(text, 'refuse')).toThrow(expect.objectContaining({ kind: 'unsignable', detail: why }));
  });

  test('is kept octet for octet in opaque form, whatever the pieces', () => {
    expect(write(text, 'keep')).toEqual([text, []]);
    expect(write(text, 'keep', 1000)).toEqual([text, []]);
  });
});

test('a label is found whatever the pieces, and none where the word stands elsewhere', () => {
  const inside = (line: string) => mixed(signed, '', '--s', line, '', 'x', '--s--');
  for (const size of [1, 2, 7])
    expect(() => write(inside('Content-Transfer-Encoding:\r\n 8bit'), 'refuse', size)).toThrow(
      'labelled as 8-bit',
    );
  for (const line of [
    'Content-Transfer-Encoding: 7bit\r\nX: 8bit',
    'Content-Transfer-Encoding: x-binary',
    'X-Content-Transfer-Encoding: 8bit',
    'X: y\r\n 8bit',
  ])
    expect(write(inside(line), 'refuse', 1)).toEqual([inside(line), []]);
});

test('beside it everything else is rewritten as in clear form, but for labels that may be true', () => {
  const parts = (text: string[], signed: string) =>
    lines(
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Transfer-Encoding: 8bit',
      '',
      '--b',
      'Content-Type: multipart/signed; boundary=s',
      '',
      signed,
      '--b',
      ...text,
      '--b--',
    );
  const before = ['Content-Description: f\xc3\xbcr', '', 'f\xc3\xbcr alle, die es lesen'];
  const after = [
    'Content-Description: =?utf-8?B?ZsO8cg==?=',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'f=C3=BCr alle, die es lesen',
  ];
  const [kept, rewrites] = write(parts(before, 'f\xfcr'), 'keep');
  expect(kept).toBe(parts(after, 'f\xfcr'));
  expect(rewrites).toMatchObject([{ from: '7bit', to: 'quoted-printable', because: '8-bit' }]);
  const [clear] = write(parts(before, 'fuer'), 'refuse');
  expect(clear).toBe(parts(after, 'fuer').replace('8bit', '7bit'));
});

test('a part header over the limit is no obstacle where it is 7-bit', () => {
  const text = mixed('X: y\r\n'.repeat(maxFields + 1), '', 'one ');
  expect(write(text, 'refuse')).toEqual([text, []]);
});
