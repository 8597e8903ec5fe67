// Postfix's queue and a next hop of bad temper, made up at random: whatever goes wrong and however often Postfix
// comes again, each recipient gets the right copy once, or a bounce that is about that recipient.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Recipient } from '../../src/envelope.js';
import { Failure, outcome, type Reply } from '../../src/failure.js';
import { Refused } from '../../src/next-hop.js';
import { Outcomes } from '../../src/outcomes.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Policy } from '../../src/rules/policy.js';
import { mail } from '../support/golden-chunks.js';
import {
  envelope,
  goldenIdentity,
  MemoryHop,
  policyFor,
  ruleFor,
  runFilter,
} from '../support/golden-filter.js';

const identity = await goldenIdentity('ec');
const policy = policyFor(identity, { name: 'phones', recipients: parsePatterns('*@docomo.example') });
/** The same for a sender without a certificate. */
const rejecting: Policy = {
  ...policy,
  rules: [ruleFor(identity, { identitiesFor: () => [], noCertificate: 'reject' })],
};
const message = mail('From: anna@example.com', 'Subject: Hello', '', 'Good morning.');

const accepted: Reply = { code: 250, text: '2.0.0 Ok' };
const later: Reply = { code: 451, text: '4.3.0 Later' };
const never: Reply = { code: 554, text: '5.7.1 Never' };
const unknown: Reply = { code: 550, text: '5.1.1 Unknown' };
const greylisted: Reply = { code: 450, text: '4.2.0 Greylisted' };

/** What the next hop does with one transaction. */
interface Mood {
  readonly opening: 'as asked' | 'refuses' | 'defers' | 'is away';
  /** Of these recipients, by their place, it wants to hear another time. */
  readonly greylists: readonly number[];
  readonly dot: 'accepts' | 'defers' | 'refuses' | 'hangs up';
}

const moods = fc.record<Mood>({
  opening: fc.constantFrom('as asked', 'as asked', 'as asked', 'as asked', 'refuses', 'defers', 'is away'),
  greylists: fc.array(fc.nat(5), { maxLength: 1 }),
  dot: fc.constantFrom('accepts', 'accepts', 'accepts', 'defers', 'refuses', 'hangs up'),
});

const world = fc.record({
  /** Whether each recipient is at an excepted domain, and whether the next hop knows it. */
  recipients: fc.array(fc.record({ phone: fc.boolean(), known: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  }),
  moods: fc.array(moods, { maxLength: 8 }),
  /** The attempt from which on the sender's certificate is gone, and the rule rejects. */
  rejects: fc.option(fc.nat(4), { nil: Infinity }),
});

interface Fate {
  /** Copies that the next hop has accepted for it. */
  copies: ('signed' | 'unsigned')[];
  /** Replies to it, or to a transaction that it was in, that refused for good. */
  refusals: Reply[];
  end?: 'delivered' | Reply;
}

async function deliver(
  { recipients, moods: coming, rejects }: typeof world extends fc.Arbitrary<infer W> ? W : never,
  repliesEach: boolean,
): Promise<Fate[]> {
  const names = recipients.map(({ phone }, i) => `r${i}@${phone ? 'docomo.example' : 'example.org'}`);
  const fates: Fate[] = names.map(() => ({ copies: [], refusals: [] }));
  const place = ({ address }: Recipient): number => names.indexOf(address.text);
  const left = [...coming];
  const outcomes = new Outcomes();
  const well: Mood = { opening: 'as asked', greylists: [], dot: 'accepts' };
  const refuse = (to: readonly Recipient[], reply: Reply): Reply => {
    for (const r of to) fates[place(r)]!.refusals.push(reply);
    return reply;
  };

  for (let attempt = 0; fates.some(fate => !fate.end); attempt++) {
    expect(attempt, 'it comes to an end').toBeLessThan(30);
    const queue = envelope(
      'anna@example.com',
      names.filter((_, i) => !fates[i]!.end),
    );
    const told = new Map<Recipient, Reply>();
    for (const r of queue.recipients) {
      const reply = outcomes.takeRefusal(queue.forwarded, r);
      if (reply) told.set(r, reply);
    }
    const asked = queue.recipients.filter(r => !told.has(r));
    /** What the next hop was like when each transaction began, and whom it refused then. */
    const begun: { mood: Mood; refused: ReadonlyMap<Recipient, Reply> }[] = [];
    const hop: MemoryHop = new MemoryHop(
      delivery => {
        const { mood, refused } = begun[hop.deliveries.indexOf(delivery)]!;
        if (mood.dot === 'hangs up') throw new Failure('return-port-lost', 'it hung up');
        if (mood.dot === 'defers') return later;
        const to = delivery.envelope.recipients.filter(r => !refused.has(r));
        if (mood.dot === 'refuses') return refuse(to, never);
        for (const r of to)
          fates[place(r)]!.copies.push(delivery.content.includes('multipart/signed') ? 'signed' : 'unsigned');
        return accepted;
      },
      to => {
        const mood = left.shift() ?? well;
        if (mood.opening === 'is away') throw new Failure('return-port-unreachable');
        if (mood.opening === 'defers') throw new Refused(later);
        if (mood.opening === 'refuses') throw new Refused(refuse(to, never));
        const refused = new Map<Recipient, Reply>();
        for (const r of to) {
          if (!recipients[place(r)]!.known) refused.set(r, refuse([r], unknown));
          else if (mood.greylists.includes(place(r))) refused.set(r, greylisted);
        }
        const all = refused.size === to.length;
        const replies = [...refused.values()];
        // As return-port.ts: over SMTP nothing goes on without all of them.
        if (repliesEach ? all : refused.size > 0) {
          const alike = all && new Set(replies.map(outcome)).size === 1 && !repliesEach;
          throw new Refused(replies[0]!, alike ? new Map() : refused);
        }
        begun.push({ mood, refused });
        return refused;
      },
    );
    if (asked.length > 0) {
      const { replies } = await runFilter(
        [message],
        { ...queue, recipients: asked },
        { policy: attempt < rejects ? policy : rejecting, outcomes, nextHop: hop },
        repliesEach,
      );
      asked.forEach((r, i) => told.set(r, replies[i]!));
    }
    for (const [r, reply] of told) {
      const result = outcome(reply);
      if (result === 'accepted') fates[place(r)]!.end = 'delivered';
      if (result === 'rejected') fates[place(r)]!.end = reply;
    }
  }
  return fates;
}

describe.each([
  ['SMTP, one reply for all', false],
  ['LMTP, a reply for each', true],
])('%s', (_, repliesEach) => {
  test('the right copy once, or a bounce of its own', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(world, async given => {
        const fates = await deliver(given, repliesEach);
        given.recipients.forEach(({ phone }, i) => {
          const { copies, refusals, end } = fates[i]!;
          if (end === 'delivered') expect(copies).toEqual([phone ? 'unsigned' : 'signed']);
          else {
            expect(copies).toEqual([]);
            if (!phone && end?.text.startsWith('5.7.5 ')) expect(given.rejects).toBeLessThan(Infinity);
            else expect(refusals).toContainEqual(end);
          }
        });
      }),
      { numRuns: 300 },
    );
  });
});
