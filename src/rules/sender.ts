// Who sends: whether a rule is about them, and the one mailbox that a signature would speak for (R4).
import { sameMailbox, type Address } from '../address.js';
import type { Step } from '../decision.js';
import { Failure } from '../failure.js';
import type { MessageFacts } from './message.js';
import { findPattern, listPatterns } from './pattern.js';
import type { Rule } from './policy.js';

/**
 * The authors, where From tells them: a rule falls back on the envelope where it does not, because to defer
 * is better than to leave unsigned in silence what somebody may take for the sender's.
 */
export function authorsOf({ from }: MessageFacts): readonly Address[] | undefined {
  return from && from.length > 0 && from.every(isDeliverable) ? from : undefined;
}

/** Far within it is what RFC 5321 §4.5.3.1 allows; a pattern is not tried on what is much longer. */
const longestMailbox = 1000;

function isDeliverable({ domain, canonical }: Address): boolean {
  return domain !== '' && canonical.length <= longestMailbox;
}

/** Whether the rule is about this sender; pushes a step that tells. */
export function matchesSender(rule: Rule, message: MessageFacts, steps: Step[]): boolean {
  const authors = authorsOf(message);
  const candidates = rule.match === 'envelope' || !authors ? [message.sender] : authors;
  const matches = candidates.some(a => findPattern(rule.senders, a.canonical));
  const what =
    rule.match === 'envelope'
      ? 'envelope sender'
      : authors
        ? 'From'
        : 'From names nobody clearly; envelope sender';
  steps.push({
    subject: `rule ${rule.name}`,
    finding: `${what} ${listed(candidates)} ${matches ? 'matches' : 'does not match'} ${listPatterns(rule.senders)}`,
  });
  return matches;
}

/** The mailbox that the signature speaks for, which the envelope sender must agree with (R4). */
export function authorOf(rule: Rule, message: MessageFacts): Address | Failure {
  const { sender } = message;
  const authors = authorsOf(message);
  if (!authors) return new Failure('ambiguous-author', 'it names none, or cannot be read without guessing');
  const [author] = authors as [Address];
  const isAuthor = (mailbox: Address): boolean => sameMailbox(mailbox, author, rule.localParts);
  if (!authors.every(isAuthor)) return new Failure('ambiguous-author', listed(authors));
  const agrees = {
    exact: isAuthor(sender),
    'same-domain': author.domain === sender.domain,
    any: true,
  };
  return agrees[rule.envelopeSender]
    ? author
    : new Failure(
        'sender-disagrees',
        `${sender.canonical} sends for ${author.canonical}, and the rule wants envelope_sender = ${rule.envelopeSender}`,
      );
}

/** Addresses for people; of many only the first. */
export function listed(addresses: readonly Address[]): string {
  const shown = addresses.slice(0, 3).map(a => a.canonical);
  const more = addresses.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
