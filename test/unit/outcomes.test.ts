// What is remembered of recipients between two attempts.
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/failure.js';
import { fingerprint, Outcomes, type Found } from '../../src/outcomes.js';
import { envelope } from '../support/golden-filter.js';

const accepted = { code: 250, text: '2.0.0 Ok' };
const refused = { code: 550, text: '5.1.1 No such user' };
const given = envelope('anna@example.com', ['bob@example.org', 'carl@example.org']);
const [bob, carl] = given.recipients;
const withId = (id: string) => ({ ...given, forwarded: new Map([['IDENT', id]]) });

describe('deliveries', () => {
  test('are remembered by message and recipient, until the message is done with', () => {
    const outcomes = new Outcomes();
    outcomes.rememberAccepted('4A', bob!, accepted);
    expect(outcomes.acceptedEarlier('4A', bob!)).toBe(true);
    expect(outcomes.acceptedEarlier('4A', bob!)).toBe(true);
    expect(outcomes.acceptedEarlier('4A', carl!)).toBe(false);
    expect(outcomes.acceptedEarlier('4B', bob!)).toBe(false);
    outcomes.rememberAccepted('4A', carl!, accepted);
    outcomes.forget('4A', [bob!]);
    expect(outcomes.acceptedEarlier('4A', bob!)).toBe(false);
    // Postfix splits a message by its recipient limit: the other part is not done with.
    expect(outcomes.acceptedEarlier('4A', carl!)).toBe(true);
  });

  test('know their message by queue id and header: a queue id comes again', () => {
    const [one, other] = ['Subject: one\r\n\r\n', 'Subject: other\r\n\r\n'].map(h =>
      fingerprint('4A', Buffer.from(h)),
    );
    expect(one).not.toBe(other);
    expect(fingerprint('4A', Buffer.from('Subject: one\r\n\r\n'))).toBe(one);
    expect(fingerprint(undefined, Buffer.from('Subject: one\r\n\r\n'))).toBeUndefined();
  });

  test('know what a message ended in while it was signed by its header, of a bounded number', () => {
    const outcomes = new Outcomes(2);
    const [one, two, three] = ['1', '2', '3'].map(n => Buffer.from(`Subject: ${n}\r\n\r\n`));
    const damage = { kind: 'unsignable', detail: '8-bit' } as const;
    const broken = { kind: 'signing-failed', detail: 'anna: gone' } as const;
    const failure = ({ kind, detail }: Found) => new Failure(kind, detail);
    expect(outcomes.foundEarlier(one!)).toBeUndefined();
    outcomes.rememberFound(one!, failure(damage));
    outcomes.rememberFound(two!, failure(broken));
    outcomes.rememberFound(three!, failure(damage));
    expect([one!, two!, three!].map(header => outcomes.foundEarlier(header))).toEqual([
      undefined,
      broken,
      damage,
    ]);
  });

  test('hold nothing against a message that was not to blame', () => {
    const outcomes = new Outcomes();
    outcomes.rememberFound(Buffer.from('Subject: x\r\n\r\n'), new Failure('return-port-lost'));
    expect(outcomes.foundEarlier(Buffer.from('Subject: x\r\n\r\n'))).toBeUndefined();
  });

  test('are not remembered without a queue id: two messages would be taken for one', () => {
    const outcomes = new Outcomes();
    outcomes.rememberAccepted(undefined, bob!, accepted);
    expect(outcomes.acceptedEarlier(undefined, bob!)).toBe(false);
  });

  test('over the limit the oldest message is forgotten; one heard of again is young', () => {
    const outcomes = new Outcomes(3);
    outcomes.rememberAccepted('4A', bob!, accepted);
    outcomes.rememberAccepted('4B', bob!, accepted);
    outcomes.rememberAccepted('4A', carl!, accepted);
    outcomes.rememberAccepted('4C', bob!, accepted);
    expect(['4A', '4B', '4C'].map(id => outcomes.acceptedEarlier(id, bob!))).toEqual([true, false, true]);
    outcomes.rememberAccepted('4D', bob!, accepted);
    expect(['4A', '4C', '4D'].map(id => outcomes.acceptedEarlier(id, bob!))).toEqual([false, true, true]);
  });
});

describe('refusals', () => {
  test('are told once: then the recipient is asked for anew', () => {
    const outcomes = new Outcomes();
    outcomes.rememberRefusal(given, carl!, refused);
    expect(outcomes.takeRefusal(given.forwarded, bob!)).toBeUndefined();
    expect(outcomes.takeRefusal(given.forwarded, carl!)).toBe(refused);
    expect(outcomes.takeRefusal(given.forwarded, carl!)).toBeUndefined();
  });

  test('belong to their message; where Postfix gave no queue id, there are none', () => {
    const outcomes = new Outcomes();
    outcomes.rememberRefusal(withId('4A'), bob!, refused);
    expect(outcomes.takeRefusal(withId('4B').forwarded, bob!)).toBeUndefined();
    for (const anonymous of [{ ...given, forwarded: new Map<string, string>() }, withId('[UNAVAILABLE]')]) {
      outcomes.rememberRefusal(anonymous, bob!, refused);
      expect(outcomes.takeRefusal(anonymous.forwarded, bob!)).toBeUndefined();
    }
  });
});
