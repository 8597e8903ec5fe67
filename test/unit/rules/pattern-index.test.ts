// The index finds what a search from the beginning finds, for patterns and for rules.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Address } from '../../../src/address.js';
import type { Step } from '../../../src/decision.js';
import type { MessageFacts } from '../../../src/rules/message.js';
import { PatternIndex } from '../../../src/rules/pattern-index.js';
import { parsePattern } from '../../../src/rules/pattern.js';
import type { Rule } from '../../../src/rules/policy.js';
import { findRule } from '../../../src/rules/sender.js';
import { goldenIdentity, ruleFor } from '../../support/golden-filter.js';

const domain = fc.array(fc.constantFrom('a', 'b', 'A'), { minLength: 1, maxLength: 3 }).map(d => d.join('.'));
const mailbox = fc.tuple(fc.constantFrom('a', 'b', 'ab', 'A'), domain).map(parts => parts.join('@'));
const pattern = fc.oneof(
  mailbox,
  fc.tuple(fc.constantFrom('*', '?', 'a*', '*b'), domain).map(parts => parts.join('@')),
  domain.map(d => `*@*.${d}`),
  fc.constantFrom('*', '*.a', 'a@*', '*@?.a', '/^a@/', '/b$/', '/^ab@.*a/'),
  fc.string({
    unit: fc.constantFrom('a', 'b', '.', '@', '*', '?', 'Σ', 'ς', 'İ', '😀'),
    minLength: 1,
    maxLength: 6,
  }),
);
const text = fc.oneof(
  mailbox,
  fc.string({ unit: fc.constantFrom('a', 'B', '.', '@', 'Σ', 'σ', 'i', '😀'), maxLength: 8 }),
);

test('the first pattern that matches, among those that count', () => {
  const lists = fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(lists, text, (list, looked) => {
      const patterns = list.map(([source, counted]) => ({ ...parsePattern(source), counted }));
      const want = patterns.find(p => p.counted && p.matches(looked));
      expect(new PatternIndex(patterns).find(looked, p => p.counted)).toBe(want);
    }),
    { numRuns: 5000 },
  );
});

const identity = await goldenIdentity('ec');

function message(sender: string, from: readonly string[]): MessageFacts {
  const read = (one: string): Address => Address.parse(one)!;
  return {
    ...{ sender: read(sender), from: from.map(read), fields: [], mediaType: 'text/plain', fileNames: [] },
    ...{
      size: undefined,
      keyFailure: undefined,
      content: () => ({ fragile: [], unsignable: undefined, unprotectable: undefined }),
    },
  };
}

test('the first rule that is about the sender', () => {
  const rules = fc.array(
    fc.record({
      match: fc.constantFrom('from' as const, 'envelope' as const),
      senders: fc.array(pattern.map(parsePattern), { minLength: 1, maxLength: 3 }),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(rules, mailbox, fc.array(mailbox, { maxLength: 3 }), (changes, sender, from) => {
      const all: Rule[] = changes.map((change, i) => ruleFor(identity, { ...change, name: `r${i}` }));
      const looked = message(sender, from);
      const authors = from.length > 0 ? looked.from! : [looked.sender];
      const isAbout = ({ match, senders }: Rule): boolean =>
        (match === 'from' ? authors : [looked.sender]).some(a => senders.some(p => p.matches(a.canonical)));
      const want = all.find(isAbout);
      const steps: Step[] = [];
      expect(findRule(all, looked, steps)).toBe(want);
      const last = steps.at(-1)?.finding ?? '';
      expect(/ matches /.test(last)).toBe(want !== undefined);
    }),
    { numRuns: 1000 },
  );
});

test('of many rules that are not about a sender some are told, and the number of the others', () => {
  const rules = Array.from({ length: 1000 }, (_, i) =>
    ruleFor(identity, { name: `r${i}`, senders: [parsePattern(`a${i}@example.com`)] }),
  );
  const steps: Step[] = [];
  expect(findRule(rules, message('a999@example.com', []), steps)).toBe(rules[999]);
  expect(steps).toHaveLength(22);
  expect(steps.slice(-2)).toEqual([
    { subject: 'rules', finding: '979 more do not match' },
    {
      subject: 'rule r999',
      finding: 'From names nobody clearly; envelope sender a999@example.com matches a999@example.com',
    },
  ]);
});
