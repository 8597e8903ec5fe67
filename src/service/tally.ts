// What has happened since the service began, in plain numbers: for those who ask how it is.
import type { MessageEntry, MessageListener } from '../entry.js';
import { fatesOf, noCounts, type Counts } from '../events/event.js';

export interface Deferral {
  readonly at: Date;
  readonly queueId: string;
  /** The envelope sender. */
  readonly sender: string;
  /** What Postfix heard. */
  readonly reply: string;
}

export class Tally implements MessageListener {
  readonly since: Date;
  readonly reloads = { ok: 0, failed: 0 };
  lastReload: { readonly at: Date; readonly ok: boolean } | undefined;
  lastDeferral: Deferral | undefined;
  /** Messages by outcome; one whose recipients were treated differently counts for each group of them. */
  private readonly all = noCounts();
  private ofDay = noCounts();
  private day: string;

  constructor(private readonly clock: () => Date) {
    this.since = clock();
    this.day = this.since.toDateString();
  }

  message(queueId: string, entry: MessageEntry): void {
    this.turnDay();
    for (const { outcome, reply } of fatesOf(entry)) {
      this.all[outcome]++;
      this.ofDay[outcome]++;
      if (outcome !== 'deferred') continue;
      const heard = `${reply.code} ${reply.text}`;
      this.lastDeferral = { at: this.clock(), queueId, sender: entry.sender.text, reply: heard };
    }
  }

  reloaded(ok: boolean): void {
    this.reloads[ok ? 'ok' : 'failed']++;
    this.lastReload = { at: this.clock(), ok };
  }

  get sinceStart(): Counts {
    return { ...this.all };
  }

  /** Since midnight, local time. */
  get today(): Counts {
    this.turnDay();
    return { ...this.ofDay };
  }

  /** `signed 1203, unsigned 88, deferred 2, rejected 0` */
  toString(): string {
    return Object.entries(this.all)
      .map(([outcome, count]) => `${outcome} ${count}`)
      .join(', ');
  }

  private turnDay(): void {
    const day = this.clock().toDateString();
    if (day === this.day) return;
    this.day = day;
    this.ofDay = noCounts();
  }
}
