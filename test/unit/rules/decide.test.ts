// The decision as tables: who sends what, and what becomes of it (R1, R2, R4, R5).
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digests, digestsFrom, type DigestName } from '../../../src/algorithms.js';
import type { Verdict } from '../../../src/decision.js';
import { parseMailboxes } from '../../../src/address.js';
import { outcome } from '../../../src/failure.js';
import type { Identity } from '../../../src/identity.js';
import { describeDecision } from '../../../src/sentence.js';
import { decide } from '../../../src/rules/decide.js';
import type { ContentFacts, MessageFacts } from '../../../src/rules/message.js';
import { parsePattern, parsePatterns } from '../../../src/rules/pattern.js';
import type { Exception, Policy, Rule } from '../../../src/rules/policy.js';
import { address, goldenDirectory, policyFor, ruleFor } from '../../support/golden-filter.js';

const now = new Date('2026-11-24T10:30:00Z');
const key = createPrivateKey(readFileSync(join(goldenDirectory, 'rsa.pem')));

/** A certificate of which only names and dates matter. */
function identity(name: string, addresses: string[], from = '2026-01-01', to = '2027-01-01'): Identity {
  const none = Buffer.alloc(0);
  return {
    ...{ name, file: `/${name}.pem`, key, keyType: 'rsa', keyDescription: 'RSA 2048', subject: `CN=${name}` },
    ...{ certificate: none, chain: [], issuer: none, serialNumber: none },
    digests: digestsFrom(digests.sha1),
    addresses: addresses.map(address),
    notBefore: new Date(from),
    notAfter: new Date(to),
  };
}

const anna = identity('anna', ['anna@example.com']);

function rule(changes: Partial<Rule> = {}): Rule {
  return ruleFor(anna, changes);
}

/** Facts about a message of anna's, but for what is changed; `from` is a From field body. */
function facts({
  from = 'Anna <anna@example.com>',
  sender = 'anna@example.com',
  content = {},
  ...others
}: Omit<Partial<MessageFacts>, 'from' | 'sender' | 'content'> & {
  from?: string;
  sender?: string;
  content?: Partial<ContentFacts>;
} = {}): MessageFacts {
  return {
    ...{ mediaType: 'text/plain', fileNames: [], fields: [{ name: 'from', body: from }] },
    sender: address(sender),
    from: parseMailboxes(from),
    content: () => ({ fragile: [], unsignable: undefined, unprotectable: undefined, ...content }),
    ...{ size: 1000, keyFailure: undefined },
    ...others,
  };
}

function verdicts(policy: Partial<Policy>, message: MessageFacts, ...recipients: string[]): Verdict[] {
  const to = recipients.length === 0 ? ['bob@example.org'] : recipients;
  return decide(
    { ...policyFor(anna), rules: [rule()], leaveUnsigned: [], ...policy },
    message,
    to.map(address),
    now,
  );
}

/** The decision for the first recipient, as journal and `explain` say it. */
const decided = (policy: Partial<Policy>, message: MessageFacts): string =>
  describeDecision(verdicts(policy, message)[0]!.decision);

const signed = 'signed rule=staff certificate=anna';

describe('what is never signed, whatever the rules say (R1, R2)', () => {
  test.each<[string, Parameters<typeof facts>[0], string]>([
    ['a bounce', { sender: '' }, 'null sender'],
    ['a signed message', { mediaType: 'multipart/signed' }, 'signed already'],
    ['an encrypted one', { mediaType: 'multipart/encrypted' }, 'encrypted already'],
    ['S/MIME', { mediaType: 'application/pkcs7-mime' }, 'signed or encrypted already'],
    ['S/MIME by its old name', { mediaType: 'application/x-pkcs7-mime' }, 'signed or encrypted already'],
    [
      'S/MIME relabelled',
      { mediaType: 'application/octet-stream', fileNames: ['smime.P7M'] },
      'signed or encrypted already',
    ],
    [
      'S/MIME relabelled and renamed',
      { mediaType: 'application/octet-stream', fileNames: ['data.bin', 'smime.p7m'] },
      'signed or encrypted already',
    ],
    ['a report', { mediaType: 'multipart/report' }, 'report'],
    ['a fragment', { mediaType: 'message/partial' }, 'fragment of a message'],
  ])('%s', (_, message, reason) => {
    expect(decided({}, facts(message))).toBe(`unsigned (${reason})`);
  });

  test.each(['data.bin', 'p7m', 'smime.p7m.txt'])('a file called %s is signed', name => {
    expect(decided({}, facts({ mediaType: 'application/octet-stream', fileNames: [name] }))).toBe(signed);
  });

  test('an exception adds nothing to it', () => {
    const exceptions = [{ name: 'all', recipients: parsePatterns('*') }];
    expect(decided({ exceptions }, facts({ sender: '' }))).toBe('unsigned (null sender)');
  });
});

describe('which rule', () => {
  const never = rule({ name: 'noreply', senders: parsePatterns('noreply@*'), sign: 'never' });
  const byEnvelope = rule({
    name: 'lists',
    match: 'envelope',
    senders: parsePatterns('*-owner@example.com'),
  });
  test.each<[string, Parameters<typeof facts>[0], string]>([
    ['the first that matches', {}, signed],
    ['none', { from: 'carl@example.net', sender: 'anna@example.com' }, 'unsigned (no rule for this sender)'],
    ['one that never signs', { from: 'noreply@example.com' }, 'unsigned rule=noreply (rule never signs)'],
    ['one about the envelope', { sender: 'list-owner@example.com' }, 'signed rule=lists certificate=anna'],
    [
      'any of several authors brings the rule',
      { from: 'c@example.net, anna@example.com' },
      'deferred rule=staff (From does not name exactly one mailbox: c@example.net, anna@example.com)',
    ],
    [
      'a From that cannot be read: the envelope',
      { from: 'a@example.com <b@c>' },
      'deferred rule=staff (From does not name exactly one mailbox: it names none, or cannot be read without guessing)',
    ],
    [
      'no From: the envelope; nothing goes unsigned in silence',
      { from: '' },
      'deferred rule=staff (From does not name exactly one mailbox: it names none, or cannot be read without guessing)',
    ],
    [
      'a From without a domain: the envelope, too',
      { from: 'Anna' },
      'deferred rule=staff (From does not name exactly one mailbox: it names none, or cannot be read without guessing)',
    ],
  ])('%s', (_, message, want) => {
    expect(decided({ rules: [never, byEnvelope, rule(), rule({ name: 'later' })] }, facts(message))).toBe(
      want,
    );
  });
});

describe('the author and the envelope sender (R4)', () => {
  test.each<[Rule['envelopeSender'], string, string, 'sign' | 'refuse']>([
    ['exact', 'anna@example.com', 'ANNA@Example.com', 'sign'],
    ['exact', 'anna@example.com', 'anna+tag@example.com', 'refuse'],
    ['same-domain', 'anna@example.com', 'bounce@EXAMPLE.com', 'sign'],
    ['same-domain', 'anna@example.com', 'anna@mail.example.com', 'refuse'],
    ['same-domain', 'anna@example.com', 'mallory@example.net', 'refuse'],
    ['any', 'anna@example.com', 'bounce@esp.example', 'sign'],
    ['any', 'anna@example.com, Anna <ANNA@example.com>', 'anna@example.com', 'sign'],
    ['any', 'anna@example.com, bob@example.com', 'anna@example.com', 'refuse'],
  ])('%s: From %s, envelope %s', (envelopeSender, from, sender, want) => {
    const [verdict] = verdicts({ rules: [rule({ envelopeSender })] }, facts({ from, sender }));
    expect(verdict!.decision.action).toBe(want);
  });
});

describe('which certificate', () => {
  const other = identity('other', ['bob@example.com']);
  const old = identity('old', ['anna@example.com'], '2025-01-01', '2026-01-01');
  const future = identity('future', ['anna@example.com'], '2027-01-01', '2028-01-01');
  const newer = identity('newer', ['anna@example.com'], '2026-06-01', '2027-06-01');

  test.each<[string, Identity[], string]>([
    ['one that names the author', [other, newer], 'newer'],
    ['one that is valid now', [future, old, anna], 'anna'],
    ['of those the one that expires last', [anna, newer, old, future], 'newer'],
    ['of those that expire together the first', [newer, { ...newer, name: 'again' }], 'newer'],
  ])('%s', (_, identities, want) => {
    expect(decided({ rules: [rule({ identitiesFor: () => identities })] }, facts())).toBe(
      `signed rule=staff certificate=${want}`,
    );
  });

  test('why one was taken, and the others were not', () => {
    const identities = [other, old, future, anna, newer, { ...newer, name: 'again' }];
    const unusableFor = () => 'anna.p12: is empty';
    const [verdict] = verdicts({ rules: [rule({ identitiesFor: () => identities, unusableFor })] }, facts());
    const steps = verdict!.steps.filter(({ subject }) => subject === 'certificate anna');
    expect(steps.map(({ finding }) => finding)).toEqual([
      'newer names anna@example.com, and of those valid now expires last, on 2027-06-01',
      'other does not name anna@example.com',
      'old is expired since 2026-01-01',
      'future is not valid before 2027-01-01',
      `anna expires earlier, on ${anna.notAfter.toISOString().slice(0, 10)}`,
      'again expires at the same time, and is named later',
      'another cannot be used: anna.p12: is empty',
    ]);
  });

  test.each<[string, Identity[], string]>([
    ['the one that comes into force', [old, future], 'is not yet valid: future before 2027-01-01'],
    [
      'the one that expired last',
      [identity('older', ['anna@example.com'], '2024-01-01', '2025-01-01'), old],
      'is expired: old since 2026-01-01',
    ],
    [
      'all that name somebody else',
      [other, { ...other, name: 'third' }],
      'certificate other names bob@example.com, certificate third names bob@example.com',
    ],
  ])('where none can sign it tells of %s', (_, identities, want) => {
    expect(decided({ rules: [rule({ identitiesFor: () => identities })] }, facts())).toContain(want);
  });

  test('one that cannot be used may be the one that names the author', () => {
    const own = { identitiesFor: () => [other], unusableFor: () => 'anna.p12: is empty' };
    const rules = [rule({ ...own, mismatch: 'pass', failure: 'defer' })];
    expect(decided({ rules }, facts())).toMatch(/^deferred .*cannot be used: anna\.p12: is empty/);
  });

  const reasons = {
    none: 'No S/MIME certificate for the sender: anna@example.com in certificate anna',
    mismatch:
      'S/MIME certificate does not name the sender: anna@example.com; certificate other names bob@example.com',
    expired: 'S/MIME certificate is expired: old since 2026-01-01',
    early: 'S/MIME certificate is not yet valid: future before 2027-01-01',
    unusable: 'S/MIME certificate cannot be used: anna.p12: is empty',
    renewal: 'S/MIME certificate cannot be used: anna.p12: is empty',
  };
  test.each<[keyof typeof reasons, Identity[], keyof Rule]>([
    ['none', [], 'noCertificate'],
    ['mismatch', [other], 'mismatch'],
    ['expired', [old], 'expired'],
    ['early', [future], 'expired'],
    ['unusable', [], 'failure'],
    ['renewal', [old], 'failure'],
  ])('%s: deferred, rejected or passed, as the rule says', (why, identities, option) => {
    const unusableFor = () => (option === 'failure' ? 'anna.p12: is empty' : undefined);
    const own = { identitiesFor: () => identities, unusableFor };
    const by = (when: string) =>
      verdicts({ rules: [rule({ ...own, [option]: when })] }, facts())[0]!.decision;
    const [defer, reject, pass] = [by('defer'), by('reject'), by('pass')];
    expect(describeDecision(defer)).toBe(`deferred rule=staff (${reasons[why]})`);
    expect(describeDecision(reject)).toBe(`rejected rule=staff (${reasons[why]})`);
    expect(describeDecision(pass)).toBe(`unsigned rule=staff (${reasons[why]})`);
    if (reject.action === 'refuse') expect(outcome(reject.failure.reply)).toBe('rejected');
  });

  test('a key that asks for a stronger digest than the rule gets it; a weaker one changes nothing', () => {
    const digest = (minimum: DigestName, asked: DigestName): string | undefined => {
      const identities = [{ ...anna, digests: digestsFrom(digests[minimum]) }];
      const [verdict] = verdicts(
        { rules: [rule({ identitiesFor: () => identities, digest: digests[asked] })] },
        facts(),
      );
      return verdict!.decision.action === 'sign' ? verdict!.decision.algorithm.digest.name : undefined;
    };
    expect(digest('sha384', 'sha256')).toBe('sha384');
    expect(digest('sha256', 'sha512')).toBe('sha512');
  });

  test('an algorithm that the key cannot do is replaced by one it can; the rule chooses for plain RSA keys (R26)', () => {
    const algorithm = (changes: Partial<Identity>, given: Partial<Rule>): string => {
      const identities = [{ ...anna, ...changes }];
      const [verdict] = verdicts({ rules: [rule({ identitiesFor: () => identities, ...given })] }, facts());
      if (verdict!.decision.action !== 'sign') throw new Error('not signed');
      const { title, digest } = verdict!.decision.algorithm;
      return `${title} ${digest.name}`;
    };
    const ed25519 = { keyType: 'ed25519', digests: [digests.sha512] } as const;
    const restricted = { keyType: 'rsa-pss', digests: [digests.sha256] } as const;
    expect(algorithm({}, {})).toBe('RSA sha256');
    expect(algorithm({}, { digest: digests.sha1 })).toBe('RSA sha1');
    expect(algorithm({}, { signature: 'rsa-pss' })).toBe('RSA-PSS sha256');
    expect(algorithm({ keyType: 'ec' }, { signature: 'rsa-pss' })).toBe('ECDSA sha256');
    expect(algorithm(ed25519, {})).toBe('Ed25519 sha512');
    expect(algorithm(restricted, { digest: digests.sha512 })).toBe('RSA-PSS sha256');
  });

  test('local parts that differ in case are the same unless told otherwise (R5)', () => {
    const shouting = facts({ from: 'ANNA@example.com', sender: 'ANNA@example.com' });
    expect(decided({}, shouting)).toBe(signed);
    const exact = { rules: [rule({ localParts: 'exact-case' })] };
    expect(decided(exact, facts())).toBe(signed);
    expect(decided(exact, facts({ from: 'anna@EXAMPLE.com' }))).toBe(signed);
    expect(decided(exact, shouting)).toMatch(/^deferred .* does not name the sender: ANNA@example.com;/);
  });

  test('exact case holds between author and envelope sender, too', () => {
    const exact = { rules: [rule({ localParts: 'exact-case', envelopeSender: 'exact' })] };
    expect(decided(exact, facts())).toBe(signed);
    expect(decided(exact, facts({ sender: 'aNNA@example.com' }))).toMatch(/^deferred .*Envelope sender/);
    const twice = facts({ from: 'anna@example.com, ANNA@example.com' });
    expect(decided(exact, twice)).toMatch(/^deferred .*exactly one mailbox/);
  });

  test('a mismatch may be warned of (R5)', () => {
    const warn = { rules: [rule({ identitiesFor: () => [other], mismatch: 'warn' })] };
    expect(decided(warn, facts())).toBe(
      'signed rule=staff certificate=other (warning: other does not name anna@example.com)',
    );
    expect(decided({ rules: [rule({ mismatch: 'warn' })] }, facts())).toBe(signed);
  });

  test('a certificate that does not name the author may sign where the rule allows it, expired ones not', () => {
    const allow = (identities: Identity[]) =>
      decided({ rules: [rule({ identitiesFor: () => identities, mismatch: 'allow' })] }, facts());
    expect(allow([other])).toBe('signed rule=staff certificate=other');
    expect(allow([other, anna])).toBe(signed);
    const late = identity('late', ['bob@example.com'], '2025-01-01', '2026-01-01');
    expect(allow([late])).toContain('is expired: late');
  });
});

describe('content that common clients cannot use once it is signed (R3)', () => {
  test.each([
    ['calendar', 'calendar invitation'],
    ['tnef', 'winmail.dat'],
  ] as const)('%s is left unsigned, unless that is switched off', (kind, reason) => {
    const message = facts({ content: { fragile: [kind] } });
    expect(decided({ leaveUnsigned: ['calendar', 'tnef'] }, message)).toBe(`unsigned rule=staff (${reason})`);
    expect(decided({ leaveUnsigned: [] }, message)).toBe(signed);
  });

  test('does not get a message past a refusal', () => {
    const message = facts({ content: { fragile: ['calendar'] }, sender: 'eve@example.net' });
    expect(decided({ leaveUnsigned: ['calendar'] }, message)).toMatch(/^deferred .*Envelope sender/);
  });

  test('no rule is asked for less', () => {
    const message = facts({ content: { fragile: ['calendar'] }, from: 'carl@example.net' });
    expect(decided({ leaveUnsigned: ['calendar'] }, message)).toBe('unsigned (no rule for this sender)');
  });
});

describe('what clear form would damage (R15)', () => {
  const unsignable = 'multipart/signed part that must not be altered: 8-bit octets';
  const message = facts({ content: { unsignable } });
  const by = (changes: Partial<Rule>) => decided({ rules: [rule(changes)] }, message);
  const why = `Message cannot be made 7-bit without damage: ${unsignable}`;

  test('is signed in opaque form, which damages nothing', () => {
    expect(by({})).toBe(`${signed} form=opaque`);
    expect(verdicts({}, message)[0]!.steps.at(-1)).toEqual({
      subject: 'content',
      finding: `${unsignable}: opaque, as clear would damage it`,
    });
  });

  test('or what the rule says', () => {
    expect(by({ unsignable: 'defer' })).toBe(`deferred rule=staff (${why})`);
    expect(by({ unsignable: 'reject' })).toBe(`rejected rule=staff (${why})`);
    expect(by({ unsignable: 'pass' })).toBe(`unsigned rule=staff (${why})`);
  });

  test('a header that cannot be copied matters only where it is protected', () => {
    const header = facts({ content: { unprotectable: '8-bit address in the from field' } });
    expect(decided({}, header)).toBe(signed);
    const rules = [rule({ headerProtection: true })];
    expect(decided({ rules }, header)).toBe(`${signed} form=opaque`);
  });

  test('does not concern a rule that signs in opaque form anyway', () => {
    expect(by({ form: 'opaque', unsignable: 'reject' })).toBe(`${signed} form=opaque`);
  });
});

describe('exceptions', () => {
  const phones: Exception = { name: 'phones', recipients: parsePatterns('*@docomo.example, /\\.ezweb\\./') };
  const news: Exception = { name: 'news', header: { name: 'List-Id', value: parsePattern('*news*') } };
  const calendar: Exception = {
    name: 'calendar',
    contentTypes: parsePatterns('text/calendar, application/*'),
  };
  const both: Exception = {
    name: 'both',
    recipients: parsePatterns('*@a.example'),
    contentTypes: parsePatterns('text/html'),
  };
  const exceptions = [phones, news, calendar, both];
  const list = (body: string) =>
    facts({
      fields: [
        { name: 'list-id', body: 'other' },
        { name: 'list-id', body },
      ],
    });

  test.each<[string, MessageFacts, string, string]>([
    ['the recipient', facts(), 'x@DOCOMO.example', 'phones'],
    ['a regular expression', facts(), 'x@a.ezweb.example', 'phones'],
    ['any field of that name', list('Our News <x>'), 'bob@example.org', 'news'],
    ['the content type', facts({ mediaType: 'text/calendar' }), 'bob@example.org', 'calendar'],
    ['all its conditions', facts({ mediaType: 'text/html' }), 'bob@a.example', 'both'],
  ])('by %s', (_, message, recipient, name) => {
    const [verdict] = verdicts({ exceptions }, message, recipient);
    expect(describeDecision(verdict!.decision)).toBe(`unsigned rule=staff (exception ${name})`);
  });

  test.each<[string, MessageFacts, string]>([
    ['another recipient', facts(), 'bob@example.org'],
    ['another value', list('Our olds'), 'bob@example.org'],
    ['one of two conditions', facts({ mediaType: 'text/html' }), 'bob@b.example'],
    ['the other of two conditions', facts(), 'bob@a.example'],
  ])('not by %s', (_, message, recipient) => {
    expect(describeDecision(verdicts({ exceptions }, message, recipient)[0]!.decision)).toBe(signed);
  });

  test('hold for each recipient by itself, and say so', () => {
    const [bob, phone] = verdicts({ exceptions: [phones] }, facts(), 'bob@example.org', 'x@docomo.example');
    expect(bob!.decision.action).toBe('sign');
    expect(phone!.decision.action).toBe('pass');
    expect(phone!.steps.at(-1)).toEqual({
      subject: 'exception phones',
      finding: 'recipient matches *@docomo.example',
    });
  });

  test('take mail from a signature that would have failed, too', () => {
    const [verdict] = verdicts(
      { exceptions: [news], rules: [rule({ identitiesFor: () => [] })] },
      list('news'),
    );
    expect(verdict!.decision.action).toBe('pass');
  });
});

describe('exceptions of some rules', () => {
  const scoped: Exception = {
    name: 'scoped',
    rules: ['lists', 'staff'],
    recipients: parsePatterns('*@a.example'),
  };
  const to = (policy: Partial<Policy>, message = facts()) => verdicts(policy, message, 'x@a.example')[0]!;

  test('hold for their mail', () => {
    const { decision, steps } = to({ exceptions: [scoped] });
    expect(describeDecision(decision)).toBe('unsigned rule=staff (exception scoped)');
    expect(steps.slice(-2)).toEqual([
      { subject: 'exception scoped', finding: 'is for this rule (lists, staff)' },
      { subject: 'exception scoped', finding: 'recipient matches *@a.example' },
    ]);
  });

  test('hold for no other mail: not that of another rule, nor that of none', () => {
    const { decision, steps } = to({ exceptions: [scoped], rules: [rule({ name: 'other' })] });
    expect(decision.action).toBe('sign');
    expect(steps.at(-1)).toEqual({
      subject: 'exception scoped',
      finding: 'is not for this rule (lists, staff)',
    });
    const stranger = facts({ from: 'carl@example.net' });
    const refused = to({ exceptions: [scoped], noRule: 'defer' }, stranger);
    expect(refused.decision.action).toBe('refuse');
    const general = { name: 'all', recipients: parsePatterns('*@a.example') };
    expect(to({ exceptions: [general], noRule: 'defer' }, stranger).decision.action).toBe('pass');
  });
});

describe('exceptions by size', () => {
  const large: Exception = { name: 'large', largerThan: 1000 };
  test.each([
    [1001, 'unsigned rule=staff (exception large)', 'size 1001 is larger than 1000'],
    [1000, signed, 'size 1000 is not larger than 1000'],
    [undefined, signed, 'size was not announced, taken for small enough to sign'],
  ])('a size of %s', (size, want, finding) => {
    const [{ decision, steps }] = verdicts({ exceptions: [large] }, facts({ size })) as [Verdict];
    expect(describeDecision(decision)).toBe(want);
    expect(steps.at(-1)).toEqual({ subject: 'exception large', finding });
  });
});

describe('recipients at mobile carriers', () => {
  const leaveUnsigned = ['mobile-carriers'] as const;
  const to = (recipient: string, policy: Partial<Policy> = { leaveUnsigned }, message = facts()) =>
    describeDecision(verdicts(policy, message, recipient)[0]!.decision);
  const unsigned = 'unsigned rule=staff (mobile carrier)';

  test.each([
    'docomo.ne.jp',
    'EZWEB.ne.jp',
    'i.softbank.jp',
    'vodafone.ne.jp',
    't.vodafone.ne.jp',
    'rakumail.jp',
  ])('at %s get the mail unsigned', domain => {
    expect(to(`kim@${domain}`)).toBe(unsigned);
  });

  test.each([
    'example.jp',
    'x.docomo.ne.jp',
    'notdocomo.ne.jp',
    'vodafone.ne.jp.example',
    'vodafone.com',
    'ne.jp',
  ])('not at %s', domain => {
    expect(to(`kim@${domain}`)).toBe(signed);
  });

  test('others of the same message are signed, and either is told', () => {
    const found = verdicts({ leaveUnsigned }, facts(), 'bob@example.org', 'kim@docomo.ne.jp', 'lee@au.com');
    expect(found.map(v => describeDecision(v.decision))).toEqual([signed, unsigned, unsigned]);
    expect(found[1]!.decision).toBe(found[2]!.decision);
    expect(found[1]!.steps.at(-1)).toEqual({
      subject: 'mobile carrier',
      finding: 'recipient matches *@docomo.ne.jp',
    });
  });

  test('get it signed where that is left out', () => {
    expect(to('kim@docomo.ne.jp', { leaveUnsigned: ['calendar', 'tnef'] })).toBe(signed);
  });

  test('do not get a message past a refusal', () => {
    expect(to('kim@docomo.ne.jp', { leaveUnsigned }, facts({ sender: 'eve@example.net' }))).toMatch(
      /^deferred .*Envelope sender/,
    );
  });
});

test('thousands of recipients share the verdicts of thousands of exceptions', () => {
  const numbers = Array.from({ length: 2000 }, (_, i) => i);
  const exceptions = numbers.map(i => ({ name: `e${i}`, recipients: parsePatterns(`*@d${i}.example`) }));
  const recipients = numbers.flatMap(i => [`bob${i}@example.org`, `x${i}@d7.example`]);
  const found = verdicts({ exceptions }, facts(), ...recipients);
  expect(found.map(v => v.decision.action)).toEqual(numbers.flatMap(() => ['sign', 'pass']));
  expect(new Set(found).size).toBe(2);
});

describe('where no rule names the sender', () => {
  const stranger = facts({ from: 'carl@example.net' });
  test.each([
    ['pass', 'unsigned (no rule for this sender)', undefined],
    ['defer', 'deferred (No rule for this sender: carl@example.net)', '451 4.7.1'],
    ['reject', 'rejected (No rule for this sender: carl@example.net)', '554 5.7.1'],
  ] as const)('no_rule = %s', (noRule, want, reply) => {
    const [{ decision }] = verdicts({ noRule }, stranger) as [Verdict];
    expect(describeDecision(decision)).toBe(want);
    if (decision.action !== 'refuse') expect(reply).toBeUndefined();
    else
      expect(`${decision.failure.reply.code} ${decision.failure.reply.text}`).toContain(`${reply!} No rule`);
  });

  test('what is never signed passes all the same', () => {
    expect(decided({ noRule: 'reject' }, facts({ from: 'carl@example.net', sender: '' }))).toBe(
      'unsigned (null sender)',
    );
  });
});

describe('a key that did not sign at an earlier attempt', () => {
  const message = facts({ keyFailure: 'anna: no such device' });
  test.each([
    ['pass', 'unsigned rule=staff (S/MIME signature cannot be made: anna: no such device)'],
    ['defer', signed],
    ['reject', signed],
  ] as const)('with failure = %s', (failure, want) => {
    expect(decided({ rules: [rule({ failure })] }, message)).toBe(want);
  });

  test('refuses for good only where the rule says so', () => {
    const permanent = (failure: Rule['failure']) => {
      const [{ decision }] = verdicts({ rules: [rule({ failure })] }, facts()) as [Verdict];
      return decision.action === 'sign' && decision.failsForGood;
    };
    expect([permanent('reject'), permanent('defer'), permanent('pass')]).toEqual([true, false, false]);
  });
});

describe('a request that cannot be understood', () => {
  const asks = (...bodies: string[]) =>
    facts({ fields: bodies.map(body => ({ name: 'x-postseal-sign', body })) });
  const warning = '(warning: X-Postseal-Sign is neither true nor false: "perhaps")';

  test.each<[string, Partial<Policy>, string]>([
    ['signed', {}, `${signed} ${warning}`],
    [
      'not signed',
      { rules: [rule({ sign: 'on-request' })] },
      `unsigned rule=staff (no signature asked for) ${warning}`,
    ],
    [
      'excepted',
      { exceptions: [{ name: 'all', recipients: parsePatterns('*') }] },
      `unsigned rule=staff (exception all) ${warning}`,
    ],
    ['without a rule', { rules: [] }, `unsigned (no rule for this sender) ${warning}`],
    ['not heard', { requestHeader: undefined }, signed],
  ])('is warned of in every decision: %s', (_, policy, want) => {
    expect(decided(policy, asks('perhaps'))).toBe(want);
  });

  test('is warned of beside what else there is to warn of', () => {
    const other = identity('other', ['bob@example.com']);
    const rules = [rule({ identitiesFor: () => [other], mismatch: 'warn' })];
    expect(decided({ rules }, asks('true', 'false'))).toBe(
      'signed rule=staff certificate=other (warning: X-Postseal-Sign is both true and false; other does not name anna@example.com)',
    );
  });

  test('is a step, as is one that is understood', () => {
    const first = (message: MessageFacts, sign: Rule['sign']) =>
      verdicts({ rules: [rule({ sign })] }, message)[0]!.steps.find(s => s.subject === 'request')?.finding;
    expect(first(asks('perhaps'), 'by-default')).toBe('X-Postseal-Sign is neither true nor false: "perhaps"');
    expect(first(asks('no'), 'by-default')).toBe('X-Postseal-Sign asks for no signature');
    expect(first(asks('no'), 'always')).toBe(
      'X-Postseal-Sign asks for no signature; rule staff always signs',
    );
    expect(first(asks('yes'), 'never')).toBe('X-Postseal-Sign asks for a signature; rule staff never signs');
  });
});

test('each rule has its own form, digest, signature and header protection', () => {
  const by = (changes: Partial<Rule>) => {
    const name = (i: number) => parsePatterns(`r${i}@example.com`);
    const rules = [rule({ senders: name(0) }), rule({ senders: name(1), mismatch: 'allow', ...changes })];
    const from = 'r1@example.com';
    const [{ decision }] = verdicts({ rules }, facts({ from, sender: from })) as [Verdict];
    if (decision.action !== 'sign') throw new Error(describeDecision(decision));
    const { algorithm, form, headerProtection } = decision;
    return `${algorithm.title} ${algorithm.digest.name} ${form}${headerProtection ? ' protected' : ''}`;
  };
  expect(by({})).toBe('RSA sha256 clear');
  expect(by({ form: 'opaque' })).toBe('RSA sha256 opaque');
  expect(by({ digest: digests.sha512 })).toBe('RSA sha512 clear');
  expect(by({ signature: 'rsa-pss' })).toBe('RSA-PSS sha256 clear');
  expect(by({ headerProtection: true })).toBe('RSA sha256 clear protected');
});

test('the steps tell what was looked at, in order', () => {
  const rules = [rule({ name: 'first', senders: parsePatterns('billing@*') }), rule()];
  const [verdict] = verdicts({ rules }, facts());
  expect(verdict!.steps).toEqual([
    { subject: 'rule first', finding: 'From anna@example.com does not match billing@*' },
    { subject: 'rule staff', finding: 'From anna@example.com matches *@example.com' },
    { subject: 'certificate anna', finding: 'anna names anna@example.com' },
  ]);
});
