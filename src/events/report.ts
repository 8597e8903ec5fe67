// What became of messages, counted from their events: each message once, however often it came again.
import { noQueueId } from '../envelope.js';
import { noCounts, outcomes, type Counts, type Event, type Outcome } from './event.js';

/** What a line of the report is about; what is absent was not asked for, or there is nothing to say. */
export interface Subject {
  readonly sender?: string | undefined;
  readonly rule?: string | undefined;
  readonly certificate?: string | undefined;
}

export interface Row extends Subject {
  readonly counts: Readonly<Counts>;
}

export type Column = keyof Subject;

interface MessageState {
  /** Where it is counted. */
  row: { readonly counts: Counts };
  outcome: Outcome;
}

/** What counts where one message had several fates: it is as good as the best of them. */
const rank: Readonly<Record<Outcome, number>> = { signed: 3, unsigned: 2, rejected: 1, deferred: 0 };

/** Messages that were deferred and may come again are remembered up to so many; Postfix gives up after five days. */
const remembered = 100_000;

/** Takes events in their order. Its memory grows with the rows, and with what is deferred. */
export class Report {
  private readonly bySubject = new Map<string, { readonly subject: Subject; readonly counts: Counts }>();
  /** By queue id and sender, those last that were heard of last. */
  private readonly deferred = new Map<string, MessageState>();
  /** The message of the event before, whose groups follow one another. */
  private current: { readonly key: string; readonly state: MessageState } | undefined;

  /** @param columns what tells its rows apart */
  constructor(private readonly columns: readonly Column[]) {}

  add(event: Event): void {
    const { queueId, sender, outcome } = event;
    const key = `${queueId} ${sender}`;
    const known = queueId === noQueueId ? undefined : this.find(key);
    const state = known ?? { row: this.rowOf(event), outcome };
    if (!known) state.row.counts[outcome]++;
    else if (rank[outcome] > rank[state.outcome]) {
      state.row.counts[state.outcome]--;
      state.row = this.rowOf(event);
      state.row.counts[outcome]++;
      state.outcome = outcome;
    }
    this.current = { key, state };
    if (outcome === 'deferred' || this.deferred.has(key)) this.remember(key, state);
  }

  /** By their columns. */
  get rows(): Row[] {
    return [...this.bySubject.entries()]
      .filter(([, { counts }]) => totalOf(counts) > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { subject, counts }]) => ({ ...subject, counts }));
  }

  get total(): Counts {
    const total = noCounts();
    for (const { counts } of this.bySubject.values())
      for (const outcome of outcomes) total[outcome] += counts[outcome];
    return total;
  }

  private find(key: string): MessageState | undefined {
    return this.current?.key === key ? this.current.state : this.deferred.get(key);
  }

  private remember(key: string, state: MessageState): void {
    this.deferred.delete(key);
    this.deferred.set(key, state);
    if (this.deferred.size > remembered) this.deferred.delete(this.deferred.keys().next().value!);
  }

  private rowOf(event: Event): { readonly counts: Counts } {
    const subject: Subject = Object.fromEntries(this.columns.map(column => [column, event[column]]));
    // No name has a NUL.
    const key = this.columns.map(column => event[column] ?? '').join('\0');
    let row = this.bySubject.get(key);
    if (!row) this.bySubject.set(key, (row = { subject, counts: noCounts() }));
    return row;
  }
}

export function totalOf(counts: Readonly<Counts>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
