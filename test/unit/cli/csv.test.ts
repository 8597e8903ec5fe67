// Cells as RFC 4180 has them, and none that a spreadsheet would calculate.
import { expect, test } from 'vitest';
import { csv } from '../../../src/cli/csv.js';

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ['two\r\nlines', '"two\r\nlines"'],
  ['=1+1', "'=1+1"],
  ['+49', "'+49"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
  ['\t=1', "'\t=1"],
  ['a=b', 'a=b'],
  ['', ''],
])('%j is written %j', (value, written) => {
  expect(csv([[value, -1]])).toBe(`${written},-1\r\n`);
});
