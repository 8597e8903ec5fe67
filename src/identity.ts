// A key, its certificate and its chain, already checked: whoever holds one may sign with it.
import type { KeyObject } from 'node:crypto';
import { sameMailbox, type Address, type LocalParts } from './address.js';
import type { Digest, KeyType } from './algorithms.js';

/** Made only by `certs`, after R7 and R8 hold: key usage, key strength, and that the key belongs. */
export interface Identity {
  /** As the administrator knows it: `billing`, or `staff/anna.p12` for a file of a directory. */
  readonly name: string;
  /** The file that the certificate was read from. */
  readonly file: string;
  readonly key: KeyObject;
  readonly keyType: KeyType;
  /** Readable key kind and size: `RSA 2048`, `EC P-256`, `Ed25519`. */
  readonly keyDescription: string;
  /** The digests that this key may sign, weakest first; never empty. */
  readonly digests: readonly Digest[];
  /** DER of the signer's certificate. */
  readonly certificate: Buffer;
  /** DER of its issuers, nearest first, without the root (R9). */
  readonly chain: readonly Buffer[];
  /** DER of the issuer Name and the INTEGER serialNumber, cut from the certificate's own bytes (R21). */
  readonly issuer: Buffer;
  readonly serialNumber: Buffer;
  /** The mailboxes it names: rfc822Name of the SAN, else emailAddress of the subject (R5). */
  readonly addresses: readonly Address[];
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Whether the certificate names this mailbox (R5). */
export function names(identity: Identity, mailbox: Address, localParts: LocalParts = 'ignore-case'): boolean {
  return identity.addresses.some(a => sameMailbox(a, mailbox, localParts));
}

/** Whether the certificate is in its validity period at that time (R7). */
export function validity(identity: Identity, at: Date): 'valid' | 'expired' | 'not yet valid' {
  if (at < identity.notBefore) return 'not yet valid';
  return at > identity.notAfter ? 'expired' : 'valid';
}

/** Whole days until the certificate expires; negative once it has. */
export function daysLeft(identity: Identity, at: Date): number {
  return Math.floor((identity.notAfter.getTime() - at.getTime()) / 86_400_000);
}
