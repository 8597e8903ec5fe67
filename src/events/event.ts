// What became of a message for one group of recipients, as an object for programs: a line of the event log.
import type { Address } from '../address.js';
import type { Decision } from '../decision.js';
import { outcome, type Reply } from '../failure.js';
import type { MessageEntry } from '../entry.js';
import { printableJson } from '../printable.js';
import { outcomeOf, outcomes, type Outcome } from '../sentence.js';

export { outcomes, type Outcome } from '../sentence.js';

/** So many of each. */
export type Counts = Record<Outcome, number>;

export function noCounts(): Counts {
  return { signed: 0, unsigned: 0, deferred: 0, rejected: 0 };
}

/** How each outcome is told in `meta.event`; docs/events.md has the same table. */
const kinds = {
  signed: { type: 'SMIME_SIGNING', phase: 'PROCESS', state: 'INTERMEDIATE', subType: 'OK' },
  unsigned: { type: 'SMIME_SIGNING', phase: 'PROCESS', state: 'INTERMEDIATE', subType: 'SKIPPED' },
  deferred: { type: 'DEFERRED', phase: 'PROCESS', state: 'INTERMEDIATE', subType: 'PROCESSING_FAILED' },
  rejected: { type: 'DROPPED', phase: 'PROCESS', state: 'FINISHED', subType: 'PROCESSING_FAILED' },
} as const satisfies Record<Outcome, object>;

/** Names and types stay; what there is nothing to say of is absent. */
export interface Event {
  readonly meta: {
    readonly event: {
      readonly type: string;
      readonly phase: string;
      readonly state: string;
      readonly subType: string;
      readonly description: string;
      /** UTC, as in `2024-11-08T07:38:42.224Z`. */
      readonly ts: string;
    };
  };
  /** Postfix's queue id, or NOQUEUE. */
  readonly queueId: string;
  readonly outcome: Outcome;
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  /** Those of the group; empty where the message did not get as far as a decision. */
  readonly recipients: readonly string[];
  /** So many recipients are not named. */
  readonly moreRecipients?: number;
  readonly rule?: string;
  /** The one that it is signed with, or was to be. */
  readonly certificate?: string;
  /** Why it was not to be signed. */
  readonly reason?: string;
  /** What the administrator should know of all the same. */
  readonly warning?: string;
  /** What Postfix heard: `250 2.0.0 Ok: queued as 91829210553`. */
  readonly reply: string;
  /** Octets received. */
  readonly size: number;
  readonly milliseconds: number;
}

/** What etc/postfix/main.cf has Postfix hand over at a time. */
const namedRecipients = 1000;

/** What became of a message for recipients that were treated alike. */
export interface Fate {
  readonly outcome: Outcome;
  readonly recipients: readonly Address[];
  readonly reply: Reply;
  readonly decision?: Decision | undefined;
}

/**
 * One for each group of recipients; one in all for a message that failed before there was a decision. A message that
 * earlier attempts had brought to everybody has none: it was told then.
 */
export function fatesOf({ groups, reply }: MessageEntry): Fate[] {
  const fate = (recipients: readonly Address[], own: Reply, decision?: Decision): Fate => ({
    outcome: outcomeOf(own, decision),
    recipients,
    reply: own,
    decision,
  });
  if (groups.length > 0) return groups.map(g => fate(g.recipients, g.reply ?? reply, g.decision));
  return outcome(reply) === 'accepted' ? [] : [fate([], reply)];
}

/** An event for each of its fates. */
export function eventsOf(id: string, entry: MessageEntry, now: Date): Event[] {
  return fatesOf(entry).map(fate => eventOf(id, entry, now, fate));
}

function eventOf(
  queueId: string,
  { sender, size, milliseconds }: MessageEntry,
  now: Date,
  { outcome: result, recipients, reply: { code, text }, decision }: Fate,
): Event {
  const reply = `${code} ${text}`;
  const more = recipients.length - namedRecipients;
  return {
    meta: {
      event: {
        ...kinds[result],
        description: describe(result, sender, reply, decision),
        ts: now.toISOString(),
      },
    },
    queueId,
    outcome: result,
    sender: sender.text,
    recipients: recipients.slice(0, namedRecipients).map(r => r.text),
    ...(more > 0 && { moreRecipients: more }),
    ...(decision?.rule !== undefined && { rule: decision.rule }),
    ...(decision?.action === 'sign' && { certificate: decision.identity.name }),
    ...(decision?.action === 'pass' && { reason: decision.reason }),
    ...(decision?.action === 'refuse' && { reason: decision.failure.message }),
    ...(decision?.warning !== undefined && { warning: decision.warning }),
    reply,
    size,
    milliseconds,
  };
}

function describe(result: Outcome, sender: Address, reply: string, decision?: Decision): string {
  if (result === 'signed' && decision?.action === 'sign')
    return `Signed with certificate ${decision.identity.name}`;
  if (result === 'unsigned' && decision?.action === 'pass') return `Passed unsigned: ${decision.reason}`;
  const why = decision?.action === 'refuse' ? decision.failure.message : reply;
  return `Mail from <${sender.text}> was ${result === 'rejected' ? 'refused' : 'deferred'}: ${why}`;
}

/** As one line of JSON, in which nothing is left that a terminal would obey. */
export function toLine(event: Event): string {
  return printableJson(JSON.stringify(event));
}

/** The event that a line of the log holds; undefined where it is something else. */
export function parseEvent(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is Event {
  const event = value as Record<string, unknown> & { meta?: { event?: { ts?: unknown } } };
  const isString = (text: unknown): boolean => typeof text === 'string';
  const ts = event.meta?.event?.ts;
  return (
    typeof ts === 'string' &&
    !Number.isNaN(Date.parse(ts)) &&
    outcomes.some(name => name === event['outcome']) &&
    ['queueId', 'sender', 'reply'].every(key => isString(event[key])) &&
    ['rule', 'certificate', 'reason', 'warning'].every(key => !(key in event) || isString(event[key])) &&
    Array.isArray(event['recipients']) &&
    event['recipients'].every(isString)
  );
}
