// What is signed for the table of interoperability, who is known not to verify it, and in which words.
import type { DigestName, RsaScheme } from '../../src/algorithms.js';
import type { Form } from '../../src/decision.js';
import type { KeyKind } from '../support/pki.js';
import { inabilities, type Program } from '../support/verifiers.js';
import { samples, type Sample } from './messages.js';
import { rareSamples } from './rare-messages.js';

/** How a key signs, with the digests that it is used with. */
export interface Scheme {
  readonly title: string;
  readonly key: KeyKind;
  readonly digests: readonly DigestName[];
  readonly signature?: RsaScheme;
  /** The one digest that the key itself allows (RFC 4055 §3.1). */
  readonly restrictedTo?: DigestName;
}

const everyDigest: readonly DigestName[] = ['sha256', 'sha384', 'sha512', 'sha1'];

/** R26. */
export const everyScheme: readonly Scheme[] = [
  { title: 'RSA 2048', key: 'rsa2048', digests: everyDigest },
  { title: 'RSA 3072', key: 'rsa3072', digests: everyDigest },
  { title: 'RSA 4096', key: 'rsa4096', digests: everyDigest },
  { title: 'RSA-PSS 2048', key: 'rsa2048', digests: everyDigest, signature: 'rsa-pss' },
  { title: 'RSA-PSS 3072', key: 'rsa3072', digests: everyDigest, signature: 'rsa-pss' },
  { title: 'RSA-PSS 4096', key: 'rsa4096', digests: everyDigest, signature: 'rsa-pss' },
  { title: 'RSA-PSS, key for PSS only', key: 'rsa-pss', digests: ['sha256', 'sha384', 'sha512'] },
  {
    title: 'RSA-PSS, key for PSS with SHA-384 only',
    key: 'rsa-pss',
    digests: ['sha384'],
    restrictedTo: 'sha384',
  },
  { title: 'ECDSA P-256', key: 'p256', digests: ['sha256', 'sha384', 'sha512'] },
  { title: 'ECDSA P-384', key: 'p384', digests: ['sha384', 'sha512'] },
  { title: 'ECDSA P-521', key: 'p521', digests: ['sha512'] },
  { title: 'Ed25519', key: 'ed25519', digests: ['sha512'] },
];

export interface Algorithm {
  readonly scheme: Scheme;
  readonly digest: DigestName;
}

export const everyAlgorithm: readonly Algorithm[] = everyScheme.flatMap(scheme =>
  scheme.digests.map(digest => ({ scheme, digest })),
);

/** RSA 2048 with SHA-256, which everybody reads. */
export const plainAlgorithm = everyAlgorithm[0]!;

export const everyForm: readonly Form[] = ['clear', 'opaque'];
export const everySample: readonly Sample[] = [...samples, ...rareSamples];

/** Who verifies. */
export type Verifier = Program | 'Bouncy Castle';
export const everyVerifier: readonly Verifier[] = ['OpenSSL', 'NSS', 'GnuPG', 'Bouncy Castle'];

/** With which versions the refusals below were seen. */
export const seenWith = 'OpenSSL 3.0.22, NSS 3.87.1, GnuPG 2.2.40 and Bouncy Castle 1.72, all of Debian 12';

export type Refusals = Readonly<Partial<Record<Verifier, string>>>;

/** Bouncy Castle's mail library writes multipart content anew to hash it, and not always as it was. */
export const refusalsOfSamples: Readonly<Record<string, Refusals>> = {
  'boundaries that begin alike': { 'Bouncy Castle': 'message-digest attribute value does not match' },
  'a label of 8-bit on a multipart without boundary': { 'Bouncy Castle': 'Missing start boundary' },
};

/** In which words such a message is refused, though nothing is wrong with it. */
export function refusals({ scheme }: Algorithm, form: Form, sample: Sample): Refusals {
  return {
    ...(form === 'clear' ? refusalsOfSamples[sample.name] : {}),
    ...inabilities(scheme.key),
  };
}
