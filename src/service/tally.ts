// What became of the mail since the start, as numbers.
import type { MessageEntry, MessageListener } from '../entry.js';
import { outcomes, outcomesOf } from '../events/event.js';

/** Counts as the event log does: once for each message and group of recipients that were treated alike. */
export class Tally implements MessageListener {
  private readonly counts = new Map(outcomes.map(outcome => [outcome, 0]));

  message(_: string, entry: MessageEntry): void {
    for (const outcome of outcomesOf(entry)) this.counts.set(outcome, this.counts.get(outcome)! + 1);
  }

  /** `signed 1203, unsigned 88, deferred 2, rejected 0` */
  toString(): string {
    return [...this.counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
  }
}
