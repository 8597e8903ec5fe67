// What the message asks × what the rule does by itself × whether the sender has a certificate (parity row 3).
import { describe, expect, test } from 'vitest';
import { factsOf } from '../../../src/facts.js';
import { describeDecision } from '../../../src/sentence.js';
import { TopHeaderReader } from '../../../src/mime/top-header.js';
import { decide } from '../../../src/rules/decide.js';
import { parsePatterns } from '../../../src/rules/pattern.js';
import type { Policy, Rule } from '../../../src/rules/policy.js';
import { mail } from '../../support/golden-chunks.js';
import {
  envelope,
  goldenClock,
  goldenIdentity,
  policyFor,
  ruleFor,
  runFilter,
} from '../../support/golden-filter.js';
import { dissect } from '../../support/verifiers.js';

const identity = await goldenIdentity('rsa');
const toBob = envelope('anna@example.com', ['bob@example.org']);

type Flag = 'none' | 'true' | 'false';
type Default = 'on' | 'off';
type Certificate = 'yes' | 'no';

/** A rule that signs by default, or on request, with a certificate of the sender's or without. */
function policyOf(byDefault: Default, certificate: Certificate, changes: Partial<Rule>): Policy {
  const sign = byDefault === 'on' ? 'by-default' : 'on-request';
  const identitiesFor = (): (typeof identity)[] => (certificate === 'yes' ? [identity] : []);
  return { ...policyFor(identity), rules: [ruleFor(identity, { sign, identitiesFor, ...changes })] };
}

function messageOf(flag: Flag): Buffer {
  const asking = flag === 'none' ? [] : [`X-Postseal-Sign: ${flag}`];
  return mail('From: anna@example.com', ...asking, 'Subject: Rechnung', '', 'Guten Morgen');
}

function decided(flag: Flag, policy: Policy): string {
  const reader = new TopHeaderReader();
  const header = reader.write(messageOf(flag)) ?? reader.end();
  const facts = factsOf(toBob, header, { bytes: header.rest, whole: true });
  const [verdict] = decide(policy, facts, [toBob.recipients[0]!.address], goldenClock);
  return describeDecision(verdict!.decision);
}

const signed = 'signed rule=staff certificate=rsa';
const unsigned = {
  none: 'unsigned rule=staff (no signature asked for)',
  false: 'unsigned rule=staff (X-Postseal-Sign asks for no signature)',
};
const noCertificate = 'No S/MIME certificate for the sender: anna@example.com in certificate rsa';
const refused = `rejected rule=staff (${noCertificate})`;

/** In which only the mail of a sender with a certificate goes out, signed or not. */
const strict = { requireCertificate: true, noCertificate: 'reject' } as const;

describe('the twelve scenarios: strict, and where only what is to be signed needs a certificate', () => {
  test.each<[Flag, Default, Certificate, string, string]>([
    ['none', 'on', 'yes', signed, signed],
    ['true', 'on', 'yes', signed, signed],
    ['false', 'on', 'yes', unsigned.false, unsigned.false],
    ['none', 'off', 'yes', unsigned.none, unsigned.none],
    ['true', 'off', 'yes', signed, signed],
    ['false', 'off', 'yes', unsigned.false, unsigned.false],
    ['none', 'on', 'no', refused, refused],
    ['true', 'on', 'no', refused, refused],
    ['false', 'on', 'no', refused, unsigned.false],
    ['none', 'off', 'no', refused, unsigned.none],
    ['true', 'off', 'no', refused, refused],
    ['false', 'off', 'no', refused, unsigned.false],
  ])('flag %s, default %s, certificate %s', (flag, byDefault, certificate, strictly, otherwise) => {
    expect(decided(flag, policyOf(byDefault, certificate, strict))).toBe(strictly);
    expect(decided(flag, policyOf(byDefault, certificate, { noCertificate: 'reject' }))).toBe(otherwise);
  });
});

describe('rules that do not hear', () => {
  test.each<[Rule['sign'], Flag, string]>([
    ['always', 'false', signed],
    ['always', 'true', signed],
    ['never', 'true', 'unsigned rule=staff (rule never signs)'],
    ['never', 'false', 'unsigned rule=staff (rule never signs)'],
  ])('%s, flag %s', (sign, flag, want) => {
    expect(decided(flag, policyOf('on', 'yes', { sign }))).toBe(want);
  });
});

describe('require_certificate asks for a certificate that could sign', () => {
  const late = { ...identity, notAfter: new Date('2026-01-01') };
  const strange = { ...identity, addresses: [] };
  test.each<[string, Partial<Rule>, string]>([
    [
      'expired',
      { identitiesFor: () => [late], expired: 'reject' },
      'rejected rule=staff (S/MIME certificate is expired',
    ],
    [
      'mismatch',
      { identitiesFor: () => [strange] },
      'deferred rule=staff (S/MIME certificate does not name the sender',
    ],
    [
      'failure',
      { identitiesFor: () => [], unusableFor: () => 'anna.p12 is damaged' },
      'deferred rule=staff (S/MIME certificate cannot be used: anna.p12 is damaged',
    ],
    [
      'no certificate, passed',
      { identitiesFor: () => [], noCertificate: 'pass' },
      `unsigned rule=staff (${noCertificate}`,
    ],
  ])('%s', (_, changes, want) => {
    expect(decided('false', policyOf('on', 'yes', { requireCertificate: true, ...changes }))).toContain(want);
  });
});

describe('through the filter', () => {
  const run = (flag: Flag, byDefault: Default, certificate: Certificate) =>
    runFilter([messageOf(flag)], toBob, { policy: policyOf(byDefault, certificate, strict) });

  test('signed on request, and the request goes no further', async () => {
    const { reply, deliveries, journal } = await run('true', 'off', 'yes');
    expect(reply.code).toBe(250);
    expect(journal[0]).toContain(`, ${signed} to=<bob@example.org>`);
    const { content } = deliveries[0]!;
    expect(content.toString()).not.toContain('X-Postseal-Sign');
    expect(dissect(content).entity.toString()).toContain('Guten Morgen');
  });

  test('unsigned on request: every other octet as it came', async () => {
    const { reply, deliveries, journal } = await run('false', 'on', 'yes');
    expect(reply.code).toBe(250);
    expect(journal[0]).toContain(`, ${unsigned.false} to=<bob@example.org>`);
    const content = deliveries[0]!.content.toString();
    expect(content.slice(content.indexOf('From:'))).toBe(messageOf('none').toString());
  });

  test('refused without a certificate, though nobody asked for a signature', async () => {
    const { reply, deliveries } = await run('none', 'off', 'no');
    expect(reply).toEqual({ code: 554, text: `5.7.5 ${noCertificate}` });
    expect(deliveries).toEqual([]);
  });
});

test('an author too long for any pattern does not slip past a rule: it is refused, not left unsigned', () => {
  const policy = {
    ...policyFor(identity),
    rules: [ruleFor(identity, { senders: parsePatterns('/@example\\.com$/') })],
  };
  const reader = new TopHeaderReader();
  const message = mail(`From: ${'a'.repeat(10_001)}@example.com`, '', 'Hello');
  const header = reader.write(message) ?? reader.end();
  const facts = factsOf(toBob, header, { bytes: header.rest, whole: true });
  const [verdict] = decide(policy, facts, [toBob.recipients[0]!.address], goldenClock);
  expect(describeDecision(verdict!.decision)).toMatch(
    /^deferred rule=staff \(From does not name exactly one/,
  );
});
