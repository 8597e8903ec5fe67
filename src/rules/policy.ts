// The administrator's policy as values: rules in the order of the file, and exceptions.
import type { Address, LocalParts } from '../address.js';
import type { Digest, RsaScheme } from '../algorithms.js';
import type { Form } from '../decision.js';
import type { Identity } from '../identity.js';
import type { Fragile } from './message.js';
import type { Pattern } from './pattern.js';

/** What becomes of mail that must be signed but cannot. */
export type WhenUnable = 'defer' | 'reject' | 'pass';

export interface Rule {
  readonly name: string;
  readonly senders: readonly Pattern[];
  /** Which address the senders are matched against. */
  readonly match: 'from' | 'envelope';
  /** What becomes of a message that does not ask (`by-default`: signed, `on-request`: not), and who is heard. */
  readonly sign: 'always' | 'by-default' | 'on-request' | 'never';
  /** Whether mail that is not to be signed needs a certificate for its sender all the same. */
  readonly requireCertificate: boolean;
  /** How the ini file names its certificates: `certificate billing or billing-2027`, `certificates staff`. */
  readonly certificateSource: string;
  /** The certificates that may sign for this mailbox, in the order in which they are named. */
  readonly identitiesFor: (mailbox: Address) => readonly Identity[];
  /** Why a certificate that might be this mailbox's cannot be used; undefined where all of them can. */
  readonly unusableFor: (mailbox: Address) => string | undefined;
  readonly digest: Digest;
  readonly signature: RsaScheme;
  readonly form: Form;
  readonly headerProtection: boolean;
  /** How closely the envelope sender must agree with From, so that nobody is signed for by proxy (R4). */
  readonly envelopeSender: 'exact' | 'same-domain' | 'any';
  readonly noCertificate: WhenUnable;
  readonly expired: WhenUnable;
  readonly mismatch: WhenUnable | 'warn' | 'allow';
  /** With a certificate that cannot be used, or a key that does not sign. */
  readonly failure: WhenUnable;
  /** How local parts are compared, of author, envelope sender and certificate (R5). */
  readonly localParts: LocalParts;
  /** What becomes of a message that cannot be signed in clear form without damage (R15). */
  readonly unsignable: WhenUnable | 'opaque';
}

/** Mail that is not signed. Every condition given must hold. */
export interface Exception {
  readonly name: string;
  /** The names of the rules whose mail it takes; all mail where there are none. */
  readonly rules?: readonly string[];
  /** Holds per recipient. */
  readonly recipients?: readonly Pattern[];
  readonly header?: { readonly name: string; readonly value: Pattern };
  /** Matched against the media type of the top header, `text/calendar`. */
  readonly contentTypes?: readonly Pattern[];
  /** Octets: holds for messages of more, where their size is known. */
  readonly largerThan?: number;
}

/** What is left unsigned without an exception of the administrator's: kinds of content, and recipients. */
export type LeftUnsigned = 'mobile-carriers' | Fragile;

export interface Policy {
  readonly rules: readonly Rule[];
  readonly exceptions: readonly Exception[];
  /** What stays unsigned because common clients fail on it signed (R3). */
  readonly leaveUnsigned: readonly LeftUnsigned[];
  /** The header field in which a message asks for a signature, or for none; undefined where nobody is heard. */
  readonly requestHeader: string | undefined;
  /** What becomes of mail of a sender that no rule names. */
  readonly noRule: WhenUnable;
}
