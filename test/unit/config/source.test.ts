// The reader of ini syntax: lines, headers, comments, bytes.
import { expect, test } from 'vitest';
import { formatProblem } from '../../../src/config/config.js';
import { Findings } from '../../../src/config/findings.js';
import { readSource } from '../../../src/config/source.js';

function read(text: string | Uint8Array) {
  const findings = new Findings('x.ini');
  const sections = readSource(text, findings);
  return { sections, problems: findings.problems.map(formatProblem) };
}

test('sections and entries carry their lines', () => {
  expect(read('; comment\n\n[rule:a.b]\n# another\nsender = x\n\n  match=from  ; why\n')).toEqual({
    sections: [
      {
        kind: 'rule',
        name: 'a.b',
        title: 'rule:a.b',
        line: 3,
        entries: [
          { key: 'sender', value: 'x', line: 5 },
          { key: 'match', value: 'from', line: 7 },
        ],
      },
    ],
    problems: [],
  });
});

test('CRLF, a BOM, and bytes or a string are the same', () => {
  const plain = read('[a]\nb = ü\n');
  expect(plain.problems).toEqual([]);
  expect(read('\ufeff[a]\r\nb = ü\r\n')).toEqual(plain);
  expect(read(Buffer.from('\ufeff[a]\r\nb = ü\r\n'))).toEqual(plain);
});

test('a BOM is one only at the start', () => {
  expect(read(Buffer.from('[a]\n\ufeffb\ufeff = c\n')).problems).toHaveLength(1);
});

test.each(['[a];x', '[a] ; x', '[a]\t# x', ' [ a ] ', '[a]'])('the header %j', header => {
  const { sections, problems } = read(`${header}\nb = c`);
  expect(problems).toEqual([]);
  expect(sections).toMatchObject([{ title: 'a', entries: [{ key: 'b' }] }]);
});

test('a second section of a title goes on with the first, and is told', () => {
  const { sections, problems } = read('[a]\nb = 1\n[c]\n[a]\nb = 2\nd = 3');
  expect(problems).toEqual([
    'x.ini:4: [a]: the section begins already in line 1: make one section of the two',
    'x.ini:5: [a] b: given already in line 2: keep one of the two',
  ]);
  expect(sections.map(({ title, entries }) => [title, entries.map(({ key }) => key)])).toEqual([
    ['a', ['b', 'd']],
    ['c', []],
  ]);
});

test('a header that is not closed still opens its section', () => {
  const { sections, problems } = read('[a ; comment\nb = 1');
  expect(problems).toEqual(['x.ini:1: [a]: the header has no closing "]"']);
  expect(sections).toMatchObject([{ title: 'a', entries: [{ key: 'b' }] }]);
});

test('bytes that are not UTF-8 are told with their lines, and the rest is read', () => {
  const { sections, problems } = read(Buffer.from('[a]\n; \xe9\nb = \xe9\nc = 1', 'latin1'));
  expect(problems).toEqual([
    'x.ini:2: not UTF-8: save the file as UTF-8',
    'x.ini:3: not UTF-8: save the file as UTF-8',
  ]);
  expect(sections[0]?.entries).toHaveLength(2);
});

test('control characters are told, also in comments', () => {
  for (const text of ['a\0', '; a\0', '; a\rb = c', 'a = \x1b[0m', 'a = \u2028', 'a = \x85']) {
    expect(read(`[s]\n${text}`).problems).toEqual(['x.ini:2: [s]: a control character: delete it']);
  }
});

test('an empty file is no mistake', () => {
  expect(read('')).toEqual({ sections: [], problems: [] });
});
