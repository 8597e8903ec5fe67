// What an event, or a message of the debug journal, is searched by.
import type { Event, Outcome } from './event.js';

/** All that is given must hold. */
export interface Query {
  /** Of the sender or of one of the recipients. */
  readonly address?: (address: string) => boolean;
  readonly queueIds?: readonly string[];
  readonly rules?: readonly string[];
  readonly outcomes?: readonly Outcome[];
  /** From this moment on. */
  readonly since?: Date;
  /** Before this moment. */
  readonly until?: Date;
}

export interface Searched {
  readonly ts: string;
  readonly queueId: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly rule?: string;
  readonly outcome?: Outcome;
}

export function matches(
  { ts, queueId, sender, recipients, rule, outcome }: Searched,
  { address, queueIds, rules, outcomes, since, until }: Query,
): boolean {
  const at = Date.parse(ts);
  return (
    (queueIds === undefined || queueIds.includes(queueId)) &&
    (rules === undefined || (rule !== undefined && rules.includes(rule))) &&
    (outcomes === undefined || (outcome !== undefined && outcomes.includes(outcome))) &&
    (since === undefined || at >= since.getTime()) &&
    (until === undefined || at < until.getTime()) &&
    (address === undefined || address(sender) || recipients.some(address))
  );
}

export function matchesEvent(event: Event, query: Query): boolean {
  return matches({ ...event, ts: event.meta.event.ts }, query);
}
