// Part headers as they may be signed: ASCII, lines that survive, and the same meaning (R11, R13, R16).
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../src/failure.js';
import { field, mboxField, parseParameters } from '../../../src/mime/header.js';
import { survivingField } from '../../../src/mime/part-header.js';

/** Text as latin1: an `é` is the one octet E9. */
const mended = (text: string, forwarded = false) =>
  survivingField(field(Buffer.from(text, 'latin1')), forwarded).toString('latin1');
/** Text as UTF-8. */
const mendedUtf8 = (text: string, forwarded = false) =>
  survivingField(field(Buffer.from(text, 'utf8')), forwarded).toString('latin1');
const parametersOf = (text: string) =>
  Object.fromEntries(parseParameters(field(Buffer.from(text, 'latin1')).body).parameters);

describe('a field that survives', () => {
  test.each(['Content-Type: text/plain\r\n', 'Content-Description: one\r\n\ttwo\r\n', 'X:\r\n'])(
    '%j stays',
    text => {
      expect(mended(text)).toBe(text);
    },
  );
});

describe('white space and line ends (R11, R13)', () => {
  test.each([
    ['a bare LF is a line end', 'X: a\n b\n', 'X: a\r\n b\r\n'],
    ['a bare CR and NUL are spaces', 'X: a\rb\0c\r\n', 'X: a b c\r\n'],
    ['white space at the end of lines goes', 'X: a \r\n b\t\r\n', 'X: a\r\n b\r\n'],
    ['a folded line of nothing but white space goes with it', 'X: a\r\n \t\r\n b\r\n', 'X: a\r\n b\r\n'],
  ])('%s', (_, text, want) => {
    expect(mended(text)).toBe(want);
  });

  test('in a forwarded message white space stays: it is 7-bit (R15)', () => {
    expect(mended('X: a \r\n \r\n b\r\n', true)).toBe('X: a \r\n \r\n b\r\n');
  });

  test('a long line is folded before white space, never leaving any at the end of a line', () => {
    const long = `X: ${'word   '.repeat(400)}end\r\n`;
    const folded = mended(long);
    expect(folded.replace(/\r\n(?=[ \t])/g, '')).toBe(long);
    for (const line of folded.split('\r\n')) {
      expect(line.length).toBeLessThanOrEqual(990);
      expect(line).not.toMatch(/[ \t]$/);
    }
  });

  test('one of 991 to 998 octets, which is legal, is folded only where that can and may be', () => {
    const words = (size: number) => `X: ${'x'.repeat(600)} ${'y'.repeat(size - 604)}\r\n`;
    expect(mended(words(990))).toBe(words(990));
    expect(mended(words(991))).toBe(words(991).replace(' y', '\r\n y'));
    expect(mended(words(998), true)).toBe(words(998));
    const whole = `X:${'x'.repeat(996)}\r\n`;
    expect(mended(whole)).toBe(whole);
  });

  test('a long last word brings no empty line, which would end the header', () => {
    const long = `X: ${'x'.repeat(300)} ${'y'.repeat(950)}\r\n`;
    expect(mended(long)).toBe(long.replace(' y', '\r\n y'));
  });

  test('a long line without white space cannot be', () => {
    expect(() => mended(`X: ${'x'.repeat(1000)}\r\n`)).toThrow('x field with a line over 998 octets');
  });

  test.each(['X', 'To', 'Content-Type'])('a hostile %s field is mended or refused at once', name => {
    const start = performance.now();
    const texts = [`a${' '.repeat(1e6)}b`, 'x'.repeat(1e6), `é ${'<'.repeat(1e6)}`, `é ${'"\\'.repeat(5e5)}`];
    const kinds = texts.map(text => {
      try {
        return /^[\t\r\n\x20-\x7e]+$/.test(mendedUtf8(`${name}: ${text}\r\n`, true)) ? 'mended' : 'broken';
      } catch (error) {
        return (error as Failure).kind;
      }
    });
    expect(kinds).not.toContain('broken');
    expect(kinds.slice(0, 2)).toEqual(['unsignable', 'unsignable']);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('raw 8-bit octets (R16)', () => {
  test.each([
    ['Content-Type: application/pdf; name="Résumé, voilà.pdf"\r\n', { name: 'Résumé, voilà.pdf' }],
    ['Content-Disposition: attachment; size=3; filename=voilà\r\n', { size: '3', filename: 'voilà' }],
    ['Content-Type: text/plain; name="say \\"é\\""; charset=x\r\n', { name: 'say "é"', charset: 'x' }],
    ['Content-Type: text/plain;\r\n name="two lines: é"\r\n', { name: 'two lines: é' }],
    ['Content-Type: text/plain; name="é unclosed\r\n', { name: 'é unclosed' }],
    ['Content-Type: text/plain; (Käse) name=a; b=é (ü)\r\n', { name: 'a', b: 'é' }],
    ["Content-Type: text/plain; name*=utf-8'de'%41é\r\n", { name: 'Aé' }],
    ['Content-Type: text/plain; name*0="a b"; name*1=é; name*2=c; x=d\r\n', { name: 'a béc', x: 'd' }],
    ["Content-Type: text/plain; name*0*=utf-8''a%20; name*1*=é; name*2=c\r\n", { name: 'a éc' }],
  ])('%j keeps its parameters', (text, want) => {
    const out = mendedUtf8(text);
    expect(out).toMatch(/^[\t\r\n\x20-\x7e]*\r\n$/);
    expect(parametersOf(out)).toEqual(want);
  });

  test('that are no UTF-8 are taken for iso-8859-1', () => {
    expect(mended('Content-Type: text/plain; name=caf\xe9\r\n')).toBe(
      "Content-Type: text/plain;\r\n name*=iso-8859-1''caf%E9\r\n",
    );
    expect(mended('Content-Description: caf\xe9\r\n')).toBe(
      'Content-Description: =?iso-8859-1?B?Y2Fm6Q==?=\r\n',
    );
  });

  test('outside a parameter value are blotted out', () => {
    expect(mended('Content-Type: text/plain; n\xe4me=x; \xe4\r\n')).toBe(
      'Content-Type: text/plain;\r\n n?me=x;\r\n ?\r\n',
    );
    expect(mended('Content-Disposition: \xe4; name=x\r\n')).toBe('Content-Disposition: ?;\r\n name=x\r\n');
  });

  test('in text become encoded words of at most 75 characters, split between characters (RFC 2047 §2)', () => {
    const text = 'Übersicht über alles 😀 '.repeat(8).trim();
    const out = mendedUtf8(`Subject: ${text}\r\n`);
    const words = out.slice('Subject: '.length).trim().split('\r\n ');
    expect(words.length).toBeGreaterThan(3);
    const decoded = words.map(word => {
      expect(word.length).toBeLessThanOrEqual(75);
      const octets = Buffer.from(/^=\?utf-8\?B\?(.*)\?=$/.exec(word)![1]!, 'base64');
      expect(octets.toString('utf8')).not.toContain('\ufffd');
      return octets.toString('utf8');
    });
    expect(decoded.join('')).toBe(text);
  });

  test('a letter whose last octet looks like a space is kept whole', () => {
    const encoded = Buffer.from('voilà').toString('base64');
    expect(mendedUtf8('Content-Description: voilà\r\n')).toBe(
      `Content-Description: =?utf-8?B?${encoded}?=\r\n`,
    );
    expect(mendedUtf8('From: voilà <v@example.com>\r\n', true)).toBe(
      `From: =?utf-8?B?${encoded}?= <v@example.com>\r\n`,
    );
  });
});

describe('addresses of a forwarded message (R15, R16)', () => {
  const word = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
  test.each([
    ['To: Jürgen Groß <j@example.com>', `To: ${word('Jürgen Groß')} <j@example.com>`],
    [
      'Cc: "Groß, J." <j@example.com>, b@example.com',
      `Cc: ${word('Groß, J.')} <j@example.com>, b@example.com`,
    ],
    ['From: j@example.com (Jürgen)', `From: j@example.com (${word('Jürgen')})`],
    ['To: Käse: a@example.com;', `To: ${word('Käse')}: a@example.com;`],
  ])('%s: the name is encoded, the address stays', (text, want) => {
    expect(mendedUtf8(`${text}\r\n`, true)).toBe(`${want}\r\n`);
  });

  test.each([
    'To: <jürgen@example.com>',
    'To: jürgen@example.com',
    'To: a@käse.example',
    'To: A <a@käse.example>',
  ])('%s cannot be made ASCII without changing the address', text => {
    expect(() => mendedUtf8(`${text}\r\n`, true)).toThrow('8-bit address in the to field');
  });
});

describe('an mbox line', () => {
  const line = (text: string) => survivingField(mboxField(Buffer.from(text)), true).toString('latin1');

  test('stays as it is', () => {
    expect(line('From a@example.com Tue Nov 24 10:30:00 2026\n')).toBe(
      'From a@example.com Tue Nov 24 10:30:00 2026\r\n',
    );
  });

  test.each([
    ['From jürgen@example.com\r\n', '8-bit octets in an mbox line'],
    [`From ${'a b '.repeat(300)}\r\n`, 'mbox line field with a line over 998 octets'],
  ])('can be neither encoded nor folded', (text, why) => {
    expect(() => line(text)).toThrow(why);
  });
});
