// The copies of one message, made in one pass over it. Over SMTP, where one reply stands for all recipients, they stand
// and fall together; over LMTP each goes its own way.
import type { Copy } from './copy.js';
import type { Envelope } from './envelope.js';
import type { Reply } from './failure.js';
import type { NextHop } from './next-hop.js';

/** Used in the order of its methods. They throw Refused and Failure: what leaves nothing to go on with. */
export class Copies implements Iterable<Copy> {
  constructor(
    private readonly copies: readonly Copy[],
    private readonly together: boolean,
  ) {}

  open(nextHop: NextHop, envelope: Envelope): Promise<void> {
    return this.each(copy => copy.open(nextHop, envelope, !this.together));
  }

  write(bytes: Buffer): Promise<void> {
    return this.each(copy => copy.write(bytes));
  }

  /** Transfers all but the last octets: from here on only the next hop can say no. */
  end(): Promise<void> {
    return this.each(copy => copy.end());
  }

  /** @returns the reply to the last copy, or undefined where there is none */
  async finish(): Promise<Reply | undefined> {
    let reply: Reply | undefined;
    await this.each(async copy => {
      reply = await copy.finish();
    });
    return reply;
  }

  /** Drops what the next hop does not have already. */
  abort(): void {
    for (const copy of this.copies) copy.abort();
  }

  [Symbol.iterator](): Iterator<Copy> {
    return this.copies[Symbol.iterator]();
  }

  private async each(step: (copy: Copy) => Promise<unknown>): Promise<void> {
    for (const copy of this.copies) {
      if (copy.fault) continue;
      try {
        await step(copy);
      } catch (error) {
        copy.fault = error as Error;
        copy.abort();
        if (this.together || this.copies.every(c => c.fault)) throw error;
      }
    }
  }
}
