// Attack: a message made to keep the filter busy, or to be decided about as its sender must not choose.
import { expect, test } from 'vitest';
import { TopHeaderReader } from '../../src/mime/top-header.js';
import { parsePattern } from '../../src/rules/pattern.js';
import { verify } from '../../src/verify/verify.js';
import { mail } from '../support/golden-chunks.js';
import { envelope, goldenIdentity, policyFor, ruleFor, runFilter } from '../support/golden-filter.js';

const identity = await goldenIdentity('rsa');
const policy = {
  ...policyFor(identity),
  rules: [ruleFor(identity, { sign: 'by-default' })],
  requestHeader: 'X-Postseal-Sign',
};
const toBob = envelope('anna@example.com', ['bob@example.org']);

/** What becomes of it: signed or not, and what is in it. */
async function fate(message: Buffer) {
  const { reply, deliveries } = await runFilter([message], toBob, { policy });
  const content = deliveries[0]?.content.toString('latin1') ?? '';
  return { code: reply.code, signed: content.includes('multipart/signed'), content };
}

test('the request header takes the signature away, for comparison', async () => {
  const message = mail('From: anna@example.com', 'X-Postseal-Sign: no', '', 'x');
  const { signed, content } = await fate(message);
  expect(signed).toBe(false);
  expect(content).not.toContain('X-Postseal-Sign');
});

test.each<[string, string[]]>([
  ['two that contradict', ['X-Postseal-Sign: no', 'X-Postseal-Sign: yes']],
  ['in an encoded word', ['X-Postseal-Sign: =?utf-8?q?no?=']],
  ['all in a comment', ['X-Postseal-Sign: (no)']],
  ['in the name of another field', ['X-Postseal-Signed: no']],
  ['in the folded line of another field', ['Subject: x', ' X-Postseal-Sign: no']],
  ['behind a bare CR', ['Subject: x\rX-Postseal-Sign: no']],
  [
    'in the header of a part',
    ['Content-Type: multipart/mixed; boundary=b', '', '--b', 'X-Postseal-Sign: no', '', 'x', '--b--'],
  ],
  ['in a message within', ['Content-Type: message/rfc822', '', 'X-Postseal-Sign: no', '', 'x']],
  ['in the body', ['', 'X-Postseal-Sign: no']],
])('a request that is none leaves the message to the rule: %s', async (_, lines) => {
  expect((await fate(mail('From: anna@example.com', ...lines, '', 'x'))).signed).toBe(true);
});

const always = { ...policy, rules: [ruleFor(identity, { sign: 'always' })] };

test.each<[string, string]>([
  ['small letters', 'x-postseal-sign: no'],
  ['capitals', 'X-POSTSEAL-SIGN: NO'],
  ['folded', 'X-Postseal-Sign:\r\n no'],
  ['folded over an empty line of white space', 'X-Postseal-Sign:\r\n \t\r\n no'],
  ['white space before the colon', 'X-Postseal-Sign : no'],
  ['a NUL', 'X-Postseal-Sign: no\0'],
  ['twice', 'X-Postseal-Sign: no\r\nSubject: x\r\nX-Postseal-Sign: no'],
  ['an encoded word', 'X-Postseal-Sign: =?us-ascii?q?no?='],
])('where the rule leaves nothing open a request is not heard, and taken out: %s', async (_, field) => {
  const message = mail(field, 'From: anna@example.com', '', 'x');
  const { deliveries } = await runFilter([message], toBob, { policy: always });
  const content = deliveries[0]!.content.toString('latin1');
  expect(content).toContain('multipart/signed');
  expect(content.slice(0, content.indexOf('\r\n\r\n'))).not.toMatch(/x-postseal-sign/i);
});

test.each([
  'X-Postseal-Sign\0: no',
  'X-Postseal-Sign-: no',
  'XX-Postseal-Sign: no',
  'X-Postseal\xadSign: no',
])('a line that nearly has that name is not heard: %j', async line => {
  expect((await fate(mail('From: anna@example.com', line, '', 'x'))).signed).toBe(true);
});

test.each<[string, string[]]>([
  ['two fields', ['From: anna@example.com', 'From: mallory@example.org']],
  ['two mailboxes', ['From: anna@example.com, mallory@example.org']],
  ['one in the display name', ['From: "anna@example.com" <mallory@example.org>']],
  ['one in a comment', ['From: mallory@example.org (anna@example.com)']],
  ['a NUL', ['From: anna@example.com\0, mallory@example.org']],
  ['a bare CR', ['From: mallory@example.org\r <anna@example.com>']],
  ['no field', ['Subject: x']],
])('no signature of anna’s for an author who may be another: %s', async (_, lines) => {
  const { deliveries } = await runFilter(
    [mail(...lines, '', 'x')],
    envelope('mallory@example.org', ['bob@example.org']),
    { policy },
  );
  expect(deliveries.some(d => d.content.includes('multipart/signed'))).toBe(false);
});

/** By a reader that copies what it has for each octet, minutes. */
test('a header of 1 MB costs no more an octet at a time', () => {
  const reader = new TopHeaderReader();
  const header = Buffer.concat([Buffer.from('X: '), Buffer.alloc(1_000_000, 'x'), Buffer.from('\r\n\r\n')]);
  for (let i = 0; i < header.length - 1; i++) reader.write(header.subarray(i, i + 1));
  expect(reader.write(Buffer.from('\n'))?.fields.map(f => f.raw.length)).toEqual([header.length - 2]);
});

const part = (boundary: string, inner: string): string =>
  `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n${inner}\r\n--${boundary}--\r\n`;
let nested = 'Content-Type: text/plain\r\n\r\nx\r\n';
for (let i = 0; i < 1000; i++) nested = part('b'.repeat(1 + (i % 70)), nested);

test.each<[string, string]>([
  ['1,000 levels, each boundary the beginning of another', nested],
  [
    '100,000 parts',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(100_000)}--b--\r\n`,
  ],
  [
    '2 MB of what is nearly a boundary',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${'--bx\r\n'.repeat(350_000)}--b--\r\n`,
  ],
  ['a line of 5 MB', `\r\n${'x'.repeat(5_000_000)}`],
  ['9,000 header fields', `${'X: y\r\n'.repeat(9000)}\r\nx`],
])('%s: delivered whole, and read again by verify', async (_, text) => {
  const message = Buffer.from(`From: anna@example.com\r\n${text}`);
  const { code, content } = await fate(message);
  expect(code).toBe(250);
  expect(content.length).toBeGreaterThan(message.length);
  const { verdict } = verify(message, { trusted: [], now: new Date(), addressesOf: () => [] });
  expect(verdict.outcome).toBe('not signed');
});

test('regular expressions have no way back: RE2 refuses what needs one', () => {
  for (const pattern of ['/(a)\\1/', '/(?=a)/', '/(?<!a)b/', '/a{1001}/', '/((a{100}){100}){100}/'])
    expect(() => parsePattern(pattern)).toThrow(pattern);
  const text = 'a'.repeat(9999);
  for (const pattern of ['/^(a+)+$b/', '/(a|a)*b/', '/(.*)*,(.*)*;/', '/(?:a?){100}a{100}b/'])
    expect(parsePattern(pattern).matches(text)).toBe(false);
});
