// Builds the chain from a leaf towards its root, out of certificates at hand in any order (R9).
import type { X509Certificate } from 'node:crypto';

export interface Chain {
  /** The issuers, nearest first, without the root (RFC 8550 §2.3). */
  readonly issuers: readonly X509Certificate[];
  /** Certificates that have no part in it. */
  readonly unused: readonly X509Certificate[];
  /** Whether its root was at hand, so that surely nothing is missing. */
  readonly complete: boolean;
}

/** @param others certificates beside the leaf; repeats do no harm */
export function buildChain(leaf: X509Certificate, others: readonly X509Certificate[]): Chain {
  let unused = others.filter((other, i) => !same(other, leaf) && others.findIndex(o => same(o, other)) === i);
  const issuers: X509Certificate[] = [];
  let top = leaf;
  while (!isSelfSigned(top)) {
    const issuer = unused.filter(other => isIssuedBy(top, other)).sort(preference)[0];
    if (!issuer) return { issuers, unused, complete: false };
    unused = unused.filter(other => other !== issuer);
    if (!isSelfSigned(issuer)) issuers.push(issuer);
    top = issuer;
  }
  return { issuers, unused, complete: true };
}

/** Among issuers of one key: the root itself before a cross certificate, then what lasts longest. */
function preference(a: X509Certificate, b: X509Certificate): number {
  const rooted = Number(isSelfSigned(b)) - Number(isSelfSigned(a));
  return rooted === 0 ? Date.parse(b.validTo) - Date.parse(a.validTo) : rooted;
}

/** Names alone could be anybody's: the signature counts. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a key of an unknown kind
  }
}

/** Not by checkIssued: that wants keyCertSign, which a self-signed leaf need not have. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
  } catch {
    return false;
  }
}

function same(a: X509Certificate, b: X509Certificate): boolean {
  return a.raw.equals(b.raw);
}
