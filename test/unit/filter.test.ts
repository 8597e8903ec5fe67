// The story of one message with a next hop in memory: who gets which copy, and what the reply is when things fail.
import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/failure.js';
import { Failure } from '../../src/failure.js';
import { previewSize } from '../../src/mime/preview.js';
import { Refused } from '../../src/next-hop.js';
import { fingerprint, Outcomes } from '../../src/outcomes.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Policy, Rule } from '../../src/rules/policy.js';
import { chunks, mail } from '../support/golden-chunks.js';
import {
  envelope,
  goldenIdentity,
  MemoryHop,
  policyFor,
  ruleFor,
  runFilter,
  type Delivery,
} from '../support/golden-filter.js';

const identity = await goldenIdentity('rsa');
const phones = { name: 'phones', recipients: parsePatterns('*@docomo.example') };
const policy = policyFor(identity, phones);

const message = mail('From: anna@example.com', 'Content-Type: text/plain; charset=utf-8', '', 'Grüße');
/** What it is remembered by. */
const print = fingerprint(
  '4bXyZ0123456789',
  mail('From: anna@example.com', 'Content-Type: text/plain; charset=utf-8', ''),
);
const toBob = envelope('anna@example.com', ['bob@example.org'], ['BODY=8BITMIME', 'RET=HDRS']);
const toBoth = envelope(
  'anna@example.com',
  ['bob@example.org', 'x@docomo.example', 'carl@example.org'],
  ['BODY=8BITMIME'],
);

const ok: Reply = { code: 250, text: '2.0.0 Ok: queued as 4bYYY' };
const recipients = (d: Delivery) => d.envelope.recipients.map(r => r.address.text);
const isSigned = (d: Delivery) => d.content.includes('multipart/signed');
const states = (deliveries: readonly Delivery[]) => deliveries.map(d => d.state);

describe('copies', () => {
  test('one decision is one transaction, and the reply is that of the next hop', async () => {
    const { reply, deliveries, journal } = await runFilter([message], toBob, {
      policy,
      nextHop: new MemoryHop(() => ok),
    });
    expect(reply).toEqual(ok);
    expect(deliveries.map(recipients)).toEqual([['bob@example.org']]);
    expect(isSigned(deliveries[0]!)).toBe(true);
    expect(journal).toEqual([
      '4bXyZ0123456789: from=<anna@example.com>, signed rule=staff certificate=rsa to=<bob@example.org>, ' +
        `size=${message.length}, time=0ms, reply="250 2.0.0 Ok: queued as 4bYYY"`,
    ]);
  });

  test('recipients that are decided about alike share one; both are transferred before either is finished', async () => {
    const seen: string[][] = [];
    const hop: MemoryHop = new MemoryHop(() => {
      seen.push(states(hop.deliveries));
      return ok;
    });
    const { deliveries } = await runFilter(chunks(message, 10), toBoth, { policy, nextHop: hop });
    expect(deliveries.map(d => [isSigned(d), ...recipients(d)])).toEqual([
      [true, 'bob@example.org', 'carl@example.org'],
      [false, 'x@docomo.example'],
    ]);
    expect(seen[0]).toEqual(['open', 'open']);
    expect(deliveries[1]!.content.subarray(-message.length).equals(message)).toBe(true);
  });

  test('a signed copy is 7-bit and says so; its other parameters, and an unsigned copy, keep theirs', async () => {
    const signed = await runFilter([message], toBob, { policy });
    expect(signed.deliveries[0]!.envelope.parameters).toEqual(['RET=HDRS']);
    const rawSubject = Buffer.concat([mail('Subject: Grüße'), message]);
    const outside = await runFilter([rawSubject], toBob, { policy });
    expect(outside.deliveries[0]!.envelope.parameters).toEqual(['BODY=8BITMIME', 'RET=HDRS']);
    const unsigned = await runFilter([message], toBoth, { policy });
    expect(unsigned.deliveries[1]!.envelope.parameters).toEqual(['BODY=8BITMIME']);
  });

  test('a message that must not be signed opens no transaction', async () => {
    const none = { ...policyFor(identity), rules: [ruleFor(identity, { identitiesFor: () => [] })] };
    const { reply, deliveries } = await runFilter([message], toBob, { policy: none });
    expect(reply).toMatchObject({
      code: 451,
      text: expect.stringMatching(/^4\.7\.5 No S\/MIME certificate/) as string,
    });
    expect(deliveries).toEqual([]);
  });
});

describe('the request header', () => {
  const asking = Buffer.concat([
    mail('X-Postseal-Sign: perhaps', 'Subject: Hi', 'x-postseal-SIGN:', '\tyes'),
    message,
  ]);
  const without = Buffer.concat([mail('Subject: Hi'), message]);

  test('is in no copy, signed or not, and what makes no sense of it is in the journal', async () => {
    const { deliveries, journal } = await runFilter(chunks(asking, 7), toBoth, { policy });
    const [sealed, plain] = deliveries.map(d => d.content.toString()) as [string, string];
    expect(isSigned(deliveries[0]!)).toBe(true);
    expect(sealed).not.toMatch(/postseal-sign/i);
    expect(plain.endsWith(`+0000\r\n${without.toString()}`)).toBe(true);
    const warning = '(warning: X-Postseal-Sign is neither true nor false: "perhaps")';
    expect(journal[0]).toContain(`signed rule=staff certificate=rsa ${warning} to=<bob@`);
    expect(journal[0]).toContain(`unsigned rule=staff (exception phones) ${warning} to=<x@`);
  });

  test('is not among the fields that are protected', async () => {
    const rules = [ruleFor(identity, { headerProtection: true })];
    const { deliveries } = await runFilter([asking], toBob, { policy: { ...policy, rules } });
    expect(deliveries[0]!.content.toString()).toContain('hp="clear"');
    expect(deliveries[0]!.content.toString()).not.toMatch(/postseal-sign/i);
  });

  test('goes no further without a rule, either', async () => {
    const { deliveries } = await runFilter([asking], toBob, { policy: { ...policy, rules: [] } });
    expect(deliveries[0]!.content.toString().endsWith(`+0000\r\n${without.toString()}`)).toBe(true);
  });

  test('is a field like others where nobody is heard', async () => {
    const deaf = { ...policy, requestHeader: undefined, rules: [] };
    const { deliveries, journal } = await runFilter([asking], toBob, { policy: deaf });
    expect(deliveries[0]!.content.subarray(-asking.length).equals(asking)).toBe(true);
    expect(journal[0]).not.toContain('warning');
  });

  test('belongs to what a message is remembered by', async () => {
    const outcomes = new Outcomes();
    const header = asking.subarray(0, asking.indexOf('\r\n\r\n') + 4);
    const print = fingerprint('4bXyZ0123456789', header);
    outcomes.rememberAccepted(print, toBob.recipients[0]!, ok);
    expect((await runFilter([asking], toBob, { policy, outcomes })).deliveries).toEqual([]);
  });
});

test('a message of more than the announced size allows passes unsigned', async () => {
  const large = { ...policy, exceptions: [{ name: 'large', largerThan: 1_000_000 }] };
  const body = Buffer.alloc(2 * previewSize, 'x\r\n');
  const sent = async (size: number) =>
    (await runFilter([message, body], { ...toBob, size }, { policy: large })).deliveries.map(isSigned);
  expect([await sent(1_000_001), await sent(1_000_000)]).toEqual([[false], [true]]);
});

describe('faults deliver nothing', () => {
  const broken = (error: Error) =>
    (async function* () {
      yield message;
      yield Buffer.alloc(previewSize, 'x\r\n');
      await Promise.resolve();
      throw error;
    })();

  test('an input that is cut: 4xx, and the transaction is dropped before its end', async () => {
    const { reply, deliveries } = await runFilter(broken(new Failure('input-cut')), toBoth, { policy });
    expect(reply).toEqual({ code: 451, text: '4.4.2 Connection lost before the end of the message' });
    expect(states(deliveries)).toEqual(['aborted', 'aborted']);
  });

  test('an input that is cut before there is a decision: the next hop is not bothered', async () => {
    const cut = (async function* () {
      yield message;
      await Promise.resolve();
      throw new Failure('input-cut');
    })();
    const { reply, deliveries } = await runFilter(cut, toBoth, { policy });
    expect(reply.code).toBe(451);
    expect(deliveries).toEqual([]);
  });

  test('a fault of our own: 4xx that tells nothing, and a journal that tells all', async () => {
    const { reply, deliveries, journal } = await runFilter(broken(new TypeError('oops')), toBob, { policy });
    expect(reply).toEqual({ code: 451, text: '4.3.0 Internal error, try again later' });
    expect(states(deliveries)).toEqual(['aborted']);
    expect(journal[0]).toMatch(/^4bXyZ0123456789: internal error: TypeError: oops \| at /);
  });

  describe('a message that clear form would damage (R15)', () => {
    const header = mail('From: anna@example.com', 'Content-Type: multipart/mixed; boundary=b', '', '--b');
    const frozen = mail('Content-Type: multipart/signed; boundary=s', '', 'Grüße', '--s--', '--b--');
    const long = mail('Content-Type: text/plain', '', 'x'.repeat(70).concat('\r\n').repeat(1000), '--b');
    const early = [header, frozen];
    const late = [header, long, frozen];
    const ruled = (unsignable: Rule['unsignable']): Policy => ({
      ...policy,
      rules: [ruleFor(identity, { unsignable })],
    });

    test('is opaque at once where its beginning shows it', async () => {
      const { reply, deliveries, journal } = await runFilter(early, toBob, { policy });
      expect(reply.code).toBe(250);
      expect(deliveries[0]!.content.toString()).toMatch(/^Content-Type: application\/pkcs7-mime;/m);
      expect(journal.at(-1)).toContain('certificate=rsa form=opaque to=<bob@example.org>');
    });

    test.each([
      ['defer', 451, '4.6.3'],
      ['reject', 554, '5.6.3'],
    ] as const)('%s, where the rule says so', async (unsignable, code, enhanced) => {
      const { reply, deliveries } = await runFilter(early, toBob, { policy: ruled(unsignable) });
      expect(reply).toMatchObject({ code, text: expect.stringContaining(enhanced) as string });
      expect(deliveries).toEqual([]);
    });

    test('pass, where the rule says so', async () => {
      const { reply, deliveries } = await runFilter(early, toBob, { policy: ruled('pass') });
      expect(reply.code).toBe(250);
      expect(deliveries[0]!.content.includes(Buffer.concat(early))).toBe(true);
    });

    test('is deferred where it shows late, all copies dropped, and the next attempt knows', async () => {
      const outcomes = new Outcomes();
      const first = await runFilter(late, toBoth, { policy, outcomes });
      expect(first.reply.text).toMatch(/^4\.6\.3 /);
      expect(states(first.deliveries)).toEqual(['aborted', 'aborted']);
      const second = await runFilter(late, toBoth, { policy, outcomes });
      expect(second.reply.code).toBe(250);
      const types = second.deliveries.map(d => /^Content-Type: (\S+)/m.exec(d.content.toString())?.[1]);
      expect(types).toEqual(['application/pkcs7-mime;', 'multipart/mixed;']);
    });
  });

  describe('a key that does not sign', () => {
    /** As one in a token that was taken out. */
    const broken = { ...identity, name: 'token', key: createPublicKey(identity.key) };
    const ruled = (failure: Rule['failure'], sealed = broken): Policy => ({
      ...policy,
      rules: [ruleFor(sealed, { failure })],
    });
    const why = 'S/MIME signature cannot be made: token: Invalid key object type public, expected private.';

    test('defers, and is tried again at the next attempt', async () => {
      const outcomes = new Outcomes();
      const first = await runFilter([message], toBoth, { policy: ruled('defer'), outcomes });
      expect(first.reply).toEqual({
        code: 451,
        text: `4.5.1 Some recipients were refused: 451 4.7.5 ${why}`,
      });
      expect(states(first.deliveries)).toEqual(['aborted', 'aborted']);
      const second = await runFilter([message], toBoth, { policy: ruled('defer', identity), outcomes });
      expect(second.reply.code).toBe(250);
      expect(second.deliveries.map(isSigned)).toEqual([true, false]);
    });

    test('time and again, keeps nobody else from their mail', async () => {
      const outcomes = new Outcomes();
      const failing = { policy: ruled('defer'), outcomes };
      expect((await runFilter([message], toBoth, failing)).reply.code).toBe(451);
      const heard = toBoth.recipients.map(r => outcomes.takeRefusal(toBoth.forwarded, r)?.code);
      expect(heard).toEqual([451, undefined, 451]);
      const others = { ...toBoth, recipients: [toBoth.recipients[1]!] };
      const second = await runFilter([message], others, failing);
      expect(second.reply.code).toBe(250);
      expect(second.deliveries.map(isSigned)).toEqual([false]);
      const rest = { ...toBoth, recipients: [toBoth.recipients[0]!, toBoth.recipients[2]!] };
      expect((await runFilter([message], rest, failing)).reply.code).toBe(451);
      expect(rest.recipients.map(r => outcomes.takeRefusal(toBoth.forwarded, r))).toEqual([
        undefined,
        undefined,
      ]);
    });

    test('rejects where the rule says so', async () => {
      const { reply, deliveries } = await runFilter([message], toBob, { policy: ruled('reject') });
      expect(reply).toEqual({ code: 554, text: `5.7.5 ${why}` });
      expect(states(deliveries)).toEqual(['aborted']);
    });

    test('rejects nobody but those who were to get it signed', async () => {
      const outcomes = new Outcomes();
      const { reply } = await runFilter([message], toBoth, { policy: ruled('reject'), outcomes });
      expect(reply.code).toBe(451);
      const [bob, phone, carl] = toBoth.recipients.map(r => outcomes.takeRefusal(toBoth.forwarded, r)?.code);
      expect([bob, phone, carl]).toEqual([554, undefined, 554]);
    });

    test('passes at the next attempt where the rule says so, and says why', async () => {
      const outcomes = new Outcomes();
      const first = await runFilter([message], toBob, { policy: ruled('pass'), outcomes });
      expect(first.reply.code).toBe(451);
      const second = await runFilter([message], toBob, { policy: ruled('pass'), outcomes });
      expect(second.reply.code).toBe(250);
      expect(second.deliveries[0]!.content.subarray(-message.length).equals(message)).toBe(true);
      expect(second.journal[0]).toContain(`unsigned rule=staff (${why}) to=<bob@example.org>`);
    });
  });

  test('the source is let go, so that its owner can read what is left', async () => {
    let released = false;
    const source = (async function* () {
      try {
        yield message;
        await Promise.resolve();
        yield message;
      } finally {
        released = true;
      }
    })();
    const hop = new MemoryHop(undefined, () => {
      throw new Failure('return-port-unreachable');
    });
    const iterable = { [Symbol.asyncIterator]: () => source };
    const { reply } = await runFilter(iterable, toBob, { policy, nextHop: hop });
    expect(reply).toEqual({ code: 451, text: '4.4.1 Return port is not available' });
    expect(released).toBe(true);
  });

  test('a loop is ended for good', async () => {
    const hop =
      'Received: from a\r\n\tby b (Postseal) with ESMTP id 4b;\r\n\tTue, 24 Nov 2026 10:30:00 +0000\r\n';
    const looping = (n: number) =>
      runFilter([Buffer.from(hop.repeat(n)), message], toBob, { policy, maxHops: 2 });
    expect((await looping(2)).reply.code).toBe(250);
    const { reply, deliveries } = await looping(3);
    expect(reply).toEqual({
      code: 554,
      text: '5.4.6 Mail loop: passed this filter too often: more than 2 times',
    });
    expect(deliveries).toEqual([]);
  });
});

describe('a next hop that says no', () => {
  const rejected: Reply = { code: 554, text: '5.7.1 No' };
  const busy: Reply = { code: 452, text: '4.3.1 Full' };

  test.each([rejected, busy])('of the only copy: its reply passes through ($code)', async no => {
    const { reply } = await runFilter([message], toBob, { policy, nextHop: new MemoryHop(() => no) });
    expect(reply).toEqual(no);
  });

  test('of one of two copies: 4xx, and the next attempt goes only to those who have none', async () => {
    const outcomes = new Outcomes();
    const picky = new MemoryHop(d => (isSigned(d) ? ok : busy));
    const first = await runFilter([message], toBoth, { policy, outcomes, nextHop: picky });
    expect(first.reply).toEqual(busy);
    // For good, whatever the reply is: the next attempt does not tell of them.
    expect(first.journal[0]).toContain(
      'to=<bob@example.org>,<carl@example.org>, reply="250 2.0.0 Ok: queued as 4bYYY"; unsigned',
    );
    expect(first.journal[0]).toMatch(/reply="452 4\.3\.1 Full"$/);
    const second = await runFilter([message], toBoth, { policy, outcomes, nextHop: new MemoryHop(() => ok) });
    expect(second.reply).toEqual(ok);
    expect(second.deliveries.map(recipients)).toEqual([['x@docomo.example']]);
  });

  test('for good, of one of two copies: 4xx for all; the refused ones hear it at the next attempt', async () => {
    const outcomes = new Outcomes();
    const picky = new MemoryHop(d => (isSigned(d) ? ok : rejected));
    const { reply } = await runFilter([message], toBoth, { policy, outcomes, nextHop: picky });
    expect(reply.code).toBe(451);
    const [bob, phone] = toBoth.recipients;
    expect(outcomes.acceptedEarlier(print, bob!)).toBe(true);
    expect(outcomes.takeRefusal(toBoth.forwarded, phone!)).toEqual(rejected);
    expect(outcomes.takeRefusal(toBoth.forwarded, bob!)).toBeUndefined();
  });

  test('to a recipient by name: 4xx for all, so that nobody gets the bounce of another', async () => {
    const outcomes = new Outcomes();
    const unknown: Reply = { code: 550, text: '5.1.1 No such user' };
    const hop = new MemoryHop(undefined, to => {
      throw new Refused(unknown, new Map([[to[1]!, unknown]]));
    });
    const { reply } = await runFilter(
      [message],
      envelope('anna@example.com', ['bob@example.org', 'typo@example.org']),
      {
        ...{ policy, outcomes },
        nextHop: hop,
      },
    );
    expect(reply).toMatchObject({
      code: 451,
      text: expect.stringMatching(/^4\.5\.1 Some recipients/) as string,
    });
    const [bob, typo] = envelope('', ['bob@example.org', 'typo@example.org']).recipients;
    expect(outcomes.takeRefusal(toBob.forwarded, typo!)).toEqual(unknown);
    expect(outcomes.takeRefusal(toBob.forwarded, bob!)).toBeUndefined();
  });

  test('to one recipient of one of two copies: the others of that copy hear nothing of it', async () => {
    const outcomes = new Outcomes();
    const unknown: Reply = { code: 550, text: '5.1.1 No such user' };
    const hop = new MemoryHop(undefined, to => {
      const typo = to.find(r => r.address.text === 'carl@example.org');
      if (typo) throw new Refused(unknown, new Map([[typo, unknown]]));
    });
    const { reply } = await runFilter([message], toBoth, { policy, outcomes, nextHop: hop });
    expect(reply.code).toBe(451);
    const [bob, phone, carl] = toBoth.recipients;
    expect(outcomes.takeRefusal(toBoth.forwarded, carl!)).toEqual(unknown);
    expect(outcomes.takeRefusal(toBoth.forwarded, bob!)).toBeUndefined();
    expect(outcomes.takeRefusal(toBoth.forwarded, phone!)).toBeUndefined();
  });

  test('after everybody was served by an earlier attempt there is nothing to do but say so', async () => {
    const outcomes = new Outcomes();
    for (const r of toBoth.recipients) outcomes.rememberAccepted(print, r, ok);
    const { reply, deliveries } = await runFilter([message], toBoth, { policy, outcomes });
    expect(reply.code).toBe(250);
    expect(deliveries).toEqual([]);
    expect(outcomes.acceptedEarlier(print, toBoth.recipients[0]!)).toBe(false);
  });
});

describe('replies of their own (LMTP)', () => {
  const busy: Reply = { code: 452, text: '4.3.1 Full' };
  const unknown: Reply = { code: 550, text: '5.1.1 No such user' };
  const apart = (
    content: Parameters<typeof runFilter>[0],
    hands: Parameters<typeof runFilter>[2],
  ): ReturnType<typeof runFilter> => runFilter(content, toBoth, hands, true);

  test('a copy that is refused costs the other one nothing, and nothing is remembered', async () => {
    const outcomes = new Outcomes();
    const nextHop = new MemoryHop(d => (isSigned(d) ? busy : ok));
    const { replies, journal } = await apart([message], { policy, outcomes, nextHop });
    expect(replies).toEqual([busy, ok, busy]);
    expect(journal).toEqual([
      '4bXyZ0123456789: from=<anna@example.com>, ' +
        'signed rule=staff certificate=rsa to=<bob@example.org>,<carl@example.org>, reply="452 4.3.1 Full"; ' +
        'unsigned rule=staff (exception phones) to=<x@docomo.example>, reply="250 2.0.0 Ok: queued as 4bYYY", ' +
        `size=${message.length}, time=0ms`,
    ]);
    for (const recipient of toBoth.recipients) {
      expect(outcomes.acceptedEarlier(print, recipient)).toBe(false);
      expect(outcomes.takeRefusal(toBoth.forwarded, recipient)).toBeUndefined();
    }
  });

  test('a refused recipient costs those of the same copy nothing', async () => {
    const nextHop = new MemoryHop(
      () => ok,
      to => new Map(to.filter(r => r.address.text === 'carl@example.org').map(r => [r, unknown])),
    );
    expect((await apart([message], { policy, nextHop })).replies).toEqual([ok, ok, unknown]);
  });

  test('a fault of our own in one copy, too', async () => {
    // A key that is none: the signature fails when the message is at its end.
    const broken = { ...policy, rules: [ruleFor({ ...identity, key: {} as never })] };
    const { replies, deliveries } = await apart([message], { policy: broken });
    expect(replies.map(r => r.code)).toEqual([451, 250, 451]);
    expect(states(deliveries)).toEqual(['aborted', 'finished']);
  });

  test('a refusal by a rule concerns those who are not excepted', async () => {
    const none = { ...policy, rules: [ruleFor(identity, { identitiesFor: () => [] })] };
    const { replies, deliveries } = await apart([message], { policy: none });
    expect(replies.map(r => r.code)).toEqual([451, 250, 451]);
    expect(deliveries.map(recipients)).toEqual([['x@docomo.example']]);
  });

  test('what befalls the message befalls them all', async () => {
    const cut = (async function* () {
      yield message;
      yield Buffer.alloc(previewSize, 'x\r\n');
      await Promise.resolve();
      throw new Failure('input-cut');
    })();
    const { replies, deliveries } = await apart(cut, { policy });
    expect(replies.map(r => r.code)).toEqual([451, 451, 451]);
    expect(states(deliveries)).toEqual(['aborted', 'aborted']);
  });

  test('where nobody is left to read on for, the next hop is not kept waiting', async () => {
    const nextHop = new MemoryHop(undefined, () => {
      throw new Failure('return-port-unreachable');
    });
    const { replies } = await apart([message], { policy, nextHop });
    expect(replies).toEqual(replies.map(() => ({ code: 451, text: '4.4.1 Return port is not available' })));
    expect(replies).toHaveLength(3);
  });

  test('whom an earlier attempt reached hears so, whatever becomes of the others', async () => {
    const outcomes = new Outcomes();
    outcomes.rememberAccepted(print, toBoth.recipients[1]!, ok);
    const { replies, deliveries } = await apart([message], { policy, outcomes });
    expect(replies.map(r => r.code)).toEqual([250, 250, 250]);
    expect(deliveries.map(recipients)).toEqual([['bob@example.org', 'carl@example.org']]);
  });
});

test("without XFORWARD the queue id is that of the local Postfix's Received field", async () => {
  const received = mail(
    'Received: by mail.example.com (Postfix, from userid 0)',
    '\tid 4bLOCAL123; Tue, 24 Nov 2026 10:30:00 +0000 (UTC)',
  );
  const anonymous = { ...toBob, forwarded: new Map<string, string>() };
  expect((await runFilter([received, message], anonymous, { policy })).journal[0]).toMatch(
    /^4bLOCAL123: from=/,
  );
  expect((await runFilter([message], anonymous, { policy })).journal[0]).toMatch(/^NOQUEUE: from=/);
});
