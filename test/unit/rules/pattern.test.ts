// Wildcards and regular expressions; the wildcard matcher against a plain translation to a regex.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPattern, listPatterns, parsePattern, parsePatterns } from '../../../src/rules/pattern.js';

describe('wildcards', () => {
  test.each([
    ['*@example.com', 'a@example.com', true],
    ['*@example.com', '@example.com', true],
    ['*@example.com', 'a@sub.example.com', false],
    ['*@example.com', 'a@example.com.evil.net', false],
    ['*@example.com', 'a@exampleXcom', false],
    ['*@*.example.com', 'a@b.c.example.com', true],
    ['A@Example.COM', 'a@eXample.com', true],
    ['a?c@x', 'abc@x', true],
    ['a?c@x', 'ac@x', false],
    ['?', '😀', true],
    ['?', '', false],
    ['*', '', true],
    ['**', 'anything', true],
    ['*a*', 'bab', true],
    ['a*', 'ba', false],
    ['*ab', 'aab', true],
    ['*a?b*', 'xxaxb', true],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
    ['*', 'two\nlines', true],
    ['text/calendar', 'TEXT/CALENDAR', true],
  ])('%s on %s: %s', (pattern, text, want) => {
    expect(parsePattern(pattern).matches(text)).toBe(want);
  });

  test('agree with their translation to a regular expression', () => {
    const alphabet = (letters: string) =>
      fc.string({ unit: fc.constantFrom(...Array.from(letters)), maxLength: 8 });
    fc.assert(
      fc.property(alphabet('abA.@*?😀'), alphabet('abA.@b😀\n'), (pattern, text) => {
        fc.pre(pattern !== '');
        const naive = pattern
          .toLowerCase()
          .replaceAll(/[.@]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.')
          .replaceAll('\\@', '@');
        const want = new RegExp(`^(?:${naive})$`, 'su').test(text.toLowerCase());
        expect(parsePattern(pattern).matches(text)).toBe(want);
      }),
      { numRuns: 2000 },
    );
  });

  test('many stars on a long text return at once', () => {
    const start = performance.now();
    expect(parsePattern(`${'*a'.repeat(30)}b`).matches('a'.repeat(20_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('regular expressions', () => {
  test.each([
    ['/^billing@/', 'Billing@example.com', true],
    ['/example/', 'a@example.com', true],
    ['/^example/', 'a@example.com', false],
    ['/^a.b$/', 'a\nb', true],
    ['/^a$/', 'a\n', false],
    ['/a/b/', 'a/b', true],
    ['/^[a-z]{1,3}@/', 'abcd@x', false],
  ])('%s on %j: %s', (pattern, text, want) => {
    expect(parsePattern(pattern).matches(text)).toBe(want);
  });

  /** The first of them take a backtracking engine longer than the universe has; the last are slow for RE2, too. */
  test.each([
    '/^(a+)+$/',
    '/^(a|a)*$/',
    '/^(a|aa)+$/',
    '/^([a-z]+)*$/',
    '/^(.*a){25}$/',
    '/^(a?){50}a{50}$/',
    '/^(([a-z])+.)+[A-Z]([a-z])+$/',
    String.raw`/^(\w+\s?)*$/`,
    '/.*.*.*.*.*=x$/',
    '/(a|b)*a(a|b){300}x/',
    String.raw`/(\pL{0,450})#/`,
  ])('a hostile one returns at once: %s', pattern => {
    const compiled = parsePattern(pattern);
    const start = performance.now();
    for (const length of [50, 9_000, 1_000_000])
      expect(compiled.matches(`${'ab'.repeat(length / 2)}!`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('of what is longer than any address or value it finds nothing', () => {
    const compiled = parsePattern('/a$/');
    expect([9_999, 10_000, 10_001].map(n => compiled.matches('a'.repeat(n)))).toEqual([true, true, false]);
  });

  test.each([
    ['', 'an empty pattern matches nothing'],
    ['/', 'regular expression / has no closing /'],
    ['//', 'an empty regular expression matches everything: write * if that is meant'],
    ['/a', 'regular expression /a has no closing /'],
    ['/a/i', 'regular expression /a/i has no closing /'],
    ['/(/', 'regular expression /(/: missing closing )'],
    ['/(?=a)/', 'regular expression /(?=a)/: invalid or unsupported Perl syntax'],
    ['/a{1001}/', 'regular expression /a{1001}/: repeats something more than 1000 times, all in all'],
    [
      '/((a{100}){100}){100}/',
      'regular expression /((a{100}){100}){100}/: repeats something more than 1000 times, all in all',
    ],
    [
      '/(ab|cd){1000}/',
      'regular expression /(ab|cd){1000}/: too large: shorten what it repeats, or make several of it',
    ],
    [String.raw`/(a)\1/`, String.raw`regular expression /(a)\1/: invalid escape sequence`],
  ])('%s is refused', (pattern, message) => {
    expect(() => parsePattern(pattern)).toThrow(new Error(message));
  });
});

describe('lists', () => {
  test.each([
    ['a@x', ['a@x']],
    [' a@x ,b@x,, c@x, ', ['a@x', 'b@x', 'c@x']],
    ['/a{1,2}/, b', ['/a{1,2}/', 'b']],
    ['a,/b,c/,d', ['a', '/b,c/', 'd']],
    [String.raw`/a\/b,c/,/d/`, [String.raw`/a\/b,c/`, '/d/']],
    ['text/calendar, application/*', ['text/calendar', 'application/*']],
    ['/a/b/, c', ['/a/b/', 'c']],
  ])('%s', (list, want) => {
    expect(parsePatterns(list).map(({ source }) => source)).toEqual(want);
  });

  test.each(['', ' , ,', '/a,b', '/a/ b', '/a/b,c/'])('refused: %j', list => {
    expect(() => parsePatterns(list)).toThrow();
  });

  test('a long list without end is split at once', () => {
    const start = performance.now();
    expect(() => parsePatterns(`${' '.repeat(20_000)}/${'a'.repeat(20_000)}`)).toThrow();
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('findPattern', () => {
  test('finds what trying the patterns one by one would find', () => {
    const letters = fc.stringMatching(/^[abAB@.*?]{1,8}$/);
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 6 }),
        fc.stringMatching(/^[abAB@.]{0,8}$/),
        (sources, text) => {
          const patterns = sources.map(s => parsePattern(s));
          expect(findPattern(patterns, text) !== undefined).toBe(patterns.some(p => p.matches(text)));
        },
      ),
    );
  });

  test('names only the beginning of a long list', () => {
    expect(listPatterns(parsePatterns('a, b, c'))).toBe('a, b, c');
    expect(listPatterns(parsePatterns('a, b, c, d, e'))).toBe('a, b, c and 2 more');
  });

  test('takes only those that count', () => {
    const patterns = parsePatterns('a@x, A@X, *@x, /x$/, *@*');
    const found: string[] = [];
    for (;;) {
      const next = findPattern(patterns, 'a@x', p => !found.includes(p.source));
      if (!next) break;
      found.push(next.source);
    }
    expect(found).toEqual(['a@x', 'A@X', '*@x', '/x$/', '*@*']);
  });
});
