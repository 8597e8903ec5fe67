// One message down the path of the service, with a file as the next hop: nothing is shown before it is accepted.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Delivery, Envelope, Recipient } from '../envelope.js';
import { Failure, type Reply } from '../failure.js';
import { filter } from '../filter.js';
import type { Journal } from '../journal.js';
import type { NextHop, Transfer } from '../next-hop.js';
import type { Outcomes } from '../outcomes.js';
import type { Installation } from '../service/load.js';

export interface Spooled {
  readonly reply: Reply;
  /** The recipients need a second copy, which there was no room for. */
  readonly overfull: boolean;
}

/** @param path where the message is once the reply accepts it */
export async function passThrough(
  { envelope, content }: Pick<Delivery, 'envelope' | 'content'>,
  path: string,
  { config: { service }, policy }: Installation,
  { journal, outcomes }: { journal: Journal; outcomes: Outcomes },
): Promise<Spooled> {
  const spool = new Spool(path);
  const [reply] = await filter(
    { envelope, content, repliesEach: false, client: { helo: 'localhost', address: '' } },
    {
      policy,
      nextHop: spool,
      outcomes,
      journal,
      clock: () => new Date(),
      random: randomBytes,
      uptime: () => performance.now(),
      hostname: service.hostname,
      maxHops: service.maxHops,
    },
  );
  return { reply: reply!, overfull: spool.overfull };
}

class Spool implements NextHop {
  /** It was asked to take a second copy. */
  overfull = false;
  private opened = false;

  constructor(private readonly path: string) {}

  open(_envelope: Envelope): Promise<Transfer> {
    this.overfull = this.opened;
    if (this.overfull)
      return Promise.reject(new Failure('recipients-refused', 'standard output takes one copy'));
    this.opened = true;
    return Promise.resolve(new SpoolTransfer(createWriteStream(this.path, { mode: 0o600 })));
  }
}

class SpoolTransfer implements Transfer {
  readonly refused = new Map<Recipient, Reply>();

  constructor(private readonly file: WriteStream) {
    // Whoever writes or finishes hears of it.
    file.on('error', () => undefined);
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.file.write(bytes, error => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async finish(bytes: Buffer): Promise<{ code: number; text: string }> {
    this.file.end(bytes);
    await once(this.file, 'finish');
    return { code: 250, text: '2.0.0 Ok: written to standard output' };
  }

  abort(): void {
    this.file.destroy();
  }
}
