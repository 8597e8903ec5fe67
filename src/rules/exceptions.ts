// Whose mail stays unsigned all the same: the administrator's exceptions, and the recipients of the shipped list.
import type { Address } from '../address.js';
import type { Decision, Step, Verdict } from '../decision.js';
import { mobileCarriers } from './carriers.js';
import type { MessageFacts } from './message.js';
import { findPattern, listPatterns, type Pattern } from './pattern.js';
import type { Exception, Policy } from './policy.js';

/** The decision where something takes mail from the signature, or from a refusal. */
export function passes(reason: string, { rule, warning }: Decision): Decision {
  return {
    action: 'pass',
    reason,
    ...(rule !== undefined && { rule }),
    ...(warning !== undefined && { warning }),
  };
}

/**
 * The verdict for each recipient, in their order. Those of the same verdict share it, steps included: there may
 * be thousands of recipients, and of exceptions.
 * @param sender what happens without exceptions
 */
export function applyExceptions(
  { exceptions, leaveUnsigned }: Policy,
  message: MessageFacts,
  sender: Decision,
  recipients: readonly Address[],
  steps: Step[],
): Verdict[] {
  const holding = new Set(exceptions.filter(e => holdsForMessage(e, message, sender.rule, steps)));
  // Where several hold, one is named: all of them say the same.
  const general = [...holding].find(e => !e.recipients);
  if (general) {
    const verdict = { decision: passes(`exception ${general.name}`, sender), steps };
    return recipients.map(() => verdict);
  }

  const decisions = new Map<string, Decision>();
  const verdicts = new Map<Pattern, Verdict>();
  const taken = (pattern: Pattern, reason: string): Verdict => {
    const known = verdicts.get(pattern);
    if (known) return known;
    const decision = decisions.get(reason) ?? passes(reason, sender);
    decisions.set(reason, decision);
    const finding = `recipient matches ${pattern.source}`;
    const verdict = { decision, steps: [...steps, { subject: reason, finding }] };
    verdicts.set(pattern, verdict);
    return verdict;
  };
  const untaken = { decision: sender, steps: [...steps, ...missed([...holding])] };
  const patterns = recipientPatterns(exceptions);
  // Whoever chooses the recipients must not get a message past a refusal by it.
  const carriers =
    sender.action === 'sign' && leaveUnsigned.includes('mobile-carriers') ? mobileCarriers : [];
  return recipients.map(({ canonical }) => {
    const own = findPattern(patterns, canonical, p => holding.has(p.exception));
    if (own) return taken(own, `exception ${own.exception.name}`);
    const carrier = findPattern(carriers, canonical);
    return carrier ? taken(carrier, 'mobile carrier') : untaken;
  });
}

/** The conditions that concern the message. */
function holdsForMessage(
  exception: Exception,
  message: MessageFacts,
  rule: string | undefined,
  steps: Step[],
): boolean {
  for (const [holds, finding] of looks(exception, message, rule)) {
    steps.push({ subject: `exception ${exception.name}`, finding });
    if (!holds) return false;
  }
  return true;
}

function* looks(
  { rules, contentTypes, header, largerThan }: Exception,
  { mediaType, fields, size }: MessageFacts,
  rule: string | undefined,
): Generator<readonly [holds: boolean, finding: string]> {
  if (rules) {
    const among = rule !== undefined && rules.includes(rule);
    yield [among, `is ${among ? '' : 'not '}for this rule (${rules.join(', ')})`];
  }
  if (contentTypes) {
    const match = findPattern(contentTypes, mediaType);
    const tried = match?.source ?? listPatterns(contentTypes);
    yield [match !== undefined, `content type ${mediaType} ${match ? 'matches' : 'does not match'} ${tried}`];
  }
  if (header) {
    const { name, value } = header;
    const bodies = fields.filter(f => f.name === name.toLowerCase()).map(f => f.body);
    const matches = bodies.some(b => value.matches(b));
    const seen = matches ? 'matches' : 'does not match';
    yield [
      matches,
      bodies.length === 0 ? `header ${name} is absent` : `header ${name} ${seen} ${value.source}`,
    ];
  }
  if (largerThan !== undefined) {
    // Where it is not known, to sign is the safe side.
    const larger = size !== undefined && size > largerThan;
    const compared = `size ${size ?? ''} is ${larger ? '' : 'not '}larger than ${largerThan}`;
    yield [larger, size === undefined ? 'size was not announced, taken for small enough to sign' : compared];
  }
}

/** So many are told one by one: nobody reads thousands, and each costs its time. */
const told = 20;

function missed(exceptions: readonly Exception[]): Step[] {
  const steps = exceptions.slice(0, told).map(({ name, recipients = [] }) => ({
    subject: `exception ${name}`,
    finding: `recipient does not match ${listPatterns(recipients)}`,
  }));
  const more = exceptions.length - told;
  return more > 0 ? [...steps, { subject: 'exceptions', finding: `${more} more do not match` }] : steps;
}

interface RecipientPattern extends Pattern {
  readonly exception: Exception;
}

// As the lists of pattern.ts: made once.
const made = new WeakMap<readonly Exception[], readonly RecipientPattern[]>();

/** The patterns of all exceptions in one list: each recipient is looked up once. */
function recipientPatterns(exceptions: readonly Exception[]): readonly RecipientPattern[] {
  let patterns = made.get(exceptions);
  if (!patterns) {
    patterns = exceptions.flatMap(exception =>
      (exception.recipients ?? []).map(pattern => ({ ...pattern, exception })),
    );
    made.set(exceptions, patterns);
  }
  return patterns;
}
