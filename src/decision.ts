// What happens to a message for one recipient, as a value; journal and `explain` print it.
import type { SignatureAlgorithm } from './algorithms.js';
import type { Failure } from './failure.js';
import type { Identity } from './identity.js';

/** `clear` is multipart/signed, `opaque` application/pkcs7-mime (RFC 8551 §3.5). */
export type Form = 'clear' | 'opaque';

export interface SignDecision {
  readonly action: 'sign';
  readonly rule: string;
  readonly identity: Identity;
  readonly algorithm: SignatureAlgorithm;
  readonly form: Form;
  /** Whether the signature covers the header too (RFC 9788). */
  readonly headerProtection: boolean;
  /** Whether a key that does not sign refuses the message for good; otherwise it is deferred. */
  readonly failsForGood: boolean;
}

export type Decision = (
  | SignDecision
  | { readonly action: 'pass'; readonly rule?: string; readonly reason: string }
  | { readonly action: 'refuse'; readonly rule?: string; readonly failure: Failure }
) & {
  /** What the administrator should know of, though it changes nothing. */
  readonly warning?: string;
};

/** One thing that was looked at on the way to a decision, and what came of it. */
export interface Step {
  /** What was looked at: `exception newsletter`, `rule invoices`, `certificate billing`. */
  readonly subject: string;
  readonly finding: string;
}

/** A decision with the steps that led to it, in order. */
export interface Verdict {
  readonly decision: Decision;
  readonly steps: readonly Step[];
}
