// The tree of MIME parts as people are shown it: types, names, decoded sizes, and its limits.
import { describe, expect, test } from 'vitest';
import { signedParts, treeOf, type TreePart } from '../../../src/verify/tree.js';

/** As `type "name" encoding octets [parts]`. */
function brief({ type, name, encoding, octets, parts, more }: TreePart): string {
  const inside =
    parts.length > 0 || more
      ? ` [${[...parts.map(brief), ...(more ? ['…'] : [])].join(', ')}]`
      : ` ${octets}`;
  return `${type}${name === undefined ? '' : ` "${name}"`} ${encoding}${inside}`;
}

const tree = (message: string): string => brief(treeOf(Buffer.from(message.replaceAll('\n', '\r\n'))));

describe('leaves', () => {
  test.each([
    ['no header', '\nHi\n', 'text/plain 7bit 4'],
    ['base64', 'Content-Transfer-Encoding: base64\n\nSGVs\nbG8=\n', 'text/plain base64 5'],
    [
      'quoted-printable',
      'Content-Transfer-Encoding: QUOTED-PRINTABLE\n\na=3Db=\nc',
      'text/plain quoted-printable 4',
    ],
    [
      'a name',
      'Content-Type: a/b; name=x\nContent-Disposition: attachment; filename="y z"\n\n1',
      'a/b "y z" 7bit 1',
    ],
    ['a name of the type only', "Content-Type: a/b; name*=utf-8''%C3%A9\n\n1", 'a/b "é" 7bit 1'],
    ['an encoding that nobody knows', 'Content-Transfer-Encoding: x-uue\n\nabc', 'text/plain x-uue 3'],
  ])('%s', (_, message, want) => {
    expect(tree(message)).toBe(want);
  });
});

describe('composites', () => {
  const multipart = (type: string, ...parts: string[]): string =>
    `Content-Type: multipart/${type}; boundary=${type}\n\n${parts.map(p => `--${type}\n${p}\n`).join('')}--${type}--\n`;

  test('multiparts in one another', () => {
    const text = multipart(
      'mixed',
      multipart('alternative', '\nA', 'Content-Type: text/html\n\nB'),
      'Content-Type: a/b\n\n',
    );
    expect(tree(text)).toBe(
      'multipart/mixed 7bit [multipart/alternative 7bit [text/plain 7bit 1, text/html 7bit 1], a/b 7bit 0]',
    );
  });

  test('messages, and the digest, whose parts are messages', () => {
    expect(tree('Content-Type: message/rfc822\n\nSubject: x\n\nHi')).toBe(
      'message/rfc822 7bit [text/plain 7bit 2]',
    );
    expect(tree(multipart('digest', '\nSubject: x\n\nHi'))).toBe(
      'multipart/digest 7bit [message/rfc822 7bit [text/plain 7bit 2]]',
    );
  });

  test('a message behind the line of a mailbox file', () => {
    const text = 'Content-Type: message/rfc822\n\nFrom a@example.com Mon\nContent-Type: a/b\n\nHi';
    expect(tree(text)).toBe('message/rfc822 7bit [a/b 7bit 2]');
  });

  test('a part with a header over a megabyte is a part all the same', () => {
    const large = tree(multipart('mixed', `X: ${'x'.repeat(1024 * 1024)}\n\nHi`, '\nA'));
    expect(large).toBe('multipart/mixed 7bit [large-header 7bit 1048585, text/plain 7bit 1]');
  });

  test('into a signed part, and where it is', () => {
    const message = multipart(
      'mixed',
      '\nHi',
      multipart('signed', '\nA', 'Content-Type: application/pkcs7-signature\n\nB'),
    );
    expect(tree(message)).toBe(
      'multipart/mixed 7bit [text/plain 7bit 2, multipart/signed 7bit [text/plain 7bit 1, application/pkcs7-signature 7bit 1]]',
    );
    expect(signedParts(treeOf(Buffer.from(message)))).toEqual(['part 2 (multipart/signed)']);
  });

  test('without a boundary, or encoded, they have no parts', () => {
    expect(tree('Content-Type: multipart/mixed\n\n--x\n')).toBe('multipart/mixed 7bit 5');
    expect(
      tree('Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\nLS14\n'),
    ).toBe('multipart/mixed base64 3');
  });

  test('no deeper than 20, and no more than 1,000 parts', () => {
    const deep = Array.from(
      { length: 40 },
      (_, i) => `Content-Type: multipart/x; boundary=b${i}\n\n--b${i}\n`,
    ).join('');
    expect(tree(deep).match(/multipart/g)).toHaveLength(21);
    const wide = treeOf(
      Buffer.from(`Content-Type: multipart/x; boundary=b\n\n${'--b\n\nx\n'.repeat(100_000)}`),
    );
    expect({ parts: wide.parts.length, more: wide.more }).toEqual({ parts: 999, more: true });
    const nested = multipart('x', ...Array.from({ length: 600 }, () => multipart('y', '\na')));
    expect(tree(nested).match(/text\/plain/g)).toHaveLength(499);
    expect(tree(nested)).toMatch(/…/);
  });
});
