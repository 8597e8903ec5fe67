// Header protection (R29 to R32): what is copied, what hp says, and that the payload stays 7-bit (R12, R16).
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHeader, parseParameters, type Field } from '../../../src/mime/header.js';
import { protectedHeader, withHp } from '../../../src/mime/header-protection.js';
import { SevenBit } from '../../../src/mime/seven-bit.js';
import { Walker } from '../../../src/mime/walk.js';
import { mail } from '../../support/golden-chunks.js';

const text = (fields: readonly Field[]): string => Buffer.concat(fields.map(f => f.raw)).toString('latin1');
const protect = (header: Buffer): string => text(protectedHeader(parseHeader(header)));

/** The payload that is signed, as latin1. */
function payload(header: Buffer, unalterable: 'refuse' | 'keep' = 'refuse', body = mail('one')): string {
  const out: Buffer[] = [];
  const seven = new SevenBit(
    bytes => void out.push(Buffer.from(bytes)),
    () => undefined,
    unalterable,
  );
  const walker = new Walker(seven, protectedHeader(parseHeader(header)));
  walker.write(body);
  walker.end();
  return Buffer.concat(out).toString('latin1');
}
const typeOf = (entity: string): string => contentTypeFields(entity).join('');
const contentTypeFields = (entity: string): string[] =>
  parseHeader(Buffer.from(entity, 'latin1'))
    .filter(f => f.name === 'content-type')
    .map(f => f.raw.toString('latin1'));

describe('the fields of the header', () => {
  test('are copied in order and unchanged, folding and duplicates too (R29)', () => {
    const header = mail(
      'From: Anna <anna@example.com>',
      'SUBJECT:  two',
      '\t lines',
      'X-A: 1',
      'Date : Tue, 24 Nov 2026 10:30:00 +0000',
      'X-A: 2',
      'Content-Language: de',
      'List-Id: <a.example.com>',
    );
    expect(protect(header)).toBe(header.toString());
  });

  test('but for those of the way and of single recipients (R32), HP-Outer (R31) and MIME-Version', () => {
    const dropped = [
      'Bcc',
      'received',
      'DKIM-Signature',
      'ARC-Seal',
      'ARC-Message-Signature',
      'ARC-Authentication-Results',
      'Return-Path',
      'Delivered-To',
      'Authentication-Results',
      'Resent-From',
      'Resent-Bcc',
      'HP-Outer',
      'MIME-Version',
    ];
    const header = mail(...dropped.map(name => `${name}: x`), 'X-Received: y', 'Bcc-Note: y');
    expect(protect(header)).toBe('X-Received: y\r\nBcc-Note: y\r\n');
  });

  test('neither get a legacy display nor an outer message/rfc822 (R31)', () => {
    expect(payload(mail('Subject: x', 'Content-Type: text/html'))).toBe(
      'Subject: x\r\nContent-Type: text/html;\r\n hp="clear"\r\n\r\none\r\n',
    );
  });
});

describe('hp="clear" (R30)', () => {
  test.each([
    ['a plain one', 'text/plain', 'text/plain'],
    [
      'parameters',
      'text/plain; charset=utf-8; format=flowed',
      'text/plain;\r\n charset=utf-8;\r\n format=flowed',
    ],
    ['an old hp', 'text/plain; HP="cipher"; charset=utf-8', 'text/plain;\r\n charset=utf-8'],
    [
      'several, by RFC 2231 too',
      "text/plain; hp=a; hp*=utf-8''b; hp*0=c; hp*1*=d; hpx=1",
      'text/plain;\r\n hpx=1',
    ],
    ['hp between spaces and comments', 'text/plain; (x) hp (y) = (z) "cipher"', 'text/plain'],
    ['folding', 'text/plain;\r\n\tcharset=utf-8;\r\n hp=\r\n "cipher"', 'text/plain;\r\n charset=utf-8'],
    ['a comment', 'text/plain; charset=utf-8 (hp="cipher")', 'text/plain;\r\n charset=utf-8'],
    ['a semicolon at the end', 'text/plain;', 'text/plain'],
    ['a quoted semicolon', 'text/plain; name="a; hp=b"', 'text/plain;\r\n name="a; hp=b"'],
    ['a quoted string left open', 'text/plain; name="a\\"; hp=b', 'text/plain;\r\n name="a\\"; hp=b"'],
    ['one left open behind a backslash', 'text/plain; name="a\\', 'text/plain;\r\n name="a\\\\"'],
    ['a comment left open', 'text/plain; charset=utf-8 (and so on', 'text/plain;\r\n charset=utf-8'],
    [
      'RFC 2231',
      "text/plain; name*0*=utf-8''%C3%A9; name*1=b",
      "text/plain;\r\n name*0*=utf-8''%C3%A9;\r\n name*1=b",
    ],
  ])('%s', (_, type, want) => {
    const entity = payload(mail(`Content-Type: ${type}`, 'Subject: x'));
    expect(typeOf(entity)).toBe(`Content-Type: ${want};\r\n hp="clear"\r\n`);
  });

  test.each([
    ['without a Content-Type', ''],
    ['with one that cannot be read', 'Content-Type: text\r\n'],
    ['with two, the first not to be read', 'Content-Type: text; hp="x"\r\nContent-Type: text/html\r\n'],
  ])('%s it goes with the type that is written for it (R10)', (_, type) => {
    expect(payload(Buffer.from(`Subject: x\r\n${type}`))).toBe(
      'Content-Type: text/plain; charset=us-ascii; hp="clear"\r\nSubject: x\r\n\r\none\r\n',
    );
  });

  test('goes on each of two, as readers differ on which one counts', () => {
    const header = mail('Content-Type: text/plain', 'Subject: x', 'Content-Type: text/html; hp=cipher');
    expect(contentTypeFields(payload(header))).toEqual([
      'Content-Type: text/plain;\r\n hp="clear"\r\n',
      'Content-Type: text/html;\r\n hp="clear"\r\n',
    ]);
  });

  test('goes on the root alone: parts and forwarded messages keep what they have', () => {
    const header = mail('Content-Type: multipart/mixed; boundary=b', 'Subject: x');
    const body = mail('--b', 'Content-Type: text/plain; hp="cipher"', '', 'one', '--b--');
    expect(payload(header, 'refuse', body)).toBe(
      'Content-Type: multipart/mixed;\r\n boundary=b;\r\n hp="clear"\r\nSubject: x\r\n\r\n' + body.toString(),
    );
  });

  test('that came with a message is taken away where nothing is protected', () => {
    const write = (type: string): string => payload(mail(`Content-Type: ${type}`));
    expect(write('text/plain; hp="clear"; charset=utf-8')).toBe(
      'Content-Type: text/plain;\r\n charset=utf-8\r\n\r\none\r\n',
    );
    expect(write('text/plain; (as it was) charset=utf-8')).toContain('; (as it was) charset=utf-8\r\n');
  });

  test('whatever the Content-Type, hp can be read from the result, and nothing else is lost', () => {
    const bits = fc.constantFrom(
      ...[
        'a',
        '=',
        ';',
        '"',
        '\\',
        '(',
        ')',
        ' ',
        '\t',
        '\r\n ',
        'hp',
        'hp=x',
        '*',
        '\xfc',
        "'",
        '%',
        '/',
        'hp*0*',
      ],
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 14 }), pieces => {
        const raw = Buffer.from(`Content-Type: text/plain;${pieces.join('')}\r\n`, 'latin1');
        const [type] = parseHeader(raw);
        const before = parseParameters(type!.body);
        const after = parseParameters(withHp(type!, true).body);
        expect(after.value).toBe(before.value);
        expect(after.parameters.get('hp')).toBe('clear');
        expect(after.ambiguous.has('hp')).toBe(false);
        const others = (all: typeof after) =>
          [...all.parameters].filter(([name]) => !/^hp\s*(?:\*|$)|["\\]/.test(name));
        expect(others(after)).toEqual(others(before));
        expect(parseParameters(withHp(type!, false).body).parameters.has('hp')).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('copied fields are 7-bit (R12, R16)', () => {
  const word = (words: string): string => `=?utf-8?B?${Buffer.from(words).toString('base64')}?=`;

  test.each([
    ['Subject: Grüße', `Subject: ${word('Grüße')}`],
    ['From: Jörg Groß <j@example.com>', `From: ${word('Jörg Groß')} <j@example.com>`],
    ['To: "Groß, J" <j@x.example>, b@example.com', `To: ${word('Groß, J')} <j@x.example>, b@example.com`],
    ['To: "Groß" Jörg <j@x.example>', `To: ${word('Groß Jörg')} <j@x.example>`],
    ['List-Id: "Grüße" <news.example.com>', `List-Id: ${word('Grüße')} <news.example.com>`],
    [
      'Date: Tue, 24 Nov 2026 10:30:00 +0100 (Mitteleuropäische Zeit)',
      `Date: Tue, 24 Nov 2026 10:30:00 +0100 (${word('Mitteleuropäische Zeit')})`,
    ],
  ])('%s', (given, want) => {
    expect(payload(mail(given, 'Content-Type: text/plain'))).toContain(`${want}\r\n`);
  });

  test(`a line over 998 octets is folded`, () => {
    const entity = payload(mail(`References:${' <id@example.com>'.repeat(80)}`));
    expect(entity.split('\r\n').every(line => line.length <= 998)).toBe(true);
    expect(entity.match(/<id@example\.com>/g)).toHaveLength(80);
  });

  test.each([
    ['From: <jörg@example.com>', '8-bit address in the from field'],
    ['From: Jörg <j@bücher.example>', '8-bit address in the from field'],
    ['Message-ID: <ä@example.com>', '8-bit address in the message-id field'],
    ['List-Unsubscribe: <https://example.com/ü>', '8-bit address in the list-unsubscribe field'],
    [`X-Token: ${'x'.repeat(999)}`, 'x-token field with a line over 998 octets'],
  ])('%.60s cannot be: refused in clear form, kept in opaque form (R15)', (given, why) => {
    const header = mail(given, 'Content-Type: text/plain');
    expect(() => payload(header)).toThrow(expect.objectContaining({ kind: 'unsignable', detail: why }));
    expect(payload(header, 'keep')).toContain(`${Buffer.from(given).toString('latin1')}\r\n`);
  });
});
