// What reaches a journal or a terminal of text that may hold anything.
import { expect, test } from 'vitest';
import { escaped, oneLine, printableJson } from '../../src/printable.js';

const hostile = 'a\r\n\x1b[2Jb\x9bc\u202ed\u2028e';

test('one line, with a space for each run of what cannot be printed', () => {
  expect(oneLine(hostile)).toBe('a [2Jb c d e');
  expect(oneLine('Grüße, 再見')).toBe('Grüße, 再見');
});

test('escaped, so that nothing is lost', () => {
  expect(escaped(hostile)).toBe('a\\u000d\\u000a\\u001b[2Jb\\u009bc\\u202ed\\u2028e');
});

test('JSON that says the same and is safe to look at', () => {
  const json = printableJson(JSON.stringify({ hostile }));
  expect(JSON.parse(json)).toEqual({ hostile });
  expect(json).toBe('{"hostile":"a\\r\\n\\u001b[2Jb\\u009bc\\u202ed\\u2028e"}');
});
