// Header fields made to keep a parser busy: each takes time in proportion to its length, or the test never ends.
import { expect, test } from 'vitest';
import { field, parseParameters, splitParameters, startsField, unquote } from '../../../src/mime/header.js';
import { withHp } from '../../../src/mime/header-protection.js';
import { survivingField } from '../../../src/mime/part-header.js';

const size = 200_000;

test.each<[string, string]>([
  ['backslashes in a quoted string left open', `"${'\\'.repeat(size)}x`],
  ['quoted quotes in a quoted string left open', `"${'\\"'.repeat(size / 2)}`],
  ['quotes', '"'.repeat(size + 1)],
  ['bare CR', `${'\r'.repeat(size)}x`],
  ['spaces', `x${' '.repeat(size)}(`],
  ['words', 'a '.repeat(size / 2)],
  ['comments left open', '('.repeat(size)],
  ['comments', '()'.repeat(size / 2)],
  ['angle brackets', '<'.repeat(size)],
  ['parameters', 'a*0*=x;'.repeat(size / 7)],
  ['apostrophes', `a*0*=${"'".repeat(size)}`],
])('%s, 200 KB of them', (_, text) => {
  for (const name of [
    'Content-Type: text/plain; hp=x; y=',
    'Content-Disposition: \xfc; y=',
    'From: \xfc ',
    'X: \xfc ',
  ]) {
    const hostile = field(Buffer.from(`${name}${text}\r\n`, 'latin1'));
    expect(withHp(hostile, true).raw.toString()).toMatch(/hp="clear"\r\n$/);
    expect(survivingField(hostile, false, 'keep').toString('latin1')).toMatch(/\r\n$/);
  }
  expect(splitParameters(text).length).toBeGreaterThan(0);
  expect(parseParameters(`x; y=${text}`).value).toBe('x');
  expect(unquote(text).length).toBeLessThanOrEqual(text.length);
  expect(startsField(Buffer.from(`X${text}`), 0, text.length + 1)).toBe(false);
});
