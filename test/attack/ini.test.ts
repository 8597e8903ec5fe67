// Attack: an ini file made to crash, stall or deceive whoever reads it. Whatever is in it, it ends in problems with lines.
import { expect, test } from 'vitest';
import { formatProblem } from '../../src/config/config.js';
import { readConfig } from '../../src/config/read.js';

const million = 1_000_000;
const read = (text: string | Uint8Array): string[] =>
  readConfig('postseal.ini', text, 'mail.example.com').problems.map(formatProblem);

/** Each takes a second at most; by a parser that looks back at each octet, minutes. */
test.each<[string, string]>([
  ['a value of 10 MB', `[service]\nlisten = ${'a'.repeat(10 * million)}`],
  ['a value of escaped characters', `[service]\nlisten = ${'\\;'.repeat(2 * million)}`],
  ['a quoted value of 10 MB', `[service]\nlisten = "${'a'.repeat(10 * million)}"`],
  ['backslashes in quotes left open', `[service]\nlisten = "${'\\'.repeat(10 * million)}`],
  ['spaces within a value', `[service]\nlisten = a${' '.repeat(million)}b`],
  ['spaces within a header left open', `[${' '.repeat(million)}x`],
  ['a key of 1 MB', `[service]\n${'a'.repeat(million)} = x`],
  ['a section name of 1 MB', `[rule:${'a'.repeat(million)}]`],
  ['regular expressions left open', `[rule:x]\ncertificate = a\nsender = ${'/('.repeat(million / 2)}`],
  ['brackets', '['.repeat(million)],
])('%s', (_, text) => {
  const lengths = read(text).map(line => line.length);
  expect(lengths.length).toBeGreaterThan(0);
  // What is told of it is for people.
  expect(Math.max(...lengths)).toBeLessThan(3000);
});

test('50,000 keys in a section, each of which is told', () => {
  const keys = Array.from({ length: 50_000 }, (_, i) => `k${i} = x`).join('\n');
  expect(read(`[service]\n${keys}`).filter(line => line.includes('unknown key')).length).toBe(50_000);
});

test('names that every object has are sections and keys like others', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  for (const name of names) {
    expect(read(`[${name}]\na = 1`)[0]).toContain(`[${name}]`);
    expect(read(`[service]\n${name} = 1`)[0]).toContain(`${name}: unknown key`);
    expect(read(`[rule:x]\nsender = *@example.com\ncertificate = ${name}`)[0]).toContain(
      `no certificate named "${name}"`,
    );
  }
  expect(({} as Record<string, unknown>)['a']).toBeUndefined();
});

test('a NUL, a carriage return, a terminal sequence: named by line, and not shown', () => {
  for (const octet of ['\0', '\r', '\x1b[2J', '\x9b31m', '\u2028']) {
    const problems = read(`[service]\n; ${octet}x\nlisten = 127.0.0.1:10025${octet}x\n`);
    expect(problems.join('\n')).toMatch(/postseal\.ini:2: .*control character/);
    expect(problems.join('')).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028]/);
  }
});

test('a byte order mark opens the file and stands nowhere else', () => {
  expect(read('\ufeff[signing]\ndigest = md5').join()).toContain('postseal.ini:2:');
  expect(read('[signing]\n\ufeffdigest = sha256').join()).toContain('control character');
});

test('no key includes another file', () => {
  expect(read('[service]\ninclude = /etc/shadow').join()).toContain('unknown key');
  expect(read('include /etc/shadow').join()).not.toContain('root:');
});
