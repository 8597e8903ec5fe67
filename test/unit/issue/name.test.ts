// Names as people write them, and as openssl reads what becomes of them.
import { describe, expect, test } from 'vitest';
import { commonName, encodeName, parseName } from '../../../src/issue/name.js';

describe('a name', () => {
  test.each([
    ['CN=Billing,O=Example GmbH,C=DE', 'C=DE O=Example GmbH CN=Billing'],
    [' cn = Billing , o = x ', 'O=x CN=Billing'],
    ['CN=a\\, b', 'CN=a, b'],
    ['O="Example, Inc."', 'O=Example, Inc.'],
    ['CN=x\\ ', 'CN=x '],
    ['CN=x\\  ,O=\\ y', 'O= y CN=x '],
    ['CN=x\\\\ ', 'CN=x\\'],
    ['CN=a\\+b,O="c+d"', 'O=c+d CN=a+b'],
    ['CN=J\\C3\\BCrgen', 'CN=J\u00fcrgen'],
    ['emailAddress=a@example.com,serialNumber=12', 'serialNumber=12 emailAddress=a@example.com'],
  ])('%s', (text, want) => {
    const got = parseName(text).map(({ type, value }) => `${type}=${value}`);
    expect(got.join(' ')).toBe(want);
  });

  test.each([
    ['', 'is not a name'],
    ['/CN=Billing', 'is no attribute: write TYPE=value'],
    ['CN=a, b', '"b" is no attribute'],
    ['CN=a,,O=b', 'is not a name'],
    ['CN=Billing+OU=x', '"CN=Billing+OU=x" has a +, which joins two attributes: write it in a value as \\+'],
    ['XY=a', 'XY is not a known attribute: there are CN, '],
    ['C=de', 'C: write two capital letters, as in DE'],
    ['CN=', 'cannot stand there'],
    ['CN=a\u0007', 'cannot stand there'],
    [`CN=${'a'.repeat(65)}`, 'CN: at most 64 characters'],
    ['emailAddress=j\u00fcrgen@example.com', 'cannot stand there'],
  ])('%j is refused in words', (text, words) => {
    expect(() => parseName(text)).toThrow(words);
  });

  test('is SEQUENCE of SET of type and value in DER', () => {
    expect(encodeName(commonName('a')).toString('hex')).toBe('300c310a300806035504030c0161');
    expect(commonName('a'.repeat(70))[0]!.value).toHaveLength(64);
  });
});
