// The decision about one message: from envelope, top header, the beginning of the body and policy alone, one
// verdict per recipient.
import type { Address } from '../address.js';
import { chooseDigest, signatureAlgorithm } from '../algorithms.js';
import type { Decision, Step, Verdict } from '../decision.js';
import { Failure } from '../failure.js';
import { chooseCertificate, unable, type Choice } from './certificate.js';
import { applyExceptions, passes } from './exceptions.js';
import { describeFragile, neverSigned, type Fragile, type MessageFacts } from './message.js';
import type { LeftUnsigned, Policy, Rule } from './policy.js';
import { readRequest } from './request.js';
import { authorOf, authorsOf, findRule, listed } from './sender.js';

/** Decides for each recipient, in their order. */
export function decide(
  policy: Policy,
  message: MessageFacts,
  recipients: readonly Address[],
  now: Date,
): Verdict[] {
  const steps: Step[] = [];
  const request = readRequest(policy.requestHeader, message);
  if (request.warning !== undefined) steps.push({ subject: 'request', finding: request.warning });
  const sender = warned(decideForSender(policy, message, request.asked, now, steps), request.warning);
  const forAll = (decision: Decision): Verdict[] => recipients.map(() => ({ decision, steps }));
  // Exceptions take mail from the signature only: what is passed or must not be signed stays as decided.
  if (sender.action === 'pass') return forAll(sender);
  // Whoever writes the message chooses its content: that must not get it past a refusal.
  const isContained = (kind: LeftUnsigned): kind is Fragile =>
    kind !== 'mobile-carriers' && message.content().fragile.includes(kind);
  const fragile = sender.action === 'sign' && policy.leaveUnsigned.find(isContained);
  if (fragile) {
    const reason = describeFragile[fragile];
    steps.push({ subject: 'content', finding: `${reason}, left unsigned (leave_unsigned)` });
    return forAll(passes(reason, sender));
  }
  return applyExceptions(policy, message, sender, recipients, steps);
}

function warned(decision: Decision, warning: string | undefined): Decision {
  if (warning === undefined) return decision;
  const both = decision.warning === undefined ? warning : `${warning}; ${decision.warning}`;
  return { ...decision, warning: both };
}

/** What would happen if there were no exceptions. @param asked whether the message asks for a signature */
function decideForSender(
  policy: Policy,
  message: MessageFacts,
  asked: boolean | undefined,
  now: Date,
  steps: Step[],
): Decision {
  const never = neverSigned(message);
  if (never !== undefined) {
    steps.push({ subject: 'message', finding: `${never}: never signed` });
    return { action: 'pass', reason: never };
  }
  const rule = findRule(policy.rules, message, steps);
  if (!rule) return withoutRule(policy, message);
  const unwanted = whyUnwanted(rule, asked, policy.requestHeader, steps);
  const unsigned = (reason: string): Decision => ({ action: 'pass', rule: rule.name, reason });
  if (unwanted !== undefined && !rule.requireCertificate) return unsigned(unwanted);
  const author = authorOf(rule, message);
  if (author instanceof Failure) {
    steps.push({ subject: `rule ${rule.name}`, finding: author.message });
    return { action: 'refuse', rule: rule.name, failure: author };
  }
  const choice = chooseCertificate(rule, author, now, steps);
  if ('action' in choice) return choice;
  return unwanted === undefined ? signsWith(choice, rule, message, steps) : unsigned(unwanted);
}

function withoutRule({ noRule }: Policy, message: MessageFacts): Decision {
  if (noRule === 'pass') return { action: 'pass', reason: 'no rule for this sender' };
  const whom = listed(authorsOf(message) ?? [message.sender]);
  return { action: 'refuse', failure: new Failure('no-rule', whom, noRule === 'reject') };
}

/** Why the rule does not want the message signed; undefined where it does. */
function whyUnwanted(
  { name, sign }: Rule,
  asked: boolean | undefined,
  header: string | undefined,
  steps: Step[],
): string | undefined {
  if (asked !== undefined) {
    const heard = sign === 'by-default' || sign === 'on-request';
    const wish = `${header ?? ''} asks for ${asked ? 'a' : 'no'} signature`;
    steps.push({ subject: 'request', finding: heard ? wish : `${wish}; rule ${name} ${sign} signs` });
  }
  const refused = `${header ?? ''} asks for no signature`;
  switch (sign) {
    case 'always':
      return undefined;
    case 'by-default':
      return asked === false ? refused : undefined;
    case 'on-request':
      if (asked === undefined) return 'no signature asked for';
      return asked ? undefined : refused;
    case 'never':
      return 'rule never signs';
  }
}

/** Signed with that certificate, but for what the message or its key cannot stand. */
function signsWith(
  { identity, warning }: Choice,
  rule: Rule,
  message: MessageFacts,
  steps: Step[],
): Decision {
  // In any other case it is tried anew: the key may sign again.
  if (message.keyFailure !== undefined && rule.failure === 'pass')
    return unable(rule, 'pass', new Failure('signing-failed', message.keyFailure), steps);
  const damage = rule.form === 'clear' ? damageOfClearForm(rule, message) : undefined;
  if (damage !== undefined && rule.unsignable !== 'opaque')
    return unable(rule, rule.unsignable, new Failure('unsignable', damage), steps);
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
    failsForGood: rule.failure === 'reject',
    ...(warning !== undefined && { warning }),
  };
}

function damageOfClearForm({ headerProtection }: Rule, message: MessageFacts): string | undefined {
  const { unsignable, unprotectable } = message.content();
  return unsignable ?? (headerProtection ? unprotectable : undefined);
}
