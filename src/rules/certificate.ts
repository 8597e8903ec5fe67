// Which certificate signs for a sender, or what becomes of the mail where none can.
import type { Address } from '../address.js';
import type { Decision, Step } from '../decision.js';
import { Failure } from '../failure.js';
import { names, validity, type Identity } from '../identity.js';
import type { Rule, WhenUnable } from './policy.js';
import { listed } from './sender.js';

/** A certificate that signs for the sender. */
export interface Choice {
  readonly identity: Identity;
  /** What the administrator should know of, though it signs. */
  readonly warning?: string;
}

/** What becomes of mail that a rule must sign but cannot; pushes a step that tells. */
export function unable(rule: Rule, when: WhenUnable, failure: Failure, steps: Step[]): Decision {
  steps.push({ subject: rule.certificateSource, finding: failure.message });
  if (when === 'pass') return { action: 'pass', rule: rule.name, reason: failure.message };
  const { kind, detail } = failure;
  return { action: 'refuse', rule: rule.name, failure: new Failure(kind, detail, when === 'reject') };
}

/** The best certificate that is valid for this mailbox, or what the rule says for want of one. */
export function chooseCertificate(rule: Rule, author: Address, now: Date, steps: Step[]): Choice | Decision {
  const without = (when: WhenUnable, failure: Failure): Decision => unable(rule, when, failure, steps);
  const candidates = rule.identitiesFor(author);
  if (candidates.length === 0) {
    // It may well be the sender's: to take it for none would send unsigned what should be signed.
    const unusable = rule.unusableFor(author);
    if (unusable !== undefined) return without(rule.failure, new Failure('unusable-certificate', unusable));
    const where = `${author.canonical} in ${rule.certificateSource}`;
    return without(rule.noCertificate, new Failure('no-certificate', where));
  }
  const named = candidates.filter(i => names(i, author, rule.localParts));
  const strange = named.length === 0;
  if (strange && rule.mismatch !== 'allow' && rule.mismatch !== 'warn') {
    const [{ name, addresses }] = candidates as [Identity];
    const whom = `${author.canonical}; certificate ${name} names ${listed(addresses) || 'nobody'}`;
    return without(rule.mismatch, new Failure('mismatch', whom));
  }
  const usable = strange ? candidates : named;
  const identity = usable.find(i => validity(i, now) === 'valid');
  if (!identity) {
    // The renewal may be the one that cannot be used.
    const unusable = rule.unusableFor(author);
    if (unusable !== undefined) return without(rule.failure, new Failure('unusable-certificate', unusable));
    const [{ name, notAfter, notBefore }] = usable as [Identity];
    const expired = validity(usable[0]!, now) === 'expired';
    const when = `${name} ${expired ? 'since' : 'before'} ${(expired ? notAfter : notBefore).toISOString().slice(0, 10)}`;
    return without(rule.expired, new Failure(expired ? 'expired' : 'not-yet-valid', when));
  }
  steps.push({
    subject: rule.certificateSource,
    finding: `${identity.name} ${strange ? 'does not name (allowed)' : 'names'} ${author.canonical}`,
  });
  const warns = strange && rule.mismatch === 'warn';
  return { identity, ...(warns && { warning: `${identity.name} does not name ${author.canonical}` }) };
}
