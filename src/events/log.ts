// The event log: makes events of what the journal hears, and hands them to a file and a webhook.
import type { MessageEntry, MessageListener } from '../entry.js';
import type { Backlog, Courier } from './courier.js';
import { eventsOf, toLine } from './event.js';
import type { EventFile } from './file.js';
import type { Webhook } from './webhook.js';

/** Where events go, and who brings them there. */
export interface Way<T> {
  readonly to: T;
  readonly courier: Courier;
}

export interface Backlogs {
  readonly file?: Backlog;
  readonly webhook?: Backlog;
}

export class EventLog implements MessageListener {
  constructor(
    readonly file: Way<EventFile> | undefined,
    readonly webhook: Way<Webhook> | undefined,
    private readonly clock: () => Date,
  ) {}

  /** Takes no longer than making a line of text: the mail waits for it. */
  message(id: string, entry: MessageEntry): void {
    const couriers = this.couriers;
    if (couriers.length === 0) return;
    for (const event of eventsOf(id, entry, this.clock())) {
      const line = toLine(event);
      for (const courier of couriers) courier.put(line);
    }
  }

  /** How it stands with each way that there is. */
  get backlogs(): Backlogs {
    const { file, webhook } = this;
    return {
      ...(file && { file: file.courier.backlog }),
      ...(webhook && { webhook: webhook.courier.backlog }),
    };
  }

  /** Opens the file anew: the one there was may have been moved away. */
  reopen(): void {
    this.file?.to.reopen();
    for (const courier of this.couriers) courier.hurry();
  }

  /**
   * Waits a few seconds for what is not delivered yet; the rest is lost, and told in the journal.
   * @param heir an event log that goes on with some of the ways
   */
  async close(why: string, heir?: EventLog): Promise<void> {
    const { file } = this;
    const left = this.couriers.filter(c => c !== heir?.file?.courier && c !== heir?.webhook?.courier);
    await Promise.all(left.map(courier => courier.close(why)));
    // Not waited for: a disk that hangs keeps its file open.
    if (file && left.includes(file.courier)) void file.to.close().catch(() => undefined);
  }

  private get couriers(): Courier[] {
    return [this.file, this.webhook].flatMap(way => way?.courier ?? []);
  }
}
