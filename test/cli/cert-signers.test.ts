// What `postseal cert` tells of who signs once a certificate has come or gone: what the rules then do, and no more.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Request } from '../support/pki.js';
import { temporaryPki } from '../support/pki-temporary.js';
import { House } from './cert-house.js';

const pki = temporaryPki();
const from = (days: number): Date => new Date(Date.now() + days * 86_400_000);
const on = (days: number): string => from(days).toISOString().slice(0, 10);
const dated = (name: string, first: number, last: number, more: Partial<Request> = {}) =>
  pki.issue({
    name,
    addresses: ['anna@example.com'],
    key: 'p256',
    notBefore: from(first),
    notAfter: from(last),
    ...more,
  }).pem;
const long = dated('long', -1, 300);
const short = dated('short', -1, 100);
const ended = dated('ended', -30, -3);
const next = dated('next', 10, 400);

const rule = '[rule:s]\nsender = *@example.com\n';
const staff = `[certificates:staff]\ndirectory = staff\n${rule}certificates = staff\n`;
const two = `${rule}certificate = a, b ; both\n[certificate:a]\nfile = a.pem\n[certificate:b]\nfile = b.pem\n`;

/** A house with copies of these files. */
function houseWith(text: string, files: Readonly<Record<string, string>>): House {
  const house = new House(pki.dir, text);
  mkdirSync(house.path('staff'));
  for (const [path, file] of Object.entries(files)) writeFileSync(house.path(path), readFileSync(file));
  return house;
}

describe('add to a directory', () => {
  test.each([
    ['a longer one', long, short, 'Rule s signs with it for anna@example.com.'],
    [
      'a shorter one',
      short,
      long,
      `Rule s signs with staff/old.pem for anna@example.com: staff/new.pem expires earlier, on ${on(100)}.`,
    ],
    [
      'one that is not valid yet',
      next,
      short,
      `Rule s signs with staff/old.pem for anna@example.com: staff/new.pem is not valid before ${on(10)}.`,
    ],
    [
      'one that is not valid yet, beside one that is expired,',
      next,
      ended,
      `Rule s does not sign for anna@example.com: S/MIME certificate is not yet valid: staff/new.pem before ${on(10)}.`,
    ],
  ])('%s', async (_, file, old, words) => {
    const house = houseWith(staff, { 'staff/old.pem': old });
    const { code, out } = await house.cert('add', file, '--to', 'staff', '--name', 'new');
    expect(code).toBe(0);
    expect(out.split('\n').find(line => line.startsWith('Rule'))).toBe(words);
  });
});

test('a file name may hold any character', async () => {
  const house = houseWith(staff, { 'staff/a%b.pem': long });
  const { out } = await house.cert('add', short, '--to', 'staff', '--name', 'new');
  expect(out).toContain('Rule s signs with staff/a%b.pem for anna@example.com: ');
});

describe('replace ahead of time', () => {
  test.each<[string, string, string | undefined]>([
    ['that lasts long enough', short, undefined],
    ['that expires before', dated('ending', -1, 4), `expires on ${on(4)}: from then until ${on(10)}`],
    ['that is expired', ended, `is expired: from now until ${on(10)}`],
  ])('one %s', async (_, old, gap) => {
    const sections = houseWith(two, { 'a.pem': old, 'b.pem': short });
    const directory = houseWith(staff, { 'staff/a.pem': old });
    for (const [house, name] of [
      [sections, 'a'],
      [directory, 'staff/a.pem'],
    ] as const) {
      const { code, out } = await house.cert('replace', name, next);
      expect(code).toBe(0);
      if (gap === undefined) expect(out).not.toContain('neither');
      else expect(out).toContain(`${name} ${gap} neither of the two signs.\n`);
      if (house === sections) expect(out.includes('which signs until then')).toBe(gap === undefined);
    }
  });
});

describe('remove', () => {
  const other = dated('other', -1, 200, { addresses: ['otto@example.com'] });

  test.each<[string, string, number, RegExp | undefined]>([
    ['leaves the name of another that is valid in the rule', short, 0, undefined],
    [
      'refuses where no other is valid today',
      next,
      78,
      /postseal\.ini:3: \[rule:s\] certificate: of a, b only a is valid/,
    ],
    ['tells for whom nobody signs any more', other, 0, /Nobody signs for anna@example\.com in rule s now: /],
  ])('%s', async (_, left, code, words) => {
    const house = houseWith(two, { 'a.pem': long, 'b.pem': left });
    const outcome = await house.cert('remove', 'a');
    expect(outcome.code).toBe(code);
    const told = outcome.out + outcome.err;
    if (words) expect(told).toMatch(words);
    else expect(told).not.toContain('Nobody');
    if (code === 0) expect(house.text).toContain('certificate = b ; both\n');
    else expect(house.text).toBe(two);
  });

  test('of one that does not sign anyway needs no other', async () => {
    const house = houseWith(two, { 'a.pem': ended, 'b.pem': next });
    expect((await house.cert('remove', 'a')).code).toBe(0);
  });

  test('out of a directory tells of whom only one is left that is not valid yet', async () => {
    const house = houseWith(staff, { 'staff/a.pem': long, 'staff/b.pem': next });
    expect((await house.cert('remove', 'staff/a.pem')).out).toContain(
      'Nobody signs for anna@example.com in rule s now: ',
    );
  });
});
