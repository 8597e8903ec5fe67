// What the filter asks of whoever takes a message next: the return port, or standard output.
import type { Envelope, Recipient } from './envelope.js';
import { Failure, type Reply } from './failure.js';

/** One line of the conversation with the next hop, for the debug journal. */
export type Trace = (direction: 'sent' | 'received', line: string) => void;

export interface NextHop {
  /**
   * Begins a transaction with these recipients, up to the point where it takes the message.
   * @param some whether it may begin with some of them, where others are refused
   * @throws Refused where the next hop does not take all of it; Failure for everything else
   */
  open(envelope: Envelope, trace: Trace, some: boolean): Promise<Transfer>;
}

/** A transaction that waits for its message. Nothing is delivered before `finish`. */
export interface Transfer {
  /** The recipients that it began without, with the replies that refused them. */
  readonly refused: ReadonlyMap<Recipient, Reply>;
  /** Resolves when it does not look at the octets any more, and takes others. @throws Failure, Refused */
  write(bytes: Buffer): Promise<void>;
  /** Ends the message with these octets and returns the reply to it, whatever it is. @throws Failure */
  finish(bytes: Buffer): Promise<Reply>;
  /** Drops the transaction so that nothing of it is delivered; harmless after `finish`. */
  abort(): void;
}

/** What an error is told as: the next hop's own reply, or that of a failure. */
export function replyOf(error: unknown): Reply {
  return error instanceof Refused ? error.reply : Failure.from(error).reply;
}

/** The next hop answered no. */
export class Refused extends Error {
  override readonly name = 'Refused';

  /**
   * @param reply the reply that stands for the whole transaction
   * @param recipients the recipients refused by name, with their replies; empty where it was not about them
   */
  constructor(
    readonly reply: Reply,
    readonly recipients: ReadonlyMap<Recipient, Reply> = new Map<Recipient, Reply>(),
  ) {
    super(`${reply.code} ${reply.text}`);
  }
}
