// Who may connect, and what becomes of those who may not.
import type { Socket } from 'node:net';
import { Failure } from '../failure.js';

/** Milliseconds in which the same address is spoken of once. */
const silence = 60_000;
/** So many addresses in that time: neither the journal nor the memory is anybody's to fill. */
const maxSpokenOf = 100;

export class Doorkeeper {
  /** Address → when; the oldest first. */
  private readonly spokenOf = new Map<string, number>();

  /**
   * @param allows whether the address may connect
   * @param tell told of an address that tried and may not
   * @param clock milliseconds
   */
  constructor(
    private readonly allows: (address: string) => boolean,
    private readonly tell: (address: string) => void,
    private readonly clock: () => number,
  ) {}

  /** @param address undefined for a connection that is gone already, which gets in no more than a stranger */
  admits(address: string | undefined): boolean {
    if (address === undefined) return false;
    const admitted = this.allows(address);
    if (!admitted && this.isNews(address)) this.tell(address);
    return admitted;
  }

  private isNews(address: string): boolean {
    const now = this.clock();
    for (const [old, at] of this.spokenOf) {
      if (now - at < silence) break;
      this.spokenOf.delete(old);
    }
    if (this.spokenOf.has(address) || this.spokenOf.size >= maxSpokenOf) return false;
    this.spokenOf.set(address, now);
    return true;
  }
}

/** Nothing that the client sends is read, and its going away not waited for. */
export function turnAway(socket: Socket): void {
  const { code, text } = new Failure('client-not-allowed').reply;
  socket.on('error', () => undefined);
  socket.end(`${code} ${text}\r\n`);
  socket.destroySoon();
}
