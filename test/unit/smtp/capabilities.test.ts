// What an EHLO reply says, and what ours says because of it.
import { describe, expect, test } from 'vitest';
import { announcement, capabilitiesOf, everything, limited } from '../../../src/smtp/capabilities.js';

/** Of the lines of an EHLO reply. */
function read(...lines: string[]): ReturnType<typeof capabilitiesOf> {
  const offered = new Map(lines.map(line => [line.split(' ')[0]!, line.split(' ').slice(1)]));
  return capabilitiesOf(keyword => offered.get(keyword));
}

test('(R34) what others offer beyond the hop is not ours to pass on', () => {
  expect(read('STARTTLS', 'DSN', 'CHUNKING', '8BITMIME', 'AUTH PLAIN', 'VRFY')).toEqual({
    extensions: ['8BITMIME', 'DSN'],
    maxMessageSize: 0,
  });
  expect(read()).toEqual({ extensions: [], maxMessageSize: 0 });
});

test.each([
  [['SIZE 10240000'], 10_240_000],
  [['SIZE 18446744073709551616'], 2 ** 64],
  [['SIZE 0'], 0],
  [['SIZE'], 0],
  [['SIZE many'], 0],
  [['SIZE -1'], 0],
  [[], 0],
])('the limit of size in %j is %i', (lines, want) => {
  expect(read(...lines).maxMessageSize).toBe(want);
});

test.each([
  [0, 0, 0],
  [500, 0, 500],
  [0, 400, 400],
  [500, 400, 400],
  [400, 500, 400],
])('of the limits %i and %i the one that holds is %i', (theirs, ours, want) => {
  expect(limited({ extensions: ['DSN'], maxMessageSize: theirs }, ours)).toEqual({
    extensions: ['DSN'],
    maxMessageSize: want,
  });
});

describe('our reply', () => {
  const xforward = 'XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE';

  test('has all of it as long as nothing is known', () => {
    expect(announcement(everything)).toEqual([
      ...['PIPELINING', '8BITMIME', 'SMTPUTF8', 'DSN', 'SIZE', xforward],
    ]);
  });

  test('has what is ours whatever the return port has', () => {
    expect(announcement(read())).toEqual(['PIPELINING', 'SIZE', xforward]);
    expect(announcement(read('SIZE 5000', 'DSN'))).toEqual(['PIPELINING', 'DSN', 'SIZE 5000', xforward]);
  });
});
