// The decision about one message: from envelope, top header, the beginning of the body and policy alone, one
// verdict per recipient.
import { sameMailbox, type Address } from '../address.js';
import { chooseDigest, signatureAlgorithm } from '../algorithms.js';
import type { Decision, Step, Verdict } from '../decision.js';
import { Failure } from '../failure.js';
import { names, validity, type Identity } from '../identity.js';
import { describeFragile, neverSigned, type MessageFacts } from './message.js';
import { findPattern, listPatterns } from './pattern.js';
import type { Exception, Policy, Rule, WhenUnable } from './policy.js';

/** Decides for each recipient, in their order. */
export function decide(
  policy: Policy,
  message: MessageFacts,
  recipients: readonly Address[],
  now: Date,
): Verdict[] {
  const steps: Step[] = [];
  const sender = decideForSender(policy, message, now, steps);
  // Exceptions take mail from the signature only: what is passed or must not be signed stays as decided.
  if (sender.action === 'pass') return recipients.map(() => ({ decision: sender, steps }));
  // Whoever writes the message chooses its content: that must not get it past a refusal.
  const fragile =
    sender.action === 'sign' && policy.leaveUnsigned.find(kind => message.content().fragile.includes(kind));
  if (fragile) {
    const decision = passes(describeFragile[fragile], sender);
    steps.push({
      subject: 'content',
      finding: `${describeFragile[fragile]}, left unsigned (leave_unsigned)`,
    });
    return recipients.map(() => ({ decision, steps }));
  }
  const general = policy.exceptions
    .filter(e => holdsForMessage(e, message, steps))
    .map(e => ({ exception: e, decision: passes(`exception ${e.name}`, sender) }));
  return recipients.map(recipient => {
    const own: Step[] = [...steps];
    const excepted = general.find(g => holdsForRecipient(g.exception, recipient, own));
    return { decision: excepted?.decision ?? sender, steps: own };
  });
}

function passes(reason: string, { rule }: Decision): Decision {
  return { action: 'pass', reason, ...(rule === undefined ? {} : { rule }) };
}

/** What would happen if there were no exceptions. */
function decideForSender(policy: Policy, message: MessageFacts, now: Date, steps: Step[]): Decision {
  const never = neverSigned(message);
  if (never !== undefined) {
    steps.push({ subject: 'message', finding: `${never}: never signed` });
    return { action: 'pass', reason: never };
  }
  const rule = policy.rules.find(r => matchesSender(r, message, steps));
  if (!rule) return { action: 'pass', reason: 'no rule for this sender' };
  if (rule.sign === 'never') return { action: 'pass', rule: rule.name, reason: 'rule never signs' };
  const author = authorOf(rule, message);
  if (author instanceof Failure) {
    steps.push({ subject: `rule ${rule.name}`, finding: author.message });
    return { action: 'refuse', rule: rule.name, failure: author };
  }
  return chooseCertificate(rule, author, message, now, steps);
}

/**
 * The authors, where From tells them: a rule falls back on the envelope where it does not, because to defer
 * is better than to leave unsigned in silence what somebody may take for the sender's.
 */
function authorsOf({ from }: MessageFacts): readonly Address[] | undefined {
  return from && from.length > 0 && from.every(a => a.domain !== '') ? from : undefined;
}

function matchesSender(rule: Rule, message: MessageFacts, steps: Step[]): boolean {
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
function authorOf(rule: Rule, message: MessageFacts): Address | Failure {
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
function listed(addresses: readonly Address[]): string {
  const shown = addresses.slice(0, 3).map(a => a.canonical);
  const more = addresses.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function chooseCertificate(
  rule: Rule,
  author: Address,
  message: MessageFacts,
  now: Date,
  steps: Step[],
): Decision {
  const candidates = rule.identitiesFor(author);
  const unable = (when: WhenUnable, failure: Failure): Decision => {
    steps.push({ subject: rule.certificateSource, finding: failure.message });
    return when === 'pass'
      ? { action: 'pass', rule: rule.name, reason: failure.message }
      : {
          action: 'refuse',
          rule: rule.name,
          failure: when === 'reject' ? new Failure(failure.kind, failure.detail, true) : failure,
        };
  };
  if (candidates.length === 0) {
    // It may well be the sender's: to take it for none would send unsigned what should be signed.
    const unusable = rule.unusableFor(author);
    if (unusable !== undefined) return unable(rule.failure, new Failure('unusable-certificate', unusable));
    return unable(
      rule.noCertificate,
      new Failure('no-certificate', `${author.canonical} in ${rule.certificateSource}`),
    );
  }
  const named = candidates.filter(i => names(i, author, rule.localParts));
  const strange = named.length === 0;
  if (strange && rule.mismatch !== 'allow' && rule.mismatch !== 'warn') {
    const [{ name, addresses }] = candidates as [Identity];
    const has = listed(addresses) || 'nobody';
    return unable(
      rule.mismatch,
      new Failure('mismatch', `${author.canonical}; certificate ${name} names ${has}`),
    );
  }
  const usable = strange ? candidates : named;
  const identity = usable.find(i => validity(i, now) === 'valid');
  if (!identity) {
    const [{ name, notAfter, notBefore }] = usable as [Identity];
    const expired = validity(usable[0]!, now) === 'expired';
    const when = `${name} ${expired ? 'since' : 'before'} ${(expired ? notAfter : notBefore).toISOString().slice(0, 10)}`;
    return unable(rule.expired, new Failure(expired ? 'expired' : 'not-yet-valid', when));
  }
  const damage = rule.form === 'clear' ? damageOfClearForm(rule, message) : undefined;
  if (damage !== undefined && rule.unsignable !== 'opaque')
    return unable(rule.unsignable, new Failure('unsignable', damage));
  steps.push({
    subject: rule.certificateSource,
    finding: `${identity.name} ${strange ? 'does not name (allowed)' : 'names'} ${author.canonical}`,
  });
  if (damage !== undefined)
    steps.push({ subject: 'content', finding: `${damage}: opaque, as clear would damage it` });
  return {
    action: 'sign',
    rule: rule.name,
    identity,
    algorithm: signatureAlgorithm(
      identity.keyType,
      chooseDigest(rule.digest, identity.digests),
      rule.signature,
    ),
    form: damage === undefined ? rule.form : 'opaque',
    headerProtection: rule.headerProtection,
    ...(strange &&
      rule.mismatch === 'warn' && { warning: `${identity.name} does not name ${author.canonical}` }),
  };
}

function damageOfClearForm({ headerProtection }: Rule, message: MessageFacts): string | undefined {
  const { unsignable, unprotectable } = message.content();
  return unsignable ?? (headerProtection ? unprotectable : undefined);
}

/** The conditions of an exception that concern the message; those about recipients come later. */
function holdsForMessage(
  { name, header, contentTypes }: Exception,
  message: MessageFacts,
  steps: Step[],
): boolean {
  const subject = `exception ${name}`;
  if (contentTypes && !findPattern(contentTypes, message.mediaType)) {
    steps.push({
      subject,
      finding: `content type ${message.mediaType} does not match ${listPatterns(contentTypes)}`,
    });
    return false;
  }
  if (header) {
    const bodies = message.fields.filter(f => f.name === header.name.toLowerCase()).map(f => f.body);
    if (!bodies.some(b => header.value.matches(b))) {
      const seen = bodies.length === 0 ? 'is absent' : 'does not match';
      steps.push({
        subject,
        finding: `header ${header.name} ${seen}${bodies.length === 0 ? '' : ` ${header.value.source}`}`,
      });
      return false;
    }
  }
  const conditions = [
    ...(contentTypes ? [`content type ${message.mediaType}`] : []),
    ...(header ? [`header ${header.name}: ${header.value.source}`] : []),
  ];
  if (conditions.length > 0) steps.push({ subject, finding: `${conditions.join(' and ')} matches` });
  return true;
}

function holdsForRecipient({ name, recipients }: Exception, recipient: Address, steps: Step[]): boolean {
  if (!recipients) return true;
  const match = findPattern(recipients, recipient.canonical);
  steps.push({
    subject: `exception ${name}`,
    finding: `recipient ${recipient.canonical} ${match ? `matches ${match.source}` : `does not match ${listPatterns(recipients)}`}`,
  });
  return match !== undefined;
}
