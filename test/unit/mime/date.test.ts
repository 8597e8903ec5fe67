// The Date field, read strictly, and whether a signing time may be claimed beside it (R23).
import { describe, expect, test } from 'vitest';
import { formatDate, parseDate, signingTime } from '../../../src/mime/date.js';

test.each(['2026-01-05T03:04:09Z', '2026-12-31T23:59:59Z'])('%s written and read again', text => {
  const date = new Date(text);
  expect(parseDate(formatDate(date))).toEqual(date);
});

describe('parseDate', () => {
  test.each([
    ['Tue, 24 Nov 2026 11:29:00 +0100', '2026-11-24T10:29:00.000Z'],
    ['24 nov 2026 10:29 GMT', '2026-11-24T10:29:00.000Z'],
    ['Tue, 24 Nov 2026 00:29:59 -0330 (Newfoundland)', '2026-11-24T03:59:59.000Z'],
    ['  1 Jan 2027 00:00:00 +1400 ', '2026-12-31T10:00:00.000Z'],
    ['29 Feb 2028 12:00:00 +0000', '2028-02-29T12:00:00.000Z'],
    ['24 Nov 2026 10:29:00 UT', '2026-11-24T10:29:00.000Z'],
  ])('%s', (text, want) => {
    expect(parseDate(text)?.toISOString()).toBe(want);
  });

  test.each([
    '',
    'yesterday',
    '2026-11-24T10:29:00Z',
    '24 Nov 26 10:29:00 +0000',
    '24 Nov 2026 10:29:00',
    '24 Nov 2026 10:29:00 EST',
    '24 Nov 2026 10:29:00 0100',
    '24 Nov 2026 10:29:00 +GMT',
    '24 Foo 2026 10:29:00 +0000',
    '31 Feb 2026 10:29:00 +0000',
    '29 Feb 2026 10:29:00 +0000',
    '0 Nov 2026 10:29:00 +0000',
    '24 Nov 2026 24:00:00 +0000',
    '24 Nov 2026 10:60:00 +0000',
    '24 Nov 2026 10:29:61 +0000',
  ])('%j is a date to nobody, or not the same to everybody', text => {
    expect(parseDate(text)).toBeUndefined();
  });
});

describe('signingTime', () => {
  const now = new Date('2026-11-24T10:30:00Z');
  test.each<[string, string | undefined, boolean]>([
    ['the same minute', 'Tue, 24 Nov 2026 11:30:00 +0100', true],
    ['50 minutes ago', '24 Nov 2026 09:40:00 +0000', true],
    ['51 minutes ago: Thunderbird bears less than an hour', '24 Nov 2026 09:39:00 +0000', false],
    ['51 minutes ahead', '24 Nov 2026 11:21:00 +0000', false],
    ['no Date field', undefined, false],
    ['one that cannot be read', 'today', false],
  ])('%s', (_, date, claimed) => {
    expect(signingTime(now, date)).toEqual(claimed ? now : undefined);
  });
});
