// Which certificates are warned of, when, and in which words.
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../src/config/config.js';
import { certificateStates } from '../../../src/service/certificate-states.js';
import { dueWarnings, expiryProblems, keyOf, nextLook, sentence } from '../../../src/service/expiry.js';
import { installationOf } from './installations.js';

const now = new Date('2026-11-27T10:00:00Z');
const anna = 'anna@example.com 2026-01-01';

describe('how it stands with a certificate', () => {
  test.each([
    ['2027-02-01T10:00:00Z', [], 'valid', 66],
    ['2026-12-27T10:00:00Z', [], 'soon', 30],
    ['2026-12-28T09:59:59Z', [], 'soon', 30],
    ['2026-12-28T10:00:00Z', [], 'valid', 31],
    ['2026-12-28T10:00:00Z', ['warn_days = 7, 60'], 'soon', 31],
    ['2026-11-27T10:00:00Z', ['warn_days = none'], 'valid', 0],
    ['2026-11-27T10:00:00Z', [], 'soon', 0],
    ['2026-11-27T09:59:59Z', ['warn_days = none'], 'expired', -1],
  ])('that expires at %s, with %j: %s', (end, journal, state, daysLeft) => {
    const it = installationOf({ a: `${anna} ${end}` }, ['r: certificate = a'], journal);
    expect(certificateStates(it, now)).toMatchObject([{ state, daysLeft }]);
  });

  test('whom it names, and which rules use it', () => {
    const certificates = {
      a: 'anna@example.com,BERT@Example.com 2027-01-01 2028-01-01',
      'staff/b.pem': `${anna} 2028-01-01`,
      idle: `- 2026-01-01 2028-01-01`,
    };
    const rules = [
      'one: certificate = a',
      'two: certificates = staff; sender = *@example.net',
      'none: sign = never',
    ];
    const states = certificateStates(installationOf(certificates, rules), now);
    expect(states).toMatchObject([
      {
        name: 'a',
        section: 'certificate a',
        addresses: ['anna@example.com', 'BERT@example.com'],
        rules: ['one'],
        notBefore: new Date('2027-01-01'),
        state: 'not-yet-valid',
      },
      { name: 'staff/b.pem', section: 'certificates staff', rules: ['two'], state: 'valid' },
      { name: 'idle', addresses: [], rules: [], missedBy: [] },
    ]);
  });
});

describe('a certificate is missed', () => {
  const missed = (certificates: Record<string, string>, ...rules: string[]): string[] =>
    certificateStates(installationOf(certificates, rules), now).map(c => `${c.name}: ${c.missedBy.join()}`);
  const soon = `${anna} 2026-12-01`;

  test.each<[string, Record<string, string>, string[], string[]]>([
    ['by its rule', { a: soon }, ['r: certificate = a'], ['a: r']],
    ['by no rule that does not use it', { a: soon, b: soon }, ['r: certificate = b'], ['a: ', 'b: r']],
    [
      'not where another takes its place',
      { a: soon, b: 'anna@example.com 2026-12-01 2027-12-01' },
      ['r: certificate = a, b'],
      ['a: ', 'b: r'],
    ],
    [
      'where the other one begins too late',
      { a: soon, b: 'anna@example.com 2026-12-02 2027-12-01' },
      ['r: certificate = a, b'],
      ['a: r', 'b: r'],
    ],
    [
      'not once that has begun, though there was a gap',
      { a: `${anna} 2026-10-01`, b: 'anna@example.com 2026-11-01 2027-12-01' },
      ['r: certificate = a, b'],
      ['a: ', 'b: r'],
    ],
    [
      'where the other one lasts no longer',
      { a: soon, b: soon },
      ['r: certificate = a, b'],
      ['a: r', 'b: r'],
    ],
    [
      'where the other one lacks an address',
      { a: 'anna@example.com,bert@example.com 2026-01-01 2026-12-01', b: `${anna} 2027-12-01` },
      ['r: certificate = a, b'],
      ['a: r', 'b: r'],
    ],
    [
      'not where several have its addresses',
      {
        a: 'anna@example.com,bert@example.com 2026-01-01 2026-12-01',
        b: `${anna} 2027-12-01`,
        c: 'Bert@example.com 2026-01-01 2027-12-01',
      },
      ['r: certificate = a, b, c'],
      ['a: ', 'b: r', 'c: r'],
    ],
    [
      'where case tells addresses apart',
      { a: soon, b: 'Anna@example.com 2026-01-01 2027-12-01' },
      ['r: certificate = a, b; local_parts = exact-case'],
      ['a: r', 'b: r'],
    ],
    [
      'by the rule that lacks the other one',
      { a: soon, b: `${anna} 2027-12-01` },
      ['r: certificate = a, b', 's: certificate = a'],
      ['a: s', 'b: r'],
    ],
    [
      'not where the other one lies in the same directory',
      { 'd/old.pem': soon, 'd/new.pem': `${anna} 2027-12-01`, 'd/none.pem': '- 2026-01-01 2026-12-01' },
      ['r: certificates = d'],
      ['d/old.pem: ', 'd/new.pem: r', 'd/none.pem: '],
    ],
    [
      'also where it names nobody and signs all the same',
      { a: '- 2026-01-01 2026-12-01' },
      ['r: certificate = a; mismatch = allow'],
      ['a: r'],
    ],
  ])('%s', (_, certificates, rules, want) => {
    expect(missed(certificates, ...rules)).toEqual(want);
  });
});

describe('a warning', () => {
  const states = (end: string, journal: string[] = []) =>
    certificateStates(installationOf({ a: `${anna} ${end}` }, ['r: certificate = a'], journal), now);
  const due = (end: string, told?: number, warnDays = [30, 14, 7, 1]): number[] => {
    const certificates = states(end, [`warn_days = ${warnDays.join() || 'none'}`]);
    const before = new Map(told === undefined ? [] : [[keyOf(certificates[0]!), told]]);
    return dueWarnings(certificates, warnDays, before).map(({ days }) => days);
  };

  test.each<[string, number | undefined, number[]]>([
    ['2027-03-01', undefined, []],
    ['2026-12-20', undefined, [30]],
    ['2026-12-20', 30, []],
    ['2026-12-11', 30, [14]],
    ['2026-12-02', undefined, [7]],
    ['2026-12-02', 14, [7]],
    // The clock has been set back since.
    ['2026-12-02', 1, [7]],
    ['2026-11-27T23:00:00Z', 7, [1]],
    ['2026-11-27T09:00:00Z', 1, [0]],
    ['2026-11-01', undefined, [0]],
    ['2026-11-01', 0, []],
  ])('for the end at %s, told for %s days already, is due for %j', (end, told, want) => {
    expect(due(end, told)).toEqual(want);
  });

  test('with none is due once it has expired', () => {
    expect(due('2026-11-28', undefined, [])).toEqual([]);
    expect(due('2026-11-26', undefined, [])).toEqual([0]);
  });

  test('is due for a new certificate of the same name', () => {
    const told = new Map([[keyOf(states('2026-12-02')[0]!), 0]]);
    expect(dueWarnings(states('2026-12-03'), [7], told)).toHaveLength(1);
  });

  test.each([
    ['2026-12-11T11:00:00Z', 'expires on 2026-12-11, in 14 days,'],
    ['2026-11-28T11:00:00Z', 'expires on 2026-11-28, in 1 day,'],
    ['2026-11-28T09:00:00Z', 'expires on 2026-11-28, in less than a day,'],
    ['2026-11-20', 'expired on 2026-11-20,'],
  ])('for the end at %s says that it %s', (end, want) => {
    expect(sentence(states(end)[0]!)).toBe(
      `certificate a (anna@example.com) ${want} and rule r has no other: postseal cert replace a FILE`,
    );
  });

  test('names many addresses and rules within bounds, and a command that a shell takes', () => {
    const addresses = ['a', 'b', 'c', 'd', 'e'].map(name => `${name}@example.com`).join();
    const it = installationOf({ "d/it's mine.pem": `${addresses} 2026-01-01 2026-12-11` }, [
      'r: certificates = d',
      's: certificates = d; sender = *@example.com',
    ]);
    expect(sentence(certificateStates(it, now)[0]!)).toBe(
      "certificate d/it's mine.pem (a@example.com, b@example.com, c@example.com and 2 more) expires on 2026-12-11, " +
        "in 13 days, and rules r, s have no other: postseal cert replace 'd/it'\\''s mine.pem' FILE",
    );
  });

  test('is told by "postseal check" where its section stands', () => {
    const certificates = {
      a: `${anna} 2026-12-01`,
      'd/b.pem': `${anna} 2026-11-01`,
      c: `${anna} 2028-01-01`,
    };
    const rules = ['r: certificate = a', 's: certificates = d', 't: certificate = c'];
    expect(expiryProblems(installationOf(certificates, rules), now).map(formatProblem)).toEqual([
      '/etc/postseal/postseal.ini:2: [certificate:a] file: warning: certificate a (anna@example.com) expires on ' +
        '2026-12-01, in 3 days, and rule r has no other: postseal cert replace a FILE',
      '/etc/postseal/postseal.ini:4: [certificates:d] directory: warning: certificate d/b.pem (anna@example.com) ' +
        'expired on 2026-11-01, and rule s has no other: postseal cert replace d/b.pem FILE',
    ]);
  });
});

describe('the next look', () => {
  test.each([
    ['2028-01-01', 'the next day', '2026-11-28T00:00:00.000Z'],
    ['2026-11-27T18:30:00Z', 'just after it has expired', '2026-11-27T18:30:00.001Z'],
    ['2026-11-27T10:00:00Z', 'at once, for the last moment', '2026-11-27T10:00:00.001Z'],
    ['2026-11-27T09:00:00Z', 'the next day, as it has expired', '2026-11-28T00:00:00.000Z'],
  ])('with the end at %s is %s', (end, _, want) => {
    const certificates = certificateStates(
      installationOf({ a: `${anna} ${end}` }, ['r: certificate = a']),
      now,
    );
    expect(nextLook(certificates, now).toISOString()).toBe(want);
  });
});
