// What became of single recipients of a message that is to be tried again, so that the next attempt
// repeats nothing. Over SMTP one reply stands for all recipients; where they fare differently, the
// answer is 4xx, and each recipient hears its own reply at RCPT of the next attempt.
import { queueId, type Envelope, type ForwardedAttributes, type Recipient } from './envelope.js';
import { outcome, type Reply } from './failure.js';

export class Outcomes {
  private readonly messages = new Map<string, Map<string, Reply>>();

  /** @param limit of messages remembered; the oldest are forgotten first */
  constructor(private readonly limit = 10_000) {}

  /** Keeps the reply for a recipient until it has been told, or the message is done with. */
  remember(envelope: Envelope, recipient: Recipient, reply: Reply): void {
    const id = queueId(envelope.forwarded);
    if (id === undefined) return;
    const replies = this.messages.get(id) ?? new Map<string, Reply>();
    replies.set(recipient.address.text, reply);
    this.messages.delete(id);
    this.messages.set(id, replies);
    if (this.messages.size > this.limit) this.messages.delete(this.messages.keys().next().value!);
  }

  /** The remembered reply. A refusal is told once: after that the recipient is asked for anew. */
  recall(forwarded: ForwardedAttributes, recipient: Recipient): Reply | undefined {
    const id = queueId(forwarded);
    const replies = id === undefined ? undefined : this.messages.get(id);
    const reply = replies?.get(recipient.address.text);
    if (reply && outcome(reply) !== 'accepted') {
      replies!.delete(recipient.address.text);
      if (replies!.size === 0) this.messages.delete(id!);
    }
    return reply;
  }

  /** The message is done with. */
  forget(envelope: Envelope): void {
    const id = queueId(envelope.forwarded);
    if (id !== undefined) this.messages.delete(id);
  }
}
