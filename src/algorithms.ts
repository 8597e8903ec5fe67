// Digest and signature algorithms: object identifiers, names and limits, resolved once (R8, R18, R25, R26).
import type { KeyObject } from 'node:crypto';

/** A digest algorithm that may sign (RFC 5754 §2, RFC 8551 §3.5.3.2). */
export interface Digest {
  /** The name in the ini file and for node:crypto. */
  readonly name: DigestName;
  readonly oid: string;
  /** The value of the micalg parameter. */
  readonly micalg: string;
  readonly octets: number;
}

export type DigestName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Weakest first. */
export const digests: Readonly<Record<DigestName, Digest>> = {
  // Collisions can be made (RFC 8551 §2.1, appendix B): only for partners who read nothing else.
  sha1: { name: 'sha1', oid: '1.3.14.3.2.26', micalg: 'sha-1', octets: 20 },
  sha256: { name: 'sha256', oid: '2.16.840.1.101.3.4.2.1', micalg: 'sha-256', octets: 32 },
  sha384: { name: 'sha384', oid: '2.16.840.1.101.3.4.2.2', micalg: 'sha-384', octets: 48 },
  sha512: { name: 'sha512', oid: '2.16.840.1.101.3.4.2.3', micalg: 'sha-512', octets: 64 },
};

/** Keys that can sign, by node:crypto's `asymmetricKeyType`. */
export type KeyType = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519';

/** How RSA keys sign: `auto` is PKCS#1 v1.5, which everybody reads. Other keys know one way only. */
export type RsaScheme = 'auto' | 'rsa-pss';

/** A signature algorithm with its digest, as SignerInfo names them. */
export interface SignatureAlgorithm {
  /** As people call it. */
  readonly title: 'RSA' | 'RSA-PSS' | 'ECDSA' | 'Ed25519';
  readonly digest: Digest;
  readonly oid: string;
  /** NULL, none at all (RFC 5754 §3, RFC 8419 §3.1), or RSASSA-PSS-params (RFC 4056 §2.2). */
  readonly parameters: 'null' | 'absent' | 'pss';
}

const ecdsa: Readonly<Record<DigestName, string>> = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

type Family = (digest: Digest) => SignatureAlgorithm;

// rsaEncryption rather than sha*WithRSAEncryption: the identifier that every verifier reads (R25).
const rsa: Family = digest => ({
  title: 'RSA',
  digest,
  oid: '1.2.840.113549.1.1.1',
  parameters: 'null',
});
const pss: Family = digest => ({
  title: 'RSA-PSS',
  digest,
  oid: '1.2.840.113549.1.1.10',
  parameters: 'pss',
});
const families: Readonly<Record<KeyType, Family>> = {
  rsa,
  'rsa-pss': pss,
  ec: digest => ({ title: 'ECDSA', digest, oid: ecdsa[digest.name], parameters: 'absent' }),
  ed25519: digest => ({ title: 'Ed25519', digest, oid: '1.3.101.112', parameters: 'absent' }),
};

const resolved = new Map<string, SignatureAlgorithm>();

/** The entry for a key and a digest: the same object each time. */
export function signatureAlgorithm(
  keyType: KeyType,
  digest: Digest,
  scheme: RsaScheme = 'auto',
): SignatureAlgorithm {
  const type = keyType === 'rsa' && scheme === 'rsa-pss' ? 'rsa-pss' : keyType;
  const name = `${type} ${digest.name}`;
  let algorithm = resolved.get(name);
  if (!algorithm) resolved.set(name, (algorithm = families[type](digest)));
  return algorithm;
}

/** RFC 8551 §4.1: RSA keys below 2048 bits are refused. */
export const minimumRsaBits = 2048;

/** What a key asks of the digest. */
export interface Curve {
  /** As people call it: `P-256`. */
  readonly title: string;
  /** The weakest digest that verifiers accept with it: GnuPG wants as many bits as the curve has (RFC 5753 §1). */
  readonly digest: Digest;
  /** Which verifier is known to refuse it all the same. */
  readonly refusedBy?: string;
}

/** The curves that verifiers share (RFC 5753 §7.1), by node:crypto's names. */
export const curves: ReadonlyMap<string, Curve> = new Map([
  ['prime256v1', { title: 'P-256', digest: digests.sha256 }],
  ['secp384r1', { title: 'P-384', digest: digests.sha384 }],
  ['secp521r1', { title: 'P-521', digest: digests.sha512, refusedBy: 'GnuPG 2.2' }],
]);

/** What a key is called: `RSA 2048`, `RSA-PSS 2048`, `EC P-256`, `Ed25519`. */
export function keyTitle(key: KeyObject | undefined): string {
  const { modulusLength = 0, namedCurve = 'without a named curve' } = key?.asymmetricKeyDetails ?? {};
  switch (key?.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return `${key.asymmetricKeyType.toUpperCase()} ${modulusLength}`;
    case 'ec':
      return `EC ${curves.get(namedCurve)?.title ?? namedCurve}`;
    case 'ed25519':
      return 'Ed25519';
    default:
      return key?.asymmetricKeyType ?? 'unknown';
  }
}

/** The digests from this one on, weakest first. */
export function digestsFrom(weakest: Digest): readonly Digest[] {
  const all = Object.values(digests);
  return all.slice(all.indexOf(weakest));
}

/**
 * The digest to use with a key: the one wanted, or else the next stronger that the key may sign, or else its strongest.
 * @param possible those that the key may sign, weakest first; not empty
 */
export function chooseDigest(wanted: Digest, possible: readonly Digest[]): Digest {
  return possible.find(d => d.octets >= wanted.octets) ?? possible.at(-1)!;
}
