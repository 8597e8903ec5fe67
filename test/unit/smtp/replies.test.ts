// Replies out of the octets of a server, whatever the packets are that they come in.
import { describe, expect, test } from 'vitest';
import { linesOf, parseReply, ReplyReader } from '../../../src/smtp/replies.js';

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

describe('said to a client', () => {
  const said = (text: string): string[] => linesOf({ code: 550, text });

  test('as many lines as there are, each with its enhanced code', () => {
    expect(said('5.1.1 No such user,\n5.1.1 never was')).toEqual(['5.1.1 No such user,', '5.1.1 never was']);
    expect(said('')).toEqual(['']);
    expect(said('one\r\ntwo\rthree\n')).toEqual(['one', 'two', 'three', '']);
  });

  test('no control characters', () => {
    expect(said('5.7.1 \x1b[31mRed\0\x07\x7f\x85\tand loud')).toEqual(['5.7.1  [31mRed     and loud']);
  });

  test('no line over 512 octets on the wire, and no half of a character', () => {
    expect(said('x'.repeat(506))).toEqual(['x'.repeat(506)]);
    expect(said('x'.repeat(507))).toEqual(['x'.repeat(506)]);
    expect(said(`x${'ü'.repeat(300)}\n5.0.0 more`)).toEqual([`x${'ü'.repeat(252)}`, '5.0.0 more']);
    expect(said(`xxx${'😀'.repeat(200)}`)).toEqual([`xxx${'😀'.repeat(125)}`]);
  });

  test('no more lines than anybody reads', () => {
    expect(said('x\n'.repeat(10_000))).toHaveLength(50);
  });
});
