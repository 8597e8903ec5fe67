// What became of a message that is to be tried again, so that the next attempt repeats nothing: neither copies
// (over SMTP one reply stands for all recipients; where they fare differently, it is a 4xx) nor mistakes.
import { createHash } from 'node:crypto';
import { queueId, type Envelope, type ForwardedAttributes, type Recipient } from './envelope.js';
import type { Failure, FailureKind, Reply } from './failure.js';

/**
 * Tells a message from all others, however often it comes. Postfix uses a queue id again once its message is
 * gone; the header, with Postfix's own Received field in it, stays that message's.
 */
export function fingerprint(queueId: string | undefined, header: Buffer): string | undefined {
  return queueId && `${queueId} ${digest(header)}`;
}

function digest(header: Buffer): string {
  return createHash('sha256').update(header).digest('base64');
}

/** What shows only while a message is signed: the next attempt decides knowing it. */
const foundLate: ReadonlySet<FailureKind> = new Set(['unsignable', 'signing-failed']);

/** Without the stack and the cause: there may be one for every message in the queue. */
export type Found = Pick<Failure, 'kind' | 'detail'>;

export class Outcomes {
  private readonly accepted: Memory;
  private readonly refused: Memory;
  /** By the header's digest: if it were another message's, that one would be no worse off. */
  private readonly found = new Map<string, Found>();

  /** @param limit of replies remembered; those of the oldest messages are forgotten first */
  constructor(private readonly limit = 100_000) {
    this.accepted = new Memory(limit);
    this.refused = new Memory(limit);
  }

  /** The next hop has the message for this recipient. Without a fingerprint nothing is remembered. */
  rememberAccepted(message: string | undefined, recipient: Recipient, reply: Reply): void {
    if (message !== undefined) this.accepted.put(message, recipient, reply);
  }

  /** Whether an earlier attempt delivered to this recipient. */
  acceptedEarlier(message: string | undefined, recipient: Recipient): boolean {
    return message !== undefined && this.accepted.get(message, recipient) !== undefined;
  }

  /** The message is done with for these recipients; Postfix may have split it, and others be waiting. */
  forget(message: string | undefined, recipients: readonly Recipient[]): void {
    if (message !== undefined) for (const recipient of recipients) this.accepted.delete(message, recipient);
  }

  /** What ended an attempt to sign the message with this header, if deciding anew can do better. */
  rememberFound(header: Buffer, { kind, detail }: Failure): void {
    if (!foundLate.has(kind)) return;
    this.found.set(digest(header), { kind, detail });
    const [oldest] = this.found.keys();
    if (this.found.size > this.limit) this.found.delete(oldest!);
  }

  foundEarlier(header: Buffer): Found | undefined {
    return this.found.size === 0 ? undefined : this.found.get(digest(header));
  }

  /**
   * The next hop refused this recipient: the next attempt is to hear it at RCPT, so that the others can go.
   * There the queue id is known from XFORWARD alone, which Postfix sends for all but the sendmail command's
   * mail: that has a transport of its own, with one recipient at a time.
   */
  rememberRefusal({ forwarded }: Envelope, recipient: Recipient, reply: Reply): void {
    const id = queueId(forwarded);
    if (id !== undefined) this.refused.put(id, recipient, reply);
  }

  /** A refusal that is due. It is told once: after that the next hop is asked anew. */
  takeRefusal(forwarded: ForwardedAttributes, recipient: Recipient): Reply | undefined {
    const id = queueId(forwarded);
    const reply = id === undefined ? undefined : this.refused.get(id, recipient);
    if (reply) this.refused.delete(id!, recipient);
    return reply;
  }
}

/** Replies by message and recipient, bounded. */
class Memory {
  private readonly messages = new Map<string, Map<string, Reply>>();
  private size = 0;

  constructor(private readonly limit: number) {}

  put(message: string, { address }: Recipient, reply: Reply): void {
    const replies = this.messages.get(message) ?? new Map<string, Reply>();
    if (!replies.has(address.text)) this.size++;
    replies.set(address.text, reply);
    this.messages.delete(message);
    this.messages.set(message, replies);
    for (const [oldest, { size }] of this.messages) {
      if (this.size <= this.limit) break;
      this.messages.delete(oldest);
      this.size -= size;
    }
  }

  get(message: string, { address }: Recipient): Reply | undefined {
    return this.messages.get(message)?.get(address.text);
  }

  delete(message: string, { address }: Recipient): void {
    const replies = this.messages.get(message);
    if (replies?.delete(address.text)) this.size--;
    if (replies?.size === 0) this.messages.delete(message);
  }
}
