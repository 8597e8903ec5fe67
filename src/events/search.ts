// What an event is searched by.
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

export function matches(event: Event, { address, queueIds, rules, outcomes, since, until }: Query): boolean {
  const at = Date.parse(event.meta.event.ts);
  return (
    (queueIds === undefined || queueIds.includes(event.queueId)) &&
    (rules === undefined || (event.rule !== undefined && rules.includes(event.rule))) &&
    (outcomes === undefined || outcomes.includes(event.outcome)) &&
    (since === undefined || at >= since.getTime()) &&
    (until === undefined || at < until.getTime()) &&
    (address === undefined || address(event.sender) || event.recipients.some(address))
  );
}
