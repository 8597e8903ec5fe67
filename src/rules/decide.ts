// The decision about one message: from envelope, top header and policy alone, one verdict per recipient.
import type { Address } from '../address.js';
import { stronger } from '../algorithms.js';
import type { Decision, Step, Verdict } from '../decision.js';
import { Failure } from '../failure.js';
import { names, validity, type Identity } from '../identity.js';
import { neverSigned, type MessageFacts } from './message.js';
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
  const general = policy.exceptions.filter(e => holdsForMessage(e, message, steps));
  return recipients.map(recipient => {
    const own: Step[] = [...steps];
    const exception = general.find(e => holdsForRecipient(e, recipient, own));
    return exception
      ? { decision: { action: 'pass', reason: `exception ${exception.name}`, ...ruleOf(sender) }, steps: own }
      : { decision: sender, steps: own };
  });
}

function ruleOf({ rule }: Decision): { rule?: string } {
  return rule === undefined ? {} : { rule };
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
  return chooseCertificate(rule, author, now, steps);
}

/** A rule whose header cannot be read falls back on the envelope: better to defer than to sign nothing in silence. */
function matchesSender(rule: Rule, message: MessageFacts, steps: Step[]): boolean {
  const candidates = rule.match === 'envelope' || !message.from ? [message.sender] : message.from;
  const match = candidates.find(a => rule.senders.some(p => p.matches(a.canonical)));
  const seen = candidates.map(a => a.canonical).join(', ') || 'no From mailbox';
  const what =
    rule.match === 'envelope'
      ? 'envelope sender'
      : message.from
        ? 'From'
        : 'From cannot be read; envelope sender';
  const patterns = rule.senders.map(p => p.source).join(', ');
  steps.push({
    subject: `rule ${rule.name}`,
    finding: `${what} ${seen} ${match ? 'matches' : 'does not match'} ${patterns}`,
  });
  return match !== undefined;
}

/** The mailbox that the signature speaks for, which the envelope sender must agree with (R4). */
function authorOf(rule: Rule, { from, sender }: MessageFacts): Address | Failure {
  if (!from) return new Failure('ambiguous-author', 'it cannot be read');
  const [author] = from;
  if (!author || from.some(a => a.key !== author.key)) {
    return new Failure('ambiguous-author', from.map(a => a.canonical).join(', ') || 'there is none');
  }
  const agrees = {
    exact: author.key === sender.key,
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

function chooseCertificate(rule: Rule, author: Address, now: Date, steps: Step[]): Decision {
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
    return unable(
      rule.noCertificate,
      new Failure('no-certificate', `${author.canonical} in ${rule.certificateSource}`),
    );
  }
  const named = candidates.filter(i => names(i, author));
  if (named.length === 0 && rule.mismatch !== 'allow') {
    const [{ name, addresses }] = candidates as [Identity];
    const has = addresses.map(a => a.canonical).join(', ') || 'nobody';
    return unable(
      rule.mismatch,
      new Failure('mismatch', `${author.canonical}; certificate ${name} names ${has}`),
    );
  }
  const usable = named.length > 0 ? named : candidates;
  const identity = usable.find(i => validity(i, now) === 'valid');
  if (!identity) {
    const [{ name, notAfter, notBefore }] = usable as [Identity];
    const expired = validity(usable[0]!, now) === 'expired';
    const when = `${name} ${expired ? 'since' : 'before'} ${(expired ? notAfter : notBefore).toISOString().slice(0, 10)}`;
    return unable(rule.expired, new Failure(expired ? 'expired' : 'not-yet-valid', when));
  }
  steps.push({
    subject: rule.certificateSource,
    finding: `${identity.name} ${named.length > 0 ? 'names' : 'does not name (allowed)'} ${author.canonical}`,
  });
  const digest = stronger(rule.digest, identity.minimumDigest);
  return { action: 'sign', rule: rule.name, identity, digest };
}

/** The conditions of an exception that concern the message; those about recipients come later. */
function holdsForMessage(
  { name, header, contentTypes }: Exception,
  message: MessageFacts,
  steps: Step[],
): boolean {
  const subject = `exception ${name}`;
  if (contentTypes && !contentTypes.some(p => p.matches(message.mediaType))) {
    steps.push({
      subject,
      finding: `content type ${message.mediaType} does not match ${sources(contentTypes)}`,
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
  const match = recipients.find(p => p.matches(recipient.canonical));
  steps.push({
    subject: `exception ${name}`,
    finding: `recipient ${recipient.canonical} ${match ? `matches ${match.source}` : `does not match ${sources(recipients)}`}`,
  });
  return match !== undefined;
}

function sources(patterns: readonly { readonly source: string }[]): string {
  return patterns.map(p => p.source).join(', ');
}
