// Times as people type them: local unless they say otherwise, and no guessing.
import { describe, expect, test } from 'vitest';
import { localTime, parseTime } from '../../../src/cli/time.js';

/** Local time, in whatever zone the test runs. */
const now = new Date(2024, 10, 8, 8, 38, 42, 224);

describe('a time', () => {
  test.each<[string, Date]>([
    ['2024-11-08', new Date(2024, 10, 8)],
    ['2024-11-08 07:38', new Date(2024, 10, 8, 7, 38)],
    ['2024-11-08T07:38:42', new Date(2024, 10, 8, 7, 38, 42)],
    ['2024-11-08T07:38Z', new Date('2024-11-08T07:38:00Z')],
    ['2024-11-08 07:38:42.224Z', new Date('2024-11-08T07:38:42.224Z')],
    ['2024-11-08T07:38:42+02:00', new Date('2024-11-08T05:38:42Z')],
    ['2024-11-08T07:38:42-0130', new Date('2024-11-08T09:08:42Z')],
    ['2024-02-29', new Date(2024, 1, 29)],
    ['today', new Date(2024, 10, 8)],
    ['yesterday', new Date(2024, 10, 7)],
    ['90s', new Date(now.getTime() - 90_000)],
    ['30m', new Date(now.getTime() - 1_800_000)],
    ['2h', new Date(now.getTime() - 7_200_000)],
    ['7d', new Date(now.getTime() - 604_800_000)],
  ])('%s', (text, moment) => {
    expect(parseTime(text, now)).toEqual(moment);
  });

  test.each([
    ...[
      '',
      'now',
      'Friday',
      '8.11.2024',
      '11/08/2024',
      '2024-11',
      '2024-11-08T',
      '2024-11-08 07',
      '1731051522',
    ],
    ...['2024-13-01', '2024-11-31', '2023-02-29', '2024-11-08 25:00', '2024-11-08 07:61', '2024-11-08Z'],
    ...['-2h', '2 h', '2w', '1.5h', 'today 07:38'],
  ])('"%s" is none', text => {
    expect(parseTime(text, now)).toBeUndefined();
  });
});

test('is shown in local time', () => {
  expect(localTime(now)).toBe('2024-11-08 08:38:42');
  expect(localTime(new Date(2025, 0, 2, 3, 4, 5))).toBe('2025-01-02 03:04:05');
});
