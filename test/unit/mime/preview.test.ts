// What the beginning of a body tells: fragile content (R3), and what clear form would damage (R15).
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/failure.js';
import { parseHeader } from '../../../src/mime/header.js';
import { preview, previewSize, type Preview } from '../../../src/mime/preview.js';
import { mail } from '../../support/golden-chunks.js';
import { frame, parseMessage } from '../../support/golden-sign.js';

/** Of a whole message; latin1, one character is one octet. */
function seen(...lines: string[]): Preview {
  const message = Buffer.from(lines.map(line => `${line}\r\n`).join(''), 'latin1');
  const { fields, body } = parseMessage(message);
  return preview(fields, body, true);
}
const mixed = ['Content-Type: multipart/mixed; boundary=b', ''];
const part = (type: string, ...more: string[]): string[] => [
  '--b',
  `Content-Type: ${type}`,
  ...more,
  '',
  'x',
];
const nothing: Preview = { fragile: [], unsignable: undefined, unprotectable: undefined };

describe('calendar (R3)', () => {
  test.each([
    ['an invitation as the root', ['Content-Type: text/calendar; method=REQUEST', '', 'x']],
    ['any calendar as the root', ['Content-Type: Text/Calendar', '', 'x']],
    ['a part with a method', [...mixed, ...part('text/plain'), ...part('text/calendar;\r\n METHOD=reply')]],
    [
      'one in an alternative',
      [
        ...mixed,
        ...part('multipart/alternative; boundary=c'),
        '--c',
        'Content-Type: text/calendar; method=x',
        '',
      ],
    ],
    ['one between comments', [...mixed, ...part('text/(iTIP)calendar; (x) method (y) = REQUEST')]],
    ['one in base64', [...mixed, ...part('text/calendar; method=x', 'Content-Transfer-Encoding: base64')]],
    [
      'one behind what cannot be altered',
      [...mixed, ...part('multipart/signed', '', '\xfc'), ...part('text/calendar; method=x')],
    ],
  ])('%s', (_, lines) => {
    expect(seen(...lines).fragile).toEqual(['calendar']);
  });

  test.each([
    ['a calendar file without a method is an attachment', [...mixed, ...part('text/calendar; name=a.ics')]],
    [
      'a forwarded invitation is nobody’s',
      [...mixed, ...part('message/rfc822', '', 'Content-Type: text/calendar; method=x')],
    ],
    [
      'nor is one as the whole content',
      ['Content-Type: message/rfc822', '', 'Content-Type: text/calendar; method=x', '', 'x'],
    ],
    [
      'talk about calendars is text',
      [...mixed, ...part('text/plain', '', 'Content-Type: text/calendar; method=x')],
    ],
    ['in padding it is nothing', [...mixed, 'Content-Type: text/calendar; method=x', ...part('text/plain')]],
  ])('%s', (_, lines) => {
    expect(seen(...lines)).toEqual(nothing);
  });
});

describe('tnef (R3)', () => {
  test.each([
    ['by type, as the root', ['Content-Type: application/ms-tnef', '', 'x']],
    ['by its other type', [...mixed, ...part('application/vnd.ms-tnef')]],
    ['by name', [...mixed, ...part('application/octet-stream; name="WINMAIL.DAT"')]],
    ['by name in segments', [...mixed, ...part('application/x; name*0=win; name*1=mail.dat')]],
    [
      'by file name',
      [...mixed, ...part('application/x', 'Content-Disposition: attachment; filename="winmail.dat"')],
    ],
    [
      'of a root by file name',
      [
        'Content-Type: application/x',
        "Content-Disposition: attachment; filename*=us-ascii''winmail%2Edat",
        '',
        'x',
      ],
    ],
  ])('%s', (_, lines) => {
    expect(seen(...lines).fragile).toEqual(['tnef']);
  });

  test('but not a text of that name', () => {
    expect(seen(...mixed, ...part('text/plain; name=winmail.dat')).fragile).toEqual([]);
  });

  test('both, and each once', () => {
    const tnef = part('application/ms-tnef');
    expect(seen(...mixed, ...tnef, ...part('text/calendar; method=x'), ...tnef).fragile).toEqual([
      'tnef',
      'calendar',
    ]);
  });
});

describe('unsignable (R15)', () => {
  test.each([
    [
      '8-bit in an inner signature',
      [...mixed, ...part('multipart/signed; boundary=s', '', '\xfc')],
      'multipart/signed part that must not be altered: 8-bit',
    ],
    [
      'a root that must not be altered',
      ['Content-Type: message/external-body', '', 'x'.repeat(999)],
      'message/external-body part that must not be altered: line over 998 octets',
    ],
    [
      'a forwarded address in 8-bit',
      [...mixed, ...part('message/rfc822', '', 'To: <\xfc@example.com>')],
      '8-bit address in the to field',
    ],
    [
      'a boundary in 8-bit',
      ['Content-Type: multipart/mixed; boundary=\xc3\xbc', '', '--\xc3\xbc', '', 'x'],
      '8-bit octets in a boundary',
    ],
    [
      'a long line in the header of a part',
      [...mixed, ...part(`text/plain; name=${'x'.repeat(999)}`)],
      'content-type field with a line over 998 octets',
    ],
    [
      'a long line in the own fields',
      [`Content-ID: <${'x'.repeat(999)}>`, '', 'x'],
      'content-id field with a line over 998 octets',
    ],
    ['a multipart without parts', [...mixed, '\xfc'], 'multipart/mixed without parts and not 7-bit'],
  ])('%s', (_, lines, why) => {
    expect(seen(...lines)).toEqual({ ...nothing, unsignable: why });
  });

  test.each([
    ['8-bit text', ['Content-Type: text/plain', '', '\xfc'.repeat(2000)]],
    ['8-bit parts and padding', [...mixed, '\xfc', ...part('text/plain', '', 'a\rb\0\xfc'), '--b--', '\xfc']],
    ['a clean inner signature', [...mixed, ...part('multipart/signed; boundary=s', '', 'From x ')]],
    ['8-bit in a forwarded message', [...mixed, ...part('message/rfc822', '', 'Subject: \xfc', '', '\xfc')]],
  ])('%s is not', (_, lines) => {
    expect(seen(...lines)).toEqual(nothing);
  });

  test('is what signing in clear form says, too', () => {
    for (const type of [
      'text/plain',
      'multipart/signed',
      'message/partial',
      'multipart/mixed',
      'message/rfc822',
    ]) {
      const message = Buffer.from(
        [...mixed, ...part(type, '', 'To: \xfc@x', '', '\xfc'), '--b--'].join('\r\n'),
        'latin1',
      );
      const { fields, body } = parseMessage(message);
      let why: string | undefined;
      try {
        frame(fields, [body]);
      } catch (error) {
        why = (error as Failure).detail;
      }
      expect(preview(fields, body, true).unsignable).toBe(why);
    }
  });
});

describe('unprotectable (R12, R29)', () => {
  test.each([
    ['From: <\xfc@example.com>', '8-bit address in the from field'],
    [`X-Token: ${'x'.repeat(999)}`, 'x-token field with a line over 998 octets'],
  ])('%.30s', (field, why) => {
    expect(seen(field, '', 'x')).toEqual({ ...nothing, unprotectable: why });
  });

  test.each(['Subject: f\xfcr', 'Received: <\xfc@x>', `DKIM-Signature: ${'x'.repeat(999)}`])(
    '%.30s is no obstacle',
    field => {
      expect(seen(field, '', 'x')).toEqual(nothing);
    },
  );
});

describe('only the beginning is looked at', () => {
  const fields = parseHeader(mail('Content-Type: multipart/mixed; boundary=b'));
  const late = Buffer.from(
    '\r\n--b\r\nContent-Type: text/calendar; method=x\r\n\r\n--b\r\nContent-Type: multipart/signed\r\n\r\n\xfc\r\n',
    'latin1',
  );
  const body = (size: number): Buffer => {
    const start = Buffer.from('--b\r\n\r\n');
    return Buffer.concat([start, Buffer.alloc(size - start.length - late.length, 'x'), late]);
  };

  test('as far as 64 KB', () => {
    const want = {
      fragile: ['calendar'],
      unsignable: 'multipart/signed part that must not be altered: 8-bit',
    };
    expect(preview(fields, body(previewSize), true)).toMatchObject(want);
    expect(preview(fields, body(previewSize), false)).toMatchObject(want);
    expect(preview(fields, body(previewSize + late.length), true)).toEqual(nothing);
  });

  test('whatever else happens to be at hand', () => {
    const whole = body(2 * previewSize);
    for (const more of [0, 1, 5000, previewSize])
      expect(preview(fields, whole.subarray(0, previewSize + more), more === previewSize)).toEqual(nothing);
  });

  test('and its end is no end: what is cut off is not missing', () => {
    const begun = Buffer.from('\xfc\r\n'.repeat(100), 'latin1');
    expect(preview(fields, begun, true).unsignable).toBe('multipart/mixed without parts and not 7-bit');
    expect(preview(fields, begun, false)).toEqual(nothing);
  });
});
