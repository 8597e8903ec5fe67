// Messages counted from their events.
import { describe, expect, test } from 'vitest';
import type { Event, Outcome } from '../../../src/events/event.js';
import { Report, totalOf } from '../../../src/events/report.js';

type Told = readonly [queueId: string, outcome: Outcome, more?: Partial<Event>];

const anna = 'anna@example.com';

function event([queueId, outcome, more]: Told): Event {
  return {
    meta: { event: { type: '', phase: '', state: '', subType: '', description: '', ts: '' } },
    queueId,
    outcome,
    sender: anna,
    recipients: ['bob@example.net'],
    rule: 'staff',
    reply: '250 2.0.0 Ok',
    size: 1,
    milliseconds: 1,
    ...more,
  };
}

function totals(events: readonly Told[]): Partial<Record<Outcome, number>> {
  const report = new Report(['sender', 'rule']);
  for (const told of events) report.add(event(told));
  return Object.fromEntries(Object.entries(report.total).filter(([, n]) => n > 0));
}

describe('a message counts once', () => {
  test.each<[string, Told[], Partial<Record<Outcome, number>>]>([
    [
      'two messages',
      [
        ['A', 'signed'],
        ['B', 'signed'],
      ],
      { signed: 2 },
    ],
    [
      'deferred and signed later',
      [
        ['A', 'deferred'],
        ['B', 'signed'],
        ['A', 'deferred'],
        ['A', 'signed'],
      ],
      { signed: 2 },
    ],
    [
      'deferred and bounced later',
      [
        ['A', 'deferred'],
        ['B', 'unsigned'],
        ['A', 'rejected'],
      ],
      { rejected: 1, unsigned: 1 },
    ],
    [
      'deferred and not heard of again',
      [
        ['A', 'deferred'],
        ['A', 'deferred'],
      ],
      { deferred: 1 },
    ],
    [
      'recipients who get it unsigned beside those who get it signed',
      [
        ['A', 'unsigned'],
        ['A', 'signed'],
      ],
      { signed: 1 },
    ],
    [
      'one copy accepted, the other one deferred and accepted later',
      [
        ['A', 'signed'],
        ['A', 'deferred'],
        ['B', 'signed'],
        ['A', 'signed'],
      ],
      { signed: 2 },
    ],
    [
      'what has no queue id counts each time',
      [
        ['NOQUEUE', 'deferred'],
        ['NOQUEUE', 'signed'],
      ],
      { deferred: 1, signed: 1 },
    ],
    [
      'a queue id that is used again for another sender is another message',
      [
        ['A', 'deferred'],
        ['A', 'signed', { sender: 'kim@example.com' }],
      ],
      { deferred: 1, signed: 1 },
    ],
  ])('%s', (_, events, expected) => {
    expect(totals(events)).toEqual(expected);
  });
});

test('it moves to the row of the rule that decided at last, and rows without messages are gone', () => {
  const report = new Report(['sender', 'rule']);
  report.add(event(['A', 'deferred', { rule: 'old' }]));
  report.add(event(['B', 'unsigned', { sender: '' }]));
  report.add(event(['A', 'signed', { rule: 'new' }]));
  const rows = report.rows.map(({ sender, rule, counts }) => [sender, rule, totalOf(counts)]);
  expect(rows).toEqual([
    ['', 'staff', 1],
    [anna, 'new', 1],
  ]);
});

test('names with no more in common than their ends are rows of their own', () => {
  const report = new Report(['sender', 'rule']);
  report.add(event(['A', 'signed', { sender: 'a', rule: 'bc' }]));
  report.add(event(['B', 'signed', { sender: 'ab', rule: 'c' }]));
  expect(report.rows).toHaveLength(2);
});
