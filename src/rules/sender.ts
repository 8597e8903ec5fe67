// Who sends: whether a rule is about them, and the one mailbox that a signature would speak for (R4).
import { sameMailbox, type Address } from '../address.js';
import type { Step } from '../decision.js';
import { Failure } from '../failure.js';
import type { MessageFacts } from './message.js';
import { PatternIndex } from './pattern-index.js';
import { listPatterns, type Pattern } from './pattern.js';
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

/** So many rules that are not about a sender are told one by one: nobody reads thousands, and each costs its time. */
const told = 20;

/** The first rule that is about this sender; pushes steps that tell. */
export function findRule(rules: readonly Rule[], message: MessageFacts, steps: Step[]): Rule | undefined {
  const authors = authorsOf(message);
  const candidates = { from: authors ?? [message.sender], envelope: [message.sender] };
  const senders = sendersOf(rules);
  const found = (['from', 'envelope'] as const).flatMap(match =>
    candidates[match].map(({ canonical }) => senders[match].find(canonical)?.place ?? rules.length),
  );
  const first = Math.min(...found);
  const tell = (rule: Rule, matches: string): void => {
    const compared = listed(candidates[rule.match]);
    const what =
      rule.match === 'envelope'
        ? 'envelope sender'
        : authors
          ? 'From'
          : 'From names nobody clearly; envelope sender';
    const finding = `${what} ${compared} ${matches} ${listPatterns(rule.senders)}`;
    steps.push({ subject: `rule ${rule.name}`, finding });
  };
  for (const rule of rules.slice(0, Math.min(first, told))) tell(rule, 'does not match');
  if (first > told) steps.push({ subject: 'rules', finding: `${first - told} more do not match` });
  const rule = rules[first];
  if (rule) tell(rule, 'matches');
  return rule;
}

interface SenderPattern extends Pattern {
  /** Of its rule among the rules. */
  readonly place: number;
}

type Senders = Readonly<Record<Rule['match'], PatternIndex<SenderPattern>>>;

// The rules of an installation never change.
const indexes = new WeakMap<readonly Rule[], Senders>();

function sendersOf(rules: readonly Rule[]): Senders {
  let senders = indexes.get(rules);
  if (!senders) {
    const all = (match: Rule['match']): SenderPattern[] =>
      rules.flatMap((rule, place) =>
        rule.match === match ? rule.senders.map(pattern => ({ ...pattern, place })) : [],
      );
    senders = { from: new PatternIndex(all('from')), envelope: new PatternIndex(all('envelope')) };
    indexes.set(rules, senders);
  }
  return senders;
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
