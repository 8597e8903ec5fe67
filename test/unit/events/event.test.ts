// Events: the shape that programs rely on, and an outcome that is what really happened.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Address } from '../../../src/address.js';
import type { Decision } from '../../../src/decision.js';
import { eventsOf, parseEvent, toLine, type Event } from '../../../src/events/event.js';
import { Failure } from '../../../src/failure.js';
import type { Identity } from '../../../src/identity.js';
import type { MessageEntry } from '../../../src/entry.js';
import { Tally } from '../../../src/service/tally.js';

const address = (text: string): Address => Address.parse(text)!;
const now = new Date('2024-11-08T07:38:42.224Z');

const sign = {
  action: 'sign',
  rule: 'invoices',
  identity: { name: 'billing' } as Identity,
  warning: 'does not name the sender',
} as Decision;
const pass: Decision = { action: 'pass', reason: 'no rule for this sender' };
const refuse = (permanent: boolean): Decision => ({
  action: 'refuse',
  rule: 'invoices',
  failure: new Failure('expired', 'billing', permanent),
});

const accepted = { code: 250, text: '2.0.0 Ok: queued as 4bX' };
const later = { code: 451, text: '4.3.0 Later' };
const never = { code: 550, text: '5.7.1 No' };

const entry = (more: Partial<MessageEntry> = {}): MessageEntry => ({
  sender: address('billing@example.com'),
  groups: [],
  size: 236,
  milliseconds: 71,
  reply: accepted,
  ...more,
});

const groupOf = (decision: Decision): MessageEntry['groups'] => [
  { decision, recipients: [address('kim@example.net')] },
];

describe('the whole object', () => {
  test('of a signed message', () => {
    expect(eventsOf('81073210550', entry({ groups: groupOf(sign) }), now)).toEqual([
      {
        meta: {
          event: {
            type: 'SMIME_SIGNING',
            phase: 'PROCESS',
            state: 'INTERMEDIATE',
            subType: 'OK',
            description: 'Signed with certificate billing',
            ts: '2024-11-08T07:38:42.224Z',
          },
        },
        queueId: '81073210550',
        outcome: 'signed',
        sender: 'billing@example.com',
        recipients: ['kim@example.net'],
        rule: 'invoices',
        certificate: 'billing',
        warning: 'does not name the sender',
        reply: '250 2.0.0 Ok: queued as 4bX',
        size: 236,
        milliseconds: 71,
      },
    ]);
  });

  test('of one that a rule refused', () => {
    const decision = refuse(true);
    const { reply } = (decision as { failure: Failure }).failure;
    expect(eventsOf('X', entry({ groups: groupOf(decision), reply }), now)).toEqual([
      {
        meta: {
          event: {
            type: 'DROPPED',
            phase: 'PROCESS',
            state: 'FINISHED',
            subType: 'PROCESSING_FAILED',
            description:
              'Mail from <billing@example.com> was refused: S/MIME certificate is expired: billing',
            ts: '2024-11-08T07:38:42.224Z',
          },
        },
        queueId: 'X',
        outcome: 'rejected',
        sender: 'billing@example.com',
        recipients: ['kim@example.net'],
        rule: 'invoices',
        reason: 'S/MIME certificate is expired: billing',
        reply: '554 5.7.5 S/MIME certificate is expired: billing',
        size: 236,
        milliseconds: 71,
      },
    ]);
  });
});

describe('decision and reply make the outcome', () => {
  test.each([
    ['signed', sign, accepted, 'SMIME_SIGNING INTERMEDIATE OK', 'Signed with certificate billing'],
    ['unsigned', pass, accepted, 'SMIME_SIGNING INTERMEDIATE SKIPPED', /^Passed unsigned: no rule for/],
    ['deferred', sign, later, 'DEFERRED INTERMEDIATE PROCESSING_FAILED', /was deferred: 451 4\.3\.0 Later$/],
    ['deferred', pass, later, 'DEFERRED INTERMEDIATE PROCESSING_FAILED', /was deferred: 451 4\.3\.0 Later$/],
    ['deferred', refuse(false), later, 'DEFERRED INTERMEDIATE PROCESSING_FAILED', /is expired: billing$/],
    // Other recipients of the message fared otherwise: this attempt is deferred for all.
    ['deferred', refuse(true), later, 'DEFERRED INTERMEDIATE PROCESSING_FAILED', /is expired: billing$/],
    ['rejected', sign, never, 'DROPPED FINISHED PROCESSING_FAILED', /was refused: 550 5\.7\.1 No$/],
    ['rejected', pass, never, 'DROPPED FINISHED PROCESSING_FAILED', /was refused: 550 5\.7\.1 No$/],
  ])('%s', (outcome, decision, reply, kind, description) => {
    const [event] = eventsOf('X', entry({ groups: groupOf(decision), reply }), now);
    const { type, state, subType, ...rest } = event!.meta.event;
    expect(event!.outcome).toBe(outcome);
    expect(`${type} ${state} ${subType}`).toBe(kind);
    expect(rest).toMatchObject({ phase: 'PROCESS' });
    expect(rest.description).toMatch(description);
  });
});

test.each([
  ['signed', sign, accepted],
  ['unsigned', pass, accepted],
  ['deferred', sign, later],
  ['rejected', sign, never],
])('docs/events.md has the kind of %s', (outcome, decision, reply) => {
  const docs = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
  const [{ meta }] = eventsOf('X', entry({ groups: groupOf(decision), reply }), now) as [Event];
  const { type, phase, state, subType } = meta.event;
  const row = docs.split('\n').find(line => line.startsWith(`| \`${outcome}\` |`));
  expect(row).toContain(`| \`${type}\` | \`${phase}\` | \`${state}\` | \`${subType}\` |`);
});

describe('groups', () => {
  test('are counted as they have events', () => {
    const tally = new Tally(() => now);
    tally.message('X', entry({ groups: [...groupOf(sign), ...groupOf(pass)] }));
    tally.message('X', entry({ groups: groupOf(sign), reply: never }));
    tally.message('NOQUEUE', entry({ reply: later }));
    tally.message('X', entry());
    expect(tally.toString()).toBe('signed 1, unsigned 1, deferred 1, rejected 1');
  });

  test('have an event each, over LMTP with replies of their own', () => {
    const groups = [
      { decision: sign, recipients: [address('a@x.example'), address('b@x.example')] },
      { decision: pass, recipients: [address('c@x.example')], reply: never },
    ];
    const events = eventsOf('X', entry({ groups }), now);
    expect(events.map(e => [e.outcome, e.recipients, e.reply])).toEqual([
      ['signed', ['a@x.example', 'b@x.example'], '250 2.0.0 Ok: queued as 4bX'],
      ['rejected', ['c@x.example'], '550 5.7.1 No'],
    ]);
  });

  test('there are none: one event with what is known', () => {
    const [event, ...more] = eventsOf('NOQUEUE', entry({ sender: Address.null, reply: later }), now);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      meta: { event: { type: 'DEFERRED', description: 'Mail from <> was deferred: 451 4.3.0 Later' } },
      queueId: 'NOQUEUE',
      sender: '',
      recipients: [],
    });
  });

  test('there are none left, as earlier attempts reached everybody: no event', () => {
    expect(eventsOf('X', entry(), now)).toEqual([]);
  });

  test('name a thousand recipients and count the others', () => {
    const recipients = Array.from({ length: 1002 }, (_, i) => address(`r${i}@x.example`));
    const [event] = eventsOf('X', entry({ groups: [{ decision: pass, recipients }] }), now);
    expect(event!.recipients).toHaveLength(1000);
    expect(event!.moreRecipients).toBe(2);
  });
});

describe('lines', () => {
  const hostile = 'a\r\nb\x1b[2Jc\x9b31md\x7fe\u2028f\0g\u202eh';

  test('come back as they were, without anything that a terminal would obey', () => {
    const groups = groupOf({ action: 'pass', reason: hostile });
    const [event] = eventsOf(hostile, entry({ groups, reply: { code: 250, text: hostile } }), now);
    const line = toLine(event!);
    expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(parseEvent(line)).toEqual(event);
  });

  const good = toLine(eventsOf('X', entry({ groups: groupOf(pass) }), now)[0]!);
  test.each([
    ['nothing', ''],
    ['half of one', good.slice(0, -20)],
    ['two in one', good + good],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', `[${good}]`],
    ['no time', good.replace('"ts"', '"at"')],
    ['a time that is none', good.replace('2024-11', '2024-13')],
    ['recipients that are no list', good.replace('["kim@example.net"]', '"kim@example.net"')],
    ['a recipient that is no text', good.replace('["kim@example.net"]', '[7]')],
    ['a rule that is no text', good.replace('"size"', '"rule":{},"size"')],
    ['an object of something else', '{"level":"debug","message":"done"}'],
  ])('that hold something else are no events: %s', (_, line) => {
    expect(parseEvent(good)).toBeDefined();
    expect(parseEvent(line)).toBeUndefined();
  });
});
