// The event log: makes events of what the journal hears, and hands them to a file and a webhook.
import type { MessageEntry, MessageListener } from '../journal.js';
import type { Courier } from './courier.js';
import { eventsOf, toLine } from './event.js';
import type { EventFile } from './file.js';

export class EventLog implements MessageListener {
  constructor(
    private readonly couriers: readonly Courier[],
    private readonly file: EventFile | undefined,
    private readonly clock: () => Date,
  ) {}

  /** Takes no longer than making a line of text: the mail waits for it. */
  message(id: string, entry: MessageEntry): void {
    if (this.couriers.length === 0) return;
    for (const event of eventsOf(id, entry, this.clock())) {
      const line = toLine(event);
      for (const courier of this.couriers) courier.put(line);
    }
  }

  /** Opens the file anew: the one there was may have been moved away. */
  reopen(): void {
    this.file?.reopen();
    for (const courier of this.couriers) courier.hurry();
  }

  /** Waits a few seconds for what is not delivered yet; the rest is lost, and told in the journal. */
  async close(): Promise<void> {
    await Promise.all(this.couriers.map(courier => courier.close()));
  }
}
