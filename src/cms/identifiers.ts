// AlgorithmIdentifiers: what a SignerInfo says of its digest and of its signature (R25).
import type { Digest, SignatureAlgorithm } from '../algorithms.js';
import { contextConstructed, integer, nullValue, objectIdentifier, sequence } from './der.js';
import { onceFor } from './once.js';

const mgf1 = objectIdentifier('1.2.840.113549.1.1.8');

/** Without parameters (RFC 5754 §2 for SHA-2, RFC 3370 §2.1 for SHA-1). */
export const digestIdentifier = onceFor((digest: Digest): Buffer => sequence(objectIdentifier(digest.oid)));

export const signatureIdentifier = onceFor((algorithm: SignatureAlgorithm): Buffer =>
  sequence(objectIdentifier(algorithm.oid), ...parameters(algorithm)),
);

function parameters({ parameters, digest }: SignatureAlgorithm): Buffer[] {
  switch (parameters) {
    case 'absent':
      return [];
    case 'null':
      return [nullValue];
    case 'pss':
      return [pssParameters(digest)];
  }
}

/**
 * RSASSA-PSS-params (RFC 4055 §3.1): the digest, a mask by the same one, a salt as long as it. The hash's
 * identifier has NULL, as RFC 4055 §2.1 wants it, unlike the digest's. SHA-1 is spelled out too, though it is
 * the default, and §3.1 has it left out: verifiers must read both, and GnuPG 2.2 reads only this.
 */
function pssParameters(digest: Digest): Buffer {
  const hash = sequence(objectIdentifier(digest.oid), nullValue);
  return sequence(
    contextConstructed(0, hash),
    contextConstructed(1, sequence(mgf1, hash)),
    contextConstructed(2, integer(digest.octets)),
  );
}
