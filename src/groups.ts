// Recipients that share a decision: who they are, which copies they need, and what became of them.
import type { Address } from './address.js';
import { Copies } from './copies.js';
import { Copy, type CopyContext } from './copy.js';
import type { MessageTrace } from './debug/trace.js';
import type { Decision } from './decision.js';
import type { Recipient } from './envelope.js';
import type { Reply } from './failure.js';
import type { DecidedGroup } from './entry.js';
import { Refused } from './next-hop.js';
import { decide } from './rules/decide.js';
import type { MessageFacts } from './rules/message.js';
import type { Policy } from './rules/policy.js';

/** Recipients that share a decision. */
export interface Group {
  readonly decision: Decision;
  readonly recipients: Recipient[];
}

/** Decides for every recipient, and puts those with the same decision together; tells the debug journal. */
export function decideGroups(
  facts: MessageFacts,
  recipients: readonly Recipient[],
  now: Date,
  policy: Policy,
  trace: MessageTrace,
): Group[] {
  const addresses = recipients.map(r => r.address);
  const verdicts = decide(policy, facts, addresses, now);
  const groups: Group[] = [];
  verdicts.forEach(({ decision, steps }, i) => {
    const recipient = recipients[i]!;
    trace.decision(recipient.address, steps, decision);
    const group = groups.find(g => g.decision === decision);
    if (group) group.recipients.push(recipient);
    else groups.push({ decision, recipients: [recipient] });
  });
  return groups;
}

/**
 * The copies, one for each content: all that passes unsigned is the same.
 * @param repliesEach whether those who are refused concern nobody else
 * @throws Refused where they do
 */
export function copiesFor(groups: readonly Group[], context: CopyContext, repliesEach: boolean): Copies {
  const copies = new Map<string, Copy>();
  for (const { decision, recipients } of groups) {
    if (decision.action === 'refuse') {
      if (repliesEach) continue;
      const { reply } = decision.failure;
      throw new Refused(reply, new Map(recipients.map(r => [r, reply])));
    }
    const copy = copies.get(decision.action);
    if (copy) copy.recipients.push(...recipients);
    else copies.set(decision.action, new Copy(decision, [...recipients], context));
  }
  return new Copies([...copies.values()], !repliesEach);
}

/** What became of recipients by themselves: over LMTP what they hear, over SMTP that they have their copy. */
export function ownReplies(
  groups: readonly Group[],
  copies: Copies,
  repliesEach: boolean,
): ReadonlyMap<Recipient, Reply> {
  const replies = new Map<Recipient, Reply>();
  for (const { decision, recipients } of groups) {
    if (repliesEach && decision.action === 'refuse')
      for (const r of recipients) replies.set(r, decision.failure.reply);
  }
  for (const copy of copies) {
    if (!repliesEach && !copy.accepted) continue;
    for (const recipient of copy.recipients) {
      const reply = copy.replyFor(recipient);
      if (reply) replies.set(recipient, reply);
    }
  }
  return replies;
}

/** For the journal: a group, or those of it who heard the same. */
export function tell({ decision, recipients }: Group, own?: ReadonlyMap<Recipient, Reply>): DecidedGroup[] {
  if (!own) return [{ decision, recipients: recipients.map(r => r.address) }];
  const told = new Map<string | undefined, DecidedGroup & { recipients: Address[] }>();
  for (const recipient of recipients) {
    const reply = own.get(recipient);
    const key = reply && `${reply.code} ${reply.text}`;
    const group = told.get(key) ?? { decision, recipients: [], ...(reply && { reply }) };
    group.recipients.push(recipient.address);
    told.set(key, group);
  }
  return [...told.values()];
}
