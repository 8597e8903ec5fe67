// Our trace field, and the loop that it gives away (R37).
import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../src/mime/header.js';
import { countHops, receivedField, receivedId } from '../../src/received.js';
import { mail } from '../support/golden-chunks.js';

const hop = {
  helo: 'mail.example.com',
  address: '192.0.2.1',
  hostname: 'seal.example.com',
  id: '4bXyZ0123456789',
  date: new Date('2026-01-05T03:04:09Z'),
};

describe('the Received field', () => {
  test('has the usual form', () => {
    expect(receivedField(hop).toString()).toBe(
      'Received: from mail.example.com ([192.0.2.1])\r\n' +
        '\tby seal.example.com (Postseal) with ESMTP id 4bXyZ0123456789;\r\n' +
        '\tMon, 5 Jan 2026 03:04:09 +0000\r\n',
    );
  });

  test('marks an IPv6 address, and leaves out one that is missing', () => {
    expect(receivedField({ ...hop, address: '2001:db8::1' }).toString()).toContain('([IPv6:2001:db8::1])');
    expect(receivedField({ ...hop, address: '' }).toString()).toMatch(
      /^Received: from mail\.example\.com\r\n\tby/,
    );
  });

  test('is not broken by what a client says of itself', () => {
    const text = receivedField({ ...hop, helo: 'a\r\nX: y (b) "é";', id: `x${'y'.repeat(500)}` }).toString();

    expect(text).toMatch(/^[\t\r\n\x20-\x7e]*$/);
    expect(parseHeader(Buffer.from(text))).toHaveLength(1);
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThan(400);
  });
});

describe('hops', () => {
  test('are our own fields, whichever host wrote them', () => {
    const ours = receivedField(hop).toString();
    const other = receivedField({ ...hop, hostname: 'seal2.example.com', address: '' }).toString();
    const postfix =
      'Received: from a (a [192.0.2.1])\r\n\tby b (Postfix) with ESMTP id 4b;\r\n\tMon, 5 Jan 2026 03:04:09 +0000\r\n';
    const fields = (text: string) => parseHeader(Buffer.from(text));
    expect(countHops(fields(postfix))).toBe(0);
    expect(countHops(fields(ours + postfix + other + postfix))).toBe(2);
  });

  test('are not those of others that only mention us', () => {
    const lines = [
      'Received: from Postseal (Postseal) by b (Postfix) with ESMTP id 4b',
      '\tfor <postseal@example.com>',
    ];
    expect(countHops(parseHeader(mail(...lines)))).toBe(0);
  });

  test('are not counted in other fields', () => {
    expect(countHops(parseHeader(mail('Subject: Received by x (Postseal) with love')))).toBe(0);
  });
});

describe('the queue id in the topmost Received field', () => {
  test.each<[string, string[], string | undefined]>([
    ['of the sendmail command', ['by a (Postfix, from userid 0)', '\tid 4bXyZ0123; Tue'], '4bXyZ0123'],
    [
      'of an SMTP client',
      ['from b (b [192.0.2.1])', '\tby a (Postfix) with ESMTP id 9A1B2C3D4E', '\tfor <x>; Tue'],
      '9A1B2C3D4E',
    ],
    ['none', ['from b by a; Tue'], undefined],
    ['something that is none', ['by a with ESMTP id a-b-c@d; Tue'], undefined],
  ])('%s', (_, lines, want) => {
    const [first, ...rest] = lines;
    const fields = parseHeader(
      mail('Subject: id 12345', `Received: ${first!}`, ...rest, 'Received: by c id OLDER1; Mon'),
    );
    expect(receivedId(fields)).toBe(want);
  });
});
