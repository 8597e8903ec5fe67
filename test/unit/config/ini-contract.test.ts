// What the `ini` package does without a word, and that we do not: an upgrade that changes it is noticed.
import * as ini from 'ini';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.js';
import { decodeValue } from '../../../src/config/value.js';

describe('what ini makes of a file', () => {
  test.each([
    ['a duplicate key: the last wins', 'a = 1\na = 2', { a: '2' }],
    ['a duplicate section: merged', '[s]\na = 1\n[s]\na = 2', { s: { a: '2' } }],
    ['a dotted section: nested', '[a.b]\nc = 1', { a: { b: { c: '1' } } }],
    ['no equals sign: a key that is true', 'sign', { sign: true }],
    ['a comment behind a header: a key', '[b] ; comment', { '[b]': true }],
    ['an unclosed header: a key', '[b', { '[b': true }],
    ['an indented header: a key', ' [b]', { '[b]': true }],
    ['brackets behind a key: an array', 'a[] = 1', { a: ['1'] }],
    ['__proto__: dropped', '__proto__ = 1', {}],
    ['no key: dropped', '= 1', {}],
    ['a bare carriage return: a line end', '; comment\ra = 1', { a: '1' }],
    ['true, false and null: no strings', 'a = true\nb = null', { a: true, b: null }],
  ])('%s', (_, text, want) => {
    expect(JSON.parse(JSON.stringify(ini.parse(text)))).toEqual(want);
  });

  test('our reader refuses all of them, except the dotted and the indented name, which it reads', () => {
    const errors = (text: string): number => readConfig('x.ini', text, 'h').problems.filter(isError).length;
    const isError = ({ severity }: { severity: string }): boolean => severity === 'error';
    expect(errors('[journal]\ndebug = no\ndebug = yes')).toBe(1);
    expect(errors('[journal]\n[journal]')).toBe(1);
    expect(errors('[journal]\ndebug')).toBe(1);
    expect(errors('[journal')).toBe(1);
    expect(errors('[journal]\ndebug[] = no')).toBe(1);
    expect(errors('[journal]\n__proto__ = no')).toBe(1);
    expect(errors('[journal]\n= no')).toBe(1);
    expect(errors('; comment\r[journal]')).toBe(1);
    expect(errors('  [journal] ; comment\n  debug = no')).toBe(0);
    expect(
      errors('[certificate:a.b]\nfile = a\n[certificate:a]\nfile = b\n[certificate:a.b.c]\nfile = c'),
    ).toBe(0);
  });
});

describe('what ini makes of a value, and what we do', () => {
  const refused = expect.objectContaining({ wrong: expect.any(String) as string }) as unknown;
  test.each([
    // text, ini, ours
    ['plain text', 'plain text', { value: 'plain text' }],
    ['a = b', 'a = b', { value: 'a = b' }],
    ['p#w;d', 'p', refused],
    ['p #w', 'p', refused],
    ['p # w', 'p', { value: 'p' }],
    ['p ;w', 'p', { value: 'p' }],
    ['p\t; w', 'p', { value: 'p' }],
    [String.raw`p\#w\;d`, 'p#w;d', { value: 'p#w;d' }],
    [String.raw`p\\;w`, 'p\\', refused],
    [String.raw`C:\x\y` + '\\', String.raw`C:\x\y` + '\\', { value: String.raw`C:\x\y` + '\\' }],
    ['', '', refused],
    ['; only a comment', '', refused],
    ['true', 'true', { value: 'true' }],
    ['""', '', { value: '' }],
    ['"p#w ; d"', 'p#w ; d', { value: 'p#w ; d' }],
    ["'p#w ; d'", 'p#w ; d', { value: 'p#w ; d' }],
    ['"p" ; comment', '"p"', { value: 'p' }],
    ["'p' # comment", "'p'", { value: 'p' }],
    ['"a" and "b"', '"a" and "b"', refused],
    ['"open', '"open', refused],
    ['"', '"', refused],
    [String.raw`"say \"x\""`, 'say "x"', { value: 'say "x"' }],
    [String.raw`"\.net"`, String.raw`"\.net"`, refused],
    [String.raw`'\.net'`, String.raw`\.net`, { value: String.raw`\.net` }],
    [String.raw`"a\u0000b"`, 'a\0b', refused],
    [String.raw`"a\nb"`, 'a\nb', refused],
    ["'12'", 12, { value: '12' }],
    ["'1e3'", 1000, refused],
    ["'null'", null, { value: 'null' }],
    ["'[1]'", [1], refused],
    [`'"x"'`, 'x', refused],
    [`'"a b"@example.com'`, '"a b"@example.com', { value: '"a b"@example.com' }],
  ])('%s', (text, theirs, ours) => {
    expect(ini.unsafe(text)).toEqual(theirs);
    expect(decodeValue(text)).toEqual(ours);
  });
});
