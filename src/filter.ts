// The story of one message, from its first octet to the final reply.
import { Copy, type CopyContext } from './copy.js';
import type { Decision } from './decision.js';
import { queueId, type Delivery, type Envelope, type Recipient } from './envelope.js';
import { factsOf, readBeginning } from './facts.js';
import { Failure, outcome, type Reply } from './failure.js';
import type { Journal } from './journal.js';
import { TopHeaderReader, type TopHeader } from './mime/top-header.js';
import { Refused, type NextHop } from './next-hop.js';
import { fingerprint, type Outcomes } from './outcomes.js';
import { countHops, receivedField, receivedId } from './received.js';
import { decide } from './rules/decide.js';
import type { MessageFacts } from './rules/message.js';
import type { Policy } from './rules/policy.js';

/** Everything that the filter uses and does not make itself. */
export interface Hands {
  readonly policy: Policy;
  readonly nextHop: NextHop;
  readonly outcomes: Outcomes;
  readonly journal: Journal;
  readonly clock: () => Date;
  readonly random: (octets: number) => Buffer;
  /** Our name in the Received field. */
  readonly hostname: string;
  readonly maxHops: number;
}

/** What the journal says for a message whose queue id is not known, as Postfix does. */
const noQueueId = 'NOQUEUE';

/** Recipients that share a decision. */
interface Group {
  readonly decision: Decision;
  readonly recipients: Recipient[];
}

/**
 * Filters one message. Never rejects: a fault becomes a 4xx reply, and nothing of the message is delivered.
 * @returns the reply to the end of DATA; a 2xx only after the next hop has accepted every copy
 */
export async function filter(message: Delivery, hands: Hands): Promise<Reply> {
  const { envelope, client } = message;
  const { journal, clock } = hands;
  let id = queueId(envelope.forwarded) ?? noQueueId;
  let print: string | undefined;
  const now = clock();
  const content = new Counted(message.content);
  let header: TopHeader | undefined;
  let groups: Group[] = [];
  let copies: Copy[] = [];
  let reply: Reply;
  try {
    header = await readTopHeader(content);
    const beginning = await readBeginning(header.rest, content);
    const queue = queueId(envelope.forwarded) ?? receivedId(header.fields);
    id = queue ?? noQueueId;
    print = fingerprint(queue, header.block);
    journal.envelope(id, envelope, client);
    if (countHops(header.fields) > hands.maxHops)
      throw new Failure('loop', `more than ${hands.maxHops} times`);

    // Whom an earlier attempt reached is not decided about again.
    const recipients = envelope.recipients.filter(r => !hands.outcomes.acceptedEarlier(print, r));
    const facts = factsOf(envelope, header.fields, beginning, hands.outcomes.whyUnsignable(header.block));
    groups = decideGroups(id, facts, recipients, now, hands);
    const received = receivedField({ ...client, hostname: hands.hostname, id, date: now });
    copies = createCopies(groups, { id, header, received, now, journal, random: hands.random });

    for (const copy of copies) await copy.open(hands.nextHop, envelope);
    for (const copy of copies) await copy.write(beginning.bytes);
    for await (const bytes of content) for (const copy of copies) await copy.write(bytes);
    for (const copy of copies) await copy.end();

    // Every copy is transferred but for its final dot: from here on only the next hop can say no.
    reply = { code: 250, text: '2.0.0 Ok: delivered by an earlier attempt' };
    for (const copy of copies) reply = await copy.finish();
    hands.outcomes.forget(print, envelope.recipients);
  } catch (error) {
    for (const copy of copies) copy.abort();
    for (const { accepted, recipients: served } of copies) {
      if (accepted) for (const r of served) hands.outcomes.rememberAccepted(print, r, accepted);
    }
    // What its beginning did not show: the next attempt takes the form that the rule has for this.
    if (header && copies.length > 0 && error instanceof Failure && error.kind === 'unsignable')
      hands.outcomes.rememberUnsignable(header.block, error.detail);
    reply = replyTo(error, id, envelope, copies, hands);
  } finally {
    await content.release();
  }
  journal.message(id, {
    sender: envelope.sender,
    groups: groups.map(g => ({ decision: g.decision, recipients: g.recipients.map(r => r.address) })),
    size: content.size,
    milliseconds: clock().getTime() - now.getTime(),
    reply,
  });
  return reply;
}

/** Content that is counted as it is read, by one reader after the other. */
class Counted implements AsyncIterableIterator<Buffer> {
  size = 0;
  private readonly iterator: AsyncIterator<Buffer>;

  constructor(source: AsyncIterable<Buffer>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    const result = await this.iterator.next();
    if (!result.done) this.size += result.value.length;
    return result;
  }

  /** Lets go of the source, so that whoever owns it can read what is left. */
  async release(): Promise<void> {
    await this.iterator.return?.();
  }
}

async function readTopHeader(content: Counted): Promise<TopHeader> {
  const reader = new TopHeaderReader();
  for (let next = await content.next(); !next.done; next = await content.next()) {
    const header = reader.write(next.value);
    if (header) return header;
  }
  return reader.end();
}

/** Decides for every recipient, and puts those with the same decision together. */
function decideGroups(
  id: string,
  facts: MessageFacts,
  recipients: readonly Recipient[],
  now: Date,
  hands: Hands,
): Group[] {
  const addresses = recipients.map(r => r.address);
  const verdicts = decide(hands.policy, facts, addresses, now);
  const groups: Group[] = [];
  verdicts.forEach(({ decision, steps }, i) => {
    const recipient = recipients[i]!;
    hands.journal.decision(id, recipient.address, steps, decision);
    const group = groups.find(g => g.decision === decision);
    if (group) group.recipients.push(recipient);
    else groups.push({ decision, recipients: [recipient] });
  });
  return groups;
}

/** One copy for each content: all that passes unsigned is the same. @throws Failure, Refused */
function createCopies(groups: readonly Group[], context: CopyContext): Copy[] {
  const copies = new Map<string, Copy>();
  for (const { decision, recipients } of groups) {
    if (decision.action === 'refuse') {
      const { failure } = decision;
      throw groups.length === 1
        ? failure
        : new Refused(failure.reply, new Map(recipients.map(r => [r, failure.reply])));
    }
    const copy = copies.get(decision.action);
    if (copy) copy.recipients.push(...recipients);
    else copies.set(decision.action, new Copy(decision, [...recipients], context));
  }
  return [...copies.values()];
}

/**
 * The reply after something went wrong. Where recipients fared differently it is a 4xx, and what is known
 * of each of them is kept for the next attempt, so that nobody gets a second copy or somebody else's bounce.
 */
function replyTo(
  error: unknown,
  id: string,
  envelope: Envelope,
  copies: readonly Copy[],
  hands: Hands,
): Reply {
  const { journal, outcomes } = hands;
  if (!(error instanceof Refused)) {
    const failure = Failure.from(error);
    journal.failure(id, failure);
    if (failure.kind === 'internal') journal.internalFault(id, failure);
    return failure.reply;
  }
  journal.failure(id, error);
  const refused = new Map(error.recipients);
  if (refused.size === 0 && copies.length > 1 && outcome(error.reply) === 'rejected') {
    // A 5xx to one copy would bounce the recipients of the other one as well.
    for (const { refusal, recipients } of copies)
      if (refusal) for (const r of recipients) refused.set(r, refusal);
  }
  if (refused.size === 0) return error.reply;
  for (const [recipient, reply] of refused) outcomes.rememberRefusal(envelope, recipient, reply);
  return new Failure('recipients-refused', error.message).reply;
}
