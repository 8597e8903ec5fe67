// Replies out of the octets of a server, whatever the packets are that they come in.
import { describe, expect, test } from 'vitest';
import { parseReply, ReplyReader } from '../../../src/smtp/replies.js';

const octets = '220 mx\r\n250-one\r\n250-two\r\n250 three\r\n\r\n354 go on\n451 4.3.0 später\r\n';
const replies = ['220 mx', '250-one\n250-two\n250 three', '354 go on', '451 4.3.0 später'];

test('all at once', () => {
  expect(new ReplyReader().write(Buffer.from(octets))).toEqual(replies);
});

test.each([1, 2, 5, 11])('in packets of %i octets', size => {
  const reader = new ReplyReader();
  const bytes = Buffer.from(octets);
  const read: string[] = [];
  for (let at = 0; at < bytes.length; at += size) read.push(...reader.write(bytes.subarray(at, at + size))!);
  expect(read).toEqual(replies);
});

test('text that is no UTF-8 keeps its octets', () => {
  expect(new ReplyReader().write(Buffer.from('550 \xfcber\r\n', 'latin1'))).toEqual(['550 \xfcber']);
});

describe('a reply that does not come to an end', () => {
  test.each(['250-more\r\n', 'x'])('of %j again and again', piece => {
    const reader = new ReplyReader();
    let size = 0;
    while (reader.write(Buffer.from(piece.repeat(100)))) size += 100 * piece.length;
    expect(size).toBeGreaterThan(50_000);
    expect(size).toBeLessThan(100_000);
  });
});

describe('code and text', () => {
  test.each([
    ['250 2.0.0 Ok', { code: 250, text: '2.0.0 Ok' }],
    ['250-one\n250 two', { code: 250, text: 'one\ntwo' }],
    ['354', { code: 354, text: '' }],
    ['250', { code: 250, text: '' }],
  ])('%j', (raw, reply) => {
    expect(parseReply(raw)).toEqual(reply);
  });

  test.each(['Hello?', '99 x', '150 x', '650 x', '2500 x', ''])('%j is no reply', raw => {
    expect(parseReply(raw)).toBeUndefined();
  });
});
