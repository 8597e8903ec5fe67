// Verifies the S/MIME signature of a message in memory (RFC 8551, RFC 5652, RFC 8550), and says all that it saw.
import type { X509Certificate } from 'node:crypto';
import type { Address } from '../address.js';
import type { SignedData } from '../cms/read-signed-data.js';
import { Failure } from '../failure.js';
import { readCertificate, type Certificate } from './certificate.js';
import { locate } from './locate.js';
import { Checks, verdictOf, type Report, type SignerReport } from './report.js';
import { trustedHeader } from './protected-header.js';
import { authorOf, type Author } from './sender.js';
import { verifySigner } from './signer.js';
import { canonical, splitHeader, type Canonical } from './split.js';
import { signedParts, treeOf, type TreePart } from './tree.js';

export interface VerifyOptions {
  /** Roots, and authorities below them that may be missing in the message. */
  readonly trusted: readonly X509Certificate[];
  readonly now: Date;
  /** The mailboxes that a certificate names (R5, R6); none where it cannot be read. */
  readonly addressesOf: (certificate: X509Certificate) => readonly Address[];
  /** Leave out of the verdict who signed: chain, dates, usage, From. */
  readonly signatureOnly?: boolean;
}

/** @param message with any line ends. Never throws, whatever is in it. */
export function verify(message: Buffer, options: VerifyOptions): Report {
  try {
    return verifyCanonical(canonical(message), options);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const verdict = { outcome: 'damaged', text: `message: damaged (${error.message})` } as const;
    return { verdict, form: 'none', checks: [], signers: [] };
  }
}

function verifyCanonical({ bytes, mixed }: Canonical, options: VerifyOptions): Report {
  const { fields, body } = splitHeader(bytes);
  const structure = treeOf(bytes);
  const checks = new Checks();
  if (mixed)
    checks.warning('message', 'line ends', 'LF and CRLF mixed: verified with CRLF, which not everybody does');
  const located = locate(fields, body, checks);
  if (located.form === 'none') return unsigned(located.why, structure);
  const { form, signed, signedData } = located;
  const author = authorOf(signed ? trustedHeader(fields, splitHeader(signed).fields, checks) : fields);
  const signers = signed && signedData ? verifySigners(signed, signedData, author, options, checks) : [];
  const verdict = verdictOf(checks.list, signers, options.signatureOnly === true);
  return { verdict, form, structure, ...(signed && { signed }), checks: checks.list, signers };
}

function unsigned(why: string, structure: TreePart): Report {
  const deeper = signedParts(structure);
  const where = deeper.length > 0 ? `; signed is only ${deeper.join(', ')} in it` : '';
  const verdict = { outcome: 'not signed', text: `not signed: ${why}${where}` } as const;
  return { verdict, form: 'none', structure, checks: [], signers: [] };
}

/** A message can hold any number, and each costs a verification. */
const maxSigners = 10;
const maxCertificates = 100;

function verifySigners(
  signed: Buffer,
  { signers, certificates, contentType, digestAlgorithms }: SignedData,
  author: Author,
  { trusted, now, addressesOf }: VerifyOptions,
  checks: Checks,
): SignerReport[] {
  if (signers.length === 0) checks.bad('signature', 'signers', 'the signature has no signer');
  if (signers.length > maxSigners) checks.bad('signature', 'signers', `more than ${maxSigners} signers`);
  const given = readCertificates(certificates, checks);
  const around = { signed, contentType, digestAlgorithms, given, trusted, now, author, addressesOf };
  return signers.slice(0, maxSigners).map(signer => verifySigner(signer, around));
}

function readCertificates(encoded: readonly Buffer[], checks: Checks): Certificate[] {
  const certificates: Certificate[] = [];
  let damaged = 0;
  for (const der of encoded.slice(0, maxCertificates)) {
    try {
      certificates.push(readCertificate(der));
    } catch {
      damaged++;
    }
  }
  if (damaged > 0) checks.bad('message', 'certificates', `${damaged} of ${encoded.length} cannot be read`);
  if (encoded.length > maxCertificates)
    checks.warning('message', 'certificates', `only ${maxCertificates} of ${encoded.length} are looked at`);
  return certificates;
}
