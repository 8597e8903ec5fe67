// The story of one message, from its first octet to the final reply.
import { Copies } from './copies.js';
import type { MessageTrace } from './debug/trace.js';
import { noQueueId, queueId, type Delivery, type Envelope, type Recipient } from './envelope.js';
import { factsOf, readBeginning } from './facts.js';
import { Failure, outcome, type Reply } from './failure.js';
import { copiesFor, decideGroups, ownReplies, tell, type Group } from './groups.js';
import type { Journal } from './journal.js';
import { mailboxesOf } from './mime/mailboxes.js';
import { TopHeaderReader, withoutField, type TopHeader } from './mime/top-header.js';
import { Refused, replyOf, type NextHop } from './next-hop.js';
import { fingerprint, type Outcomes } from './outcomes.js';
import { countHops, receivedField, receivedId } from './received.js';
import type { Policy } from './rules/policy.js';

/** Everything that the filter uses and does not make itself. */
export interface Hands {
  readonly policy: Policy;
  readonly nextHop: NextHop;
  readonly outcomes: Outcomes;
  readonly journal: Journal;
  readonly clock: () => Date;
  readonly random: (octets: number) => Buffer;
  /** Milliseconds that only ever grow, for how long something takes. */
  readonly uptime: () => number;
  /** Our name in the Received field. */
  readonly hostname: string;
  readonly maxHops: number;
}

/**
 * Filters one message. Never rejects: a fault becomes a 4xx reply, and nothing is delivered that it stands for.
 * @returns the reply to the end of DATA for each recipient, in their order; a 2xx only after the next hop has
 *   accepted that recipient's copy. Unless they are to have replies of their own, they all have the same one: a 2xx
 *   only after every copy was accepted
 */
export async function filter(message: Delivery, hands: Hands): Promise<readonly Reply[]> {
  const { envelope, client, repliesEach } = message;
  const { journal, clock, random, uptime } = hands;
  const trace = journal.trace({ ...envelope, client });
  let id = queueId(envelope.forwarded) ?? noQueueId;
  let print: string | undefined;
  const now = clock();
  const began = uptime();
  const content = new Counted(message.content);
  let header: TopHeader | undefined;
  let pending: readonly Recipient[] = envelope.recipients;
  let groups: Group[] = [];
  let copies = new Copies([], !repliesEach);
  let reply: Reply;
  try {
    const { fields } = (header = await readTopHeader(content));
    const queue = queueId(envelope.forwarded) ?? receivedId(fields);
    id = queue ?? noQueueId;
    trace.identify(id, () => mailboxesOf(fields, 'from'));
    const beginning = await readBeginning(header.rest, content);
    print = fingerprint(queue, header.block);
    if (countHops(fields) > hands.maxHops) throw new Failure('loop', `more than ${hands.maxHops} times`);

    // Whom an earlier attempt reached is not decided about again.
    pending = envelope.recipients.filter(r => !hands.outcomes.acceptedEarlier(print, r));
    const facts = factsOf(envelope, header, beginning, hands.outcomes.foundEarlier(header.block));
    groups = decideGroups(facts, pending, now, hands.policy, trace);
    const received = receivedField({ ...client, hostname: hands.hostname, id, date: now });
    // What the message asks of us goes no further.
    const outgoing = withoutField(header, hands.policy.requestHeader);
    const context = { header: outgoing, received, now, journal, trace, random, uptime };
    copies = copiesFor(groups, context, repliesEach);

    await copies.open(hands.nextHop, envelope);
    await copies.write(beginning.bytes);
    for await (const bytes of content) await copies.write(bytes);
    await copies.end();
    // Every copy is transferred but for its final dot: from here on only the next hop can say no.
    reply = (await copies.finish()) ?? { code: 250, text: '2.0.0 Ok: delivered by an earlier attempt' };
    hands.outcomes.forget(print, envelope.recipients);
  } catch (error) {
    copies.abort();
    for (const { accepted, recipients: served } of copies) {
      if (accepted) for (const r of served) hands.outcomes.rememberAccepted(print, r, accepted);
    }
    reply = repliesEach ? replyOf(error) : replyTo(error, envelope, pending, copies, hands.outcomes);
    if (![...copies].some(({ fault }) => fault === error)) tellFault(error, id, journal, trace);
  } finally {
    await content.release();
  }
  for (const { fault } of copies) {
    if (!fault) continue;
    tellFault(fault, id, journal, trace);
    // What the decision could not know: the next attempt does what the rule says of it.
    if (header && fault instanceof Failure) hands.outcomes.rememberFound(header.block, fault);
  }
  const own = ownReplies(groups, copies, repliesEach);
  // Over SMTP they matter where another copy failed: the mail comes again, and not for those.
  const told = repliesEach || outcome(reply) !== 'accepted' ? own : undefined;
  const entry = {
    sender: envelope.sender,
    groups: groups.flatMap(group => tell(group, told)),
    size: content.size,
    milliseconds: Math.round(uptime() - began),
    reply,
  };
  journal.message(id, entry, trace);
  return envelope.recipients.map(r => (repliesEach && own.get(r)) || reply);
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

function tellFault(fault: unknown, id: string, journal: Journal, trace: MessageTrace): void {
  const error = fault instanceof Refused ? fault : Failure.from(fault);
  trace.failure(error);
  if (error instanceof Failure && error.kind === 'internal') journal.internalFault(id, error);
}

/**
 * The reply after something went wrong. Where it does not concern all recipients alike it is a 4xx, and what is
 * known of each is kept for the next attempt, so that nobody gets a second copy or somebody else's bounce.
 * @param pending the recipients that no earlier attempt has reached
 */
function replyTo(
  error: unknown,
  envelope: Envelope,
  pending: readonly Recipient[],
  copies: Copies,
  outcomes: Outcomes,
): Reply {
  const reply = replyOf(error);
  const refused = refusedBy(error, reply, pending, copies);
  if (refused.size === 0) return reply;
  const alike = new Set([...refused.values()].map(outcome)).size === 1;
  if (alike && refused.size === envelope.recipients.length) return reply;
  for (const [recipient, own] of refused) outcomes.rememberRefusal(envelope, recipient, own);
  return new Failure('recipients-refused', `${reply.code} ${reply.text}`).reply;
}

/** The recipients that are to hear a no, and which; none where all that is to be done is to come again. */
function refusedBy(
  error: unknown,
  reply: Reply,
  pending: readonly Recipient[],
  copies: Copies,
): ReadonlyMap<Recipient, Reply> {
  if (error instanceof Refused && error.recipients.size > 0) return error.recipients;
  const copy = [...copies].find(({ fault }) => fault === error);
  // A copy that is refused, or not signed, time and again is not to keep another from going out.
  const itsOwn = error instanceof Refused || (error instanceof Failure && error.kind === 'signing-failed');
  const holdsUp = itsOwn && [...copies].some(other => other !== copy && !other.accepted);
  if (outcome(reply) !== 'rejected' && !holdsUp) return new Map();
  return new Map((copy?.recipients ?? pending).map(r => [r, reply]));
}
