// Builds the chain from a leaf towards its root, out of certificates at hand in any order (R9).
import type { X509Certificate } from 'node:crypto';
import { isIssuedBy, isSelfSigned } from '../x509.js';

export interface Chain {
  /** The issuers, nearest first, without the root (RFC 8550 §2.3). */
  readonly issuers: readonly X509Certificate[];
  /** Certificates that have no part in it. */
  readonly unused: readonly X509Certificate[];
  /** Whether its root was at hand, so that surely nothing is missing. */
  readonly complete: boolean;
}

/**
 * @param others certificates beside the leaf; repeats do no harm
 * @param pool more of them, taken only where the others have none
 */
export function buildChain(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  pool: readonly X509Certificate[] = [],
): Chain {
  const issuers: X509Certificate[] = [];
  // Each at most once: cross certificates can go round in a circle.
  const used = new Set([identify(leaf)]);
  const unused = (from: readonly X509Certificate[]): X509Certificate[] =>
    from.filter(certificate => !used.has(identify(certificate)));
  let top = leaf;
  while (!isSelfSigned(top)) {
    const issuer = issuerOf(top, unused(others)) ?? issuerOf(top, unused(pool));
    if (!issuer) break;
    used.add(identify(issuer));
    if (!isSelfSigned(issuer)) issuers.push(issuer);
    top = issuer;
  }
  return { issuers, unused: distinct(unused(others)), complete: isSelfSigned(top) };
}

function issuerOf(top: X509Certificate, others: readonly X509Certificate[]): X509Certificate | undefined {
  return others.filter(other => isIssuedBy(top, other)).sort(preference)[0];
}

/** Each certificate once, in order of appearance. */
export function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map(c => [identify(c), c])).values()];
}

/**
 * Among issuers of one key: the root itself before a cross certificate, then what lasts longest; at last by
 * their bytes, so that the order at hand never matters.
 */
function preference(a: X509Certificate, b: X509Certificate): number {
  return (
    Number(isSelfSigned(b)) - Number(isSelfSigned(a)) ||
    Date.parse(b.validTo) - Date.parse(a.validTo) ||
    a.raw.compare(b.raw)
  );
}

function identify(certificate: X509Certificate): string {
  return certificate.raw.toString('latin1');
}
