// Which certificate signs for a sender, or what becomes of the mail where none can.
import type { Address } from '../address.js';
import type { Decision, Step } from '../decision.js';
import { Failure } from '../failure.js';
import { names, validity, type Identity } from '../identity.js';
import { day } from '../printable.js';
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

/** Of those valid for this mailbox the certificate that expires last, or what the rule says for want of one. */
export function chooseCertificate(rule: Rule, author: Address, now: Date, steps: Step[]): Choice | Decision {
  const without = (when: WhenUnable, failure: Failure): Decision => unable(rule, when, failure, steps);
  const candidates = rule.identitiesFor(author);
  const named = candidates.filter(i => names(i, author, rule.localParts));
  const strange = named.length === 0;
  const mismatch = rule.mismatch === 'allow' || rule.mismatch === 'warn' ? undefined : rule.mismatch;
  const usable = strange && !mismatch ? candidates : named;
  const valid = usable.filter(i => validity(i, now) === 'valid');
  const identity = lastToExpire(valid);
  const unusable = rule.unusableFor(author);
  if (identity) {
    const tell = (finding: string): unknown => steps.push({ subject: rule.certificateSource, finding });
    const among =
      valid.length > 1 ? `, and of those valid now expires last, on ${day(identity.notAfter)}` : '';
    tell(`${identity.name} ${strange ? 'does not name (allowed)' : 'names'} ${author.canonical}${among}`);
    for (const other of candidates) {
      if (!usable.includes(other)) tell(`${other.name} does not name ${author.canonical}`);
      else if (other !== identity) tell(`${other.name} ${passedOver(other, identity, now)}`);
    }
    if (unusable !== undefined) tell(`another cannot be used: ${unusable}`);
    const warns = strange && rule.mismatch === 'warn';
    return { identity, ...(warns && { warning: `${identity.name} does not name ${author.canonical}` }) };
  }
  // It may well be the sender's, and the renewal: to take it for none would send unsigned what should be signed.
  if (unusable !== undefined) return without(rule.failure, new Failure('unusable-certificate', unusable));
  if (candidates.length === 0) {
    const where = `${author.canonical} in ${rule.certificateSource}`;
    return without(rule.noCertificate, new Failure('no-certificate', where));
  }
  if (strange && mismatch) {
    const whom = candidates
      .map(i => `certificate ${i.name} names ${listed(i.addresses) || 'nobody'}`)
      .join(', ');
    return without(mismatch, new Failure('mismatch', `${author.canonical}; ${whom}`));
  }
  const last = lastToExpire(usable)!;
  const expired = validity(last, now) === 'expired';
  const when = `${last.name} ${expired ? `since ${day(last.notAfter)}` : `before ${day(last.notBefore)}`}`;
  return without(rule.expired, new Failure(expired ? 'expired' : 'not-yet-valid', when));
}

/** The newest, for that is what a renewal is; of those that expire together the first. */
function lastToExpire(identities: readonly Identity[]): Identity | undefined {
  return identities.reduce<Identity | undefined>(
    (a, b) => (a && a.notAfter >= b.notAfter ? a : b),
    undefined,
  );
}

/** Why another one signs in the place of this one. */
function passedOver(identity: Identity, chosen: Identity, now: Date): string {
  const { notBefore, notAfter } = identity;
  switch (validity(identity, now)) {
    case 'expired':
      return `is expired since ${day(notAfter)}`;
    case 'not yet valid':
      return `is not valid before ${day(notBefore)}`;
    case 'valid':
      return notAfter < chosen.notAfter
        ? `expires earlier, on ${day(notAfter)}`
        : 'expires at the same time, and is named later';
  }
}
