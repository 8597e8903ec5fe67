// Mailboxes as envelopes and headers write them; what two readers could read differently is no mailbox.
import { describe, expect, test } from 'vitest';
import { Address, parseMailboxes } from '../../src/address.js';

describe('Address.parse', () => {
  test.each([
    ['anna@example.com', 'anna', 'example.com'],
    ['Anna@EXAMPLE.Com', 'Anna', 'example.com'],
    ['"a b"@example.com', 'a b', 'example.com'],
    ['"a@b"@example.com', 'a@b', 'example.com'],
    ['"a\\"b\\\\"@example.com', 'a"b\\', 'example.com'],
    ['user.@example.com', 'user.', 'example.com'],
    ['a..b@example.com', 'a..b', 'example.com'],
    ['a+b=c/d@under_score.example', 'a+b=c/d', 'under_score.example'],
    ['anna@bücher.example', 'anna', 'xn--bcher-kva.example'],
    ['anna@BÜCHER.example.', 'anna', 'xn--bcher-kva.example'],
    ['ännä@example.com', 'ännä', 'example.com'],
    ['anna@[192.0.2.1]', 'anna', '[192.0.2.1]'],
    ['anna@[IPv6:2001:DB8::1]', 'anna', '[ipv6:2001:db8::1]'],
    ['@relay.example,@b.example:anna@example.com', 'anna', 'example.com'],
    ['postmaster', 'postmaster', ''],
  ])('%s', (text, localPart, domain) => {
    expect(Address.parse(text)).toMatchObject({ text, localPart, domain });
  });

  test.each([
    '@example.com',
    'anna@',
    'a b@example.com',
    'a@b@example.com',
    'anna@exa mple.com',
    'anna@[192.0.2.1',
    'anna@<example.com>',
    '"anna@example.com',
    '"a"b@example.com',
    'an"na@example.com',
    'anna@example.com\r\nRCPT TO:<b@example.com>',
    'anna\0@example.com',
    'a,b@example.com',
  ])('%j is none', text => {
    expect(Address.parse(text)).toBeUndefined();
  });

  test('the null reverse-path', () => {
    expect(Address.parse('')).toBe(Address.null);
    expect(Address.null.isNull).toBe(true);
    expect(Address.parse('a@b')!.isNull).toBe(false);
  });

  test('two spellings of a mailbox have one key, and patterns see one form', () => {
    const [a, b] = [Address.parse('"Anna"@BÜCHER.example')!, Address.parse('anna@xn--bcher-kva.example')!];
    expect(a.key).toBe(b.key);
    expect(a.canonical).toBe('Anna@xn--bcher-kva.example');
    expect(String(a)).toBe('"Anna"@BÜCHER.example');
    expect(Address.parse('root')!.canonical).toBe('root');
  });
});

describe('parseMailboxes', () => {
  test.each<[string, string[]]>([
    ['anna@example.com', ['anna@example.com']],
    ['Anna Example <anna@example.com>', ['anna@example.com']],
    ['"Example, Anna" <anna@example.com>', ['anna@example.com']],
    ['"b@example.org" <anna@example.com>', ['anna@example.com']],
    ['Anna (the <boss@example.com> one) <anna@example.com> (really)', ['anna@example.com']],
    ['=?utf-8?Q?J=C3=BCrgen?= <j@example.com>', ['j@example.com']],
    ['Jürgen E. Groß <j@example.com>', ['j@example.com']],
    ['anna @ example . com', ['anna@example.com']],
    ['anna.(dot)b@example.com', ['anna.b@example.com']],
    ['<@relay.example:anna@example.com>', ['anna@example.com']],
    ['"quoted local"@example.com', ['quoted local@example.com']],
    ['a@example.com, b@example.com', ['a@example.com', 'b@example.com']],
    [', a@example.com,, <b@example.com>,', ['a@example.com', 'b@example.com']],
    [
      'Team: a@example.com, B <b@example.com>; , c@example.com',
      ['a@example.com', 'b@example.com', 'c@example.com'],
    ],
    ['anna@example.com <anna@example.com>', ['anna@example.com']],
    ['Anna@Example.com <anna@example.com>', ['anna@example.com']],
    ['undisclosed-recipients:;', []],
    ['anna@[IPv6:2001:db8::1]', ['anna@[ipv6:2001:db8::1]']],
    ['root', ['root']],
    ['', []],
    ['(nobody)', []],
  ])('%j', (body, want) => {
    expect(parseMailboxes(body)?.map(a => a.canonical)).toEqual(want);
  });

  test.each([
    ['a smile, which begins a group', 'Anna :) <a@example.com>'],
    ['a frown, which begins a comment', 'Anna :( <a@example.com>'],
    ['an unclosed quote', '"Anna <a@example.com>'],
    ['an unopened comment', 'Anna) <a@example.com>'],
    ['a backslash', 'Anna \\ <a@example.com>'],
  ])('%s: broken, but with one address that every reader can see: %s', (_, body) => {
    expect(parseMailboxes(body)?.map(a => a.canonical)).toEqual(['a@example.com']);
  });

  test.each([
    ['two addresses: which one is the author?', 'a@example.com <c@example.net>'],
    ['two in angle brackets', '<a@example.com> <b@example.com>'],
    ['text behind the address', '<a@example.com> b@example.com'],
    ['one inside the other', '<<a@example.com>>'],
    ['words side by side', 'Anna Example'],
    ['a name without brackets', 'Anna a@example.com'],
    ['nothing in the brackets', 'Anna <>'],
    ['an unclosed bracket', 'Anna <a@example.com'],
    ['an unopened bracket', 'Anna a@example.com>'],
    ['an unclosed comment with an address in it', 'Anna (boss@example.com <a@example.com>'],
    ['an unclosed quote with an address in it', '"boss@example.com <a@example.com>'],
    ['a smile behind a name that may be an author', 'root, Anna :) <a@example.com>'],
    ['the end of a group that may hold an author', 'Eve: bob; x) <a@example.com>'],
    ['a smile and two addresses', 'Anna :) <a@example.com>, <b@example.com>'],
    ['an unclosed group', 'Team: a@example.com'],
    ['the end of no group', 'a@example.com;'],
    ['a group in a group', 'A: B: a@example.com;;'],
    ['no domain', 'anna@'],
    ['words side by side in brackets', '<an na@example.com>'],
    ['a domain in two pieces', '<anna@exam ple.com>'],
    ['a line separator in the address', '<an\u2028na@example.com>'],
    ['an address as the name of a group', 'boss@example.com:anna@example.com;'],
    ['a bare CR, where some readers see a new field', 'boss@example.com\rFrom: anna@example.com'],
    ['a NUL', 'anna\0@example.com'],
    ['two at signs', 'a@b@example.com'],
  ])('%s is not guessed at: %s', (_, body) => {
    expect(parseMailboxes(body)).toBeUndefined();
  });

  test('hostile bodies cost no more than their length', () => {
    const n = 100_000;
    const bodies = [
      'a '.repeat(n) + '<' + ':'.repeat(n),
      '('.repeat(n),
      '"\\'.repeat(n),
      ','.repeat(n),
      '<'.repeat(n),
    ];
    expect(bodies.map(parseMailboxes)).toEqual([undefined, undefined, undefined, [], undefined]);
  });
});
