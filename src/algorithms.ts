// Digest and signature algorithms: object identifiers, names and limits, resolved once (R8, R18, R25).

/** A digest algorithm that may sign (RFC 5754 §2, RFC 8551 §3.5.3.2). */
export interface Digest {
  /** The name in the ini file and for node:crypto. */
  readonly name: DigestName;
  readonly oid: string;
  /** The value of the micalg parameter. */
  readonly micalg: string;
}

export type DigestName = 'sha256' | 'sha384' | 'sha512';

export const digests: Readonly<Record<DigestName, Digest>> = {
  sha256: { name: 'sha256', oid: '2.16.840.1.101.3.4.2.1', micalg: 'sha-256' },
  sha384: { name: 'sha384', oid: '2.16.840.1.101.3.4.2.2', micalg: 'sha-384' },
  sha512: { name: 'sha512', oid: '2.16.840.1.101.3.4.2.3', micalg: 'sha-512' },
};

/** A signature algorithm as SignerInfo names it. */
export interface SignatureAlgorithm {
  readonly oid: Readonly<Record<DigestName, string>>;
  /** Whether the identifier carries NULL parameters, or none at all (RFC 5754 §3). */
  readonly parameters: 'null' | 'absent';
}

/** Keys that can sign, by node:crypto's `asymmetricKeyType`. */
export type KeyType = 'rsa' | 'ec';

const rsaEncryption = '1.2.840.113549.1.1.1';

export const signatureAlgorithms: Readonly<Record<KeyType, SignatureAlgorithm>> = {
  // rsaEncryption rather than sha*WithRSAEncryption: the identifier that every verifier reads (R25).
  rsa: {
    oid: { sha256: rsaEncryption, sha384: rsaEncryption, sha512: rsaEncryption },
    parameters: 'null',
  },
  ec: {
    oid: { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4' },
    parameters: 'absent',
  },
};

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

/** The stronger of two digests. */
export function stronger(a: Digest, b: Digest): Digest {
  return Object.keys(digests).indexOf(a.name) >= Object.keys(digests).indexOf(b.name) ? a : b;
}
