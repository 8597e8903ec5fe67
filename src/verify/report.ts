// What verification found, as values: each check with its result, and the verdict that follows from them.
import type { Address } from '../address.js';
import type { KnownAttributes } from '../cms/read-attributes.js';
import type { Certificate } from './certificate.js';
import type { TreePart } from './tree.js';

/**
 * What a check is about: the frame around the signed part, the signature, whether its maker is who the
 * certificate says, and whether that is the sender of the message.
 */
export type Aspect = 'message' | 'signature' | 'signer' | 'sender';

export interface Check {
  readonly aspect: Aspect;
  /** `warning` is what some client or relay dislikes, and what changes nothing in the verdict. */
  readonly result: 'ok' | 'warning' | 'bad';
  /** What was looked at, in a word or two. */
  readonly about: string;
  readonly text: string;
}

/** Collects what was found. */
export class Checks {
  readonly list: Check[] = [];

  ok(aspect: Aspect, about: string, text: string): void {
    this.list.push({ aspect, result: 'ok', about, text });
  }

  warning(aspect: Aspect, about: string, text: string): void {
    this.list.push({ aspect, result: 'warning', about, text });
  }

  bad(aspect: Aspect, about: string, text: string): void {
    this.list.push({ aspect, result: 'bad', about, text });
  }
}

export interface SignerReport {
  /** Absent where the message does not hold it. */
  readonly certificate?: Certificate;
  readonly addresses: readonly Address[];
  /** From the certificate towards its root, as far as it was found. */
  readonly chain: readonly Certificate[];
  /** `RSA, sha256`; absent for algorithms that are not known. */
  readonly algorithm?: string;
  readonly attributes: KnownAttributes;
  /** Types of signed attributes that say nothing to us. */
  readonly otherAttributes: readonly string[];
  readonly checks: readonly Check[];
}

export type Outcome = 'good' | 'not signed' | 'damaged' | 'bad signature' | 'not trusted' | 'wrong sender';

export interface Verdict {
  readonly outcome: Outcome;
  /** The sentence for people. */
  readonly text: string;
}

export interface Report {
  readonly verdict: Verdict;
  readonly form: 'clear' | 'opaque' | 'none';
  /** Absent for a header that is too large to be read. */
  readonly structure?: TreePart;
  /** The octets that the signature is over, a MIME entity. */
  readonly signed?: Buffer;
  readonly checks: readonly Check[];
  readonly signers: readonly SignerReport[];
}

/** @param signatureOnly leaves out who the signer is */
export function verdictOf(
  checks: readonly Check[],
  signers: readonly SignerReport[],
  signatureOnly: boolean,
): Verdict {
  const all = [
    ...checks,
    ...signers.flatMap(({ checks: own }, i) =>
      own.map(check => (signers.length > 1 ? { ...check, text: `signer ${i + 1}: ${check.text}` } : check)),
    ),
  ];
  const fault = (aspect: Aspect): string | undefined =>
    all.find(check => check.aspect === aspect && check.result === 'bad')?.text;
  const signature = fault('signature');
  if (signature !== undefined) return { outcome: 'bad signature', text: `signature: bad (${signature})` };
  const message = fault('message');
  if (message !== undefined) return { outcome: 'damaged', text: `message: damaged (${message})` };
  if (signatureOnly) return { outcome: 'good', text: 'signature: good; who signed was not looked at' };
  const signer = fault('signer');
  if (signer !== undefined)
    return { outcome: 'not trusted', text: `signature: good; signer: not trusted (${signer})` };
  const sender = fault('sender');
  if (sender !== undefined)
    return {
      outcome: 'wrong sender',
      text: `signature: good; signer: trusted; From: not the signer (${sender})`,
    };
  return { outcome: 'good', text: 'signature: good; signer: trusted; From: named by the certificate' };
}
