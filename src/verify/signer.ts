// One signer of a message: content digest, attributes, signature, certificate, sender (RFC 5652 §5.4, §5.6).
import { createHash, type X509Certificate } from 'node:crypto';
import type { Address } from '../address.js';
import { digests } from '../algorithms.js';
import { readAttributes, type ReadAttributes } from '../cms/read-attributes.js';
import type { AlgorithmIdentifier, SignerInfo } from '../cms/read-signed-data.js';
import { isSelfSigned } from '../x509.js';
import { digestOf, isSignedBy, sameAlgorithm, schemeOf, type Scheme } from './algorithms.js';
import { isNamedBy, isWeak, outsideValidity, type Certificate } from './certificate.js';
import { buildChain, type Authorities } from './chain.js';
import { Checks, type SignerReport } from './report.js';
import { checkSender, checkTime, type Author } from './sender.js';

export interface Circumstances extends Authorities {
  readonly signed: Buffer;
  /** Of SignedData. */
  readonly digestAlgorithms: readonly AlgorithmIdentifier[];
  /** The eContentType. */
  readonly contentType: string;
  readonly now: Date;
  readonly author: Author;
  readonly addressesOf: (certificate: X509Certificate) => readonly Address[];
}

export function verifySigner(signer: SignerInfo, around: Circumstances): SignerReport {
  const certificate = around.given.find(c => isNamedBy(c, signer.identifier));
  const read = readAttributes(signer.attributes?.list ?? []);
  const scheme = schemeOf(signer);
  const chain = certificate && buildChain(certificate, around, around.now);
  const addresses = certificate ? around.addressesOf(certificate.x509) : [];
  const checks = new Checks();
  if (!certificate)
    checks.bad('signature', 'certificate', 'the certificate of the signer is not in the message');
  if ('problem' in scheme) checks.bad('signature', 'algorithm', scheme.problem);
  else {
    if (scheme.digest === digests.sha1)
      checks.warning('signature', 'digest', 'SHA-1 is weak, and some clients refuse it');
    // Verifiers that hash while they read know only those (RFC 5652 §5.1).
    if (!around.digestAlgorithms.some(listed => sameAlgorithm(listed, signer.digestAlgorithm)))
      checks.bad('signature', 'digest', 'the digest of the signer is not among those of the CMS');
    checkContent(signer, read, scheme, around, checks);
    if (certificate) checkSignature(signer, scheme, certificate, around.signed, checks);
  }
  checkAttributes(signer, read, checks);
  if (certificate) {
    checkCertificate(certificate, read, checks);
    checkChain(chain!.path, chain!.problem, around, checks);
    checkSender(around.author, addresses, checks);
  }
  checkTime(around.author, read.known.signingTime, checks);
  return {
    ...(certificate && { certificate }),
    addresses,
    chain: chain?.path ?? [],
    ...(!('problem' in scheme) && { algorithm: `${scheme.title}, ${scheme.digest.name}` }),
    attributes: read.known,
    otherAttributes: read.others,
    checks: checks.list,
  };
}

/** The digest over the content; without attributes the signature itself covers it. */
function checkContent(
  { attributes }: SignerInfo,
  { known }: ReadAttributes,
  { digest }: Scheme,
  { signed, contentType }: Circumstances,
  checks: Checks,
): void {
  if (!attributes) return;
  const { messageDigest } = known;
  if (!messageDigest) checks.bad('signature', 'content', 'the attribute messageDigest is missing or damaged');
  else if (createHash(digest.name).update(signed).digest().equals(messageDigest))
    checks.ok('signature', 'content', `the signed part has the ${digest.name} digest that was signed`);
  else
    checks.bad(
      'signature',
      'content',
      'the signed part was changed after it was signed: its digest is another',
    );
  if (known.contentType !== contentType)
    checks.bad(
      'signature',
      'content',
      'the attribute contentType is missing, damaged, or names another type',
    );
}

function checkSignature(
  { attributes, signature }: SignerInfo,
  scheme: Scheme,
  { key }: Certificate,
  signed: Buffer,
  checks: Checks,
): void {
  const over = attributes ? 'the signed attributes' : 'the signed part';
  if (key && isSignedBy(key, scheme, attributes?.encoded ?? signed, signature))
    checks.ok('signature', 'signature', `made by the key of the certificate over ${over}`);
  else checks.bad('signature', 'signature', `not made by the key of the certificate over ${over}`);
}

function checkAttributes(signer: SignerInfo, { known, damaged }: ReadAttributes, checks: Checks): void {
  const { attributes, digestAlgorithm, signatureAlgorithm } = signer;
  if (!attributes) {
    checks.warning('signature', 'attributes', 'none: no protection of the algorithms');
    return;
  }
  if (!attributes.verbatim)
    checks.bad('signature', 'attributes', 'not in DER: what was signed does not stand in the message');
  if (!attributes.sorted)
    checks.warning('signature', 'attributes', 'not in the order of DER: some clients find the signature bad');
  const protection = known.algorithmProtection;
  if (protection) {
    const { digest, signature } = protection;
    if (sameAlgorithm(digest, digestAlgorithm) && signature && sameAlgorithm(signature, signatureAlgorithm))
      checks.ok('signature', 'CMSAlgorithmProtection', 'names the algorithms that were used');
    else
      checks.bad(
        'signature',
        'CMSAlgorithmProtection',
        'the attribute names other algorithms than were used',
      );
  }
  for (const name of damaged) {
    // What protects nothing may be damaged.
    const harmless = name === 'SMIMECapabilities';
    if (harmless) checks.warning('signature', name, 'the attribute cannot be read');
    else if (name !== 'contentType' && name !== 'messageDigest')
      checks.bad('signature', name, `the attribute ${name} cannot be read, or comes more than once`);
  }
  // Nobody misses signingTime, and signers leave it out with reason (R23).
  const missing = [
    ...(known.capabilities ? [] : ['SMIMECapabilities']),
    ...(known.signingCertificate ? [] : ['signingCertificateV2']),
    ...(known.algorithmProtection ? [] : ['CMSAlgorithmProtection']),
  ].filter(name => !damaged.includes(name));
  if (missing.length > 0) checks.warning('signature', 'attributes', `without ${missing.join(', ')}`);
}

function checkCertificate(certificate: Certificate, { known }: ReadAttributes, checks: Checks): void {
  const { signingCertificate, signingTime } = known;
  if (signingCertificate) {
    const digest = digestOf(signingCertificate.digest);
    if (!digest)
      checks.bad(
        'signature',
        'signingCertificate',
        `by digest ${signingCertificate.digest}, which is not known`,
      );
    else if (createHash(digest.name).update(certificate.x509.raw).digest().equals(signingCertificate.hash))
      checks.ok('signature', 'signingCertificate', 'names the certificate in the message');
    else checks.bad('signature', 'signingCertificate', 'the attribute names another certificate');
  }
  if (certificate.key && isWeak(certificate.key))
    checks.warning('signer', 'key', 'weak: RSA with less than 2048 bits (RFC 8551 §4.1)');
  const outside = signingTime && outsideValidity(certificate, signingTime);
  // NSS judges a certificate at the signing time, OpenSSL at the present: it has to be valid at both.
  if (outside !== undefined)
    checks.bad(
      'signer',
      'validity',
      `the certificate ${outside}, and signed at ${signingTime!.toISOString()}`,
    );
}

function checkChain(
  path: readonly Certificate[],
  problem: string | undefined,
  { given }: Circumstances,
  checks: Checks,
): void {
  const [leaf] = path;
  if (problem !== undefined) checks.bad('signer', 'trust', problem);
  else
    checks.ok(
      'signer',
      'trust',
      `valid, meant for mail, and issued below the trusted ${path.at(-1)!.subject}`,
    );
  const lacking = path
    .slice(1)
    .filter(c => !given.some(g => g.x509.raw.equals(c.x509.raw)) && !isSelfSigned(c.x509));
  for (const { subject } of lacking)
    checks.warning(
      'signer',
      'chain',
      `${subject} is not in the message: who does not have it cannot verify (RFC 8550 §2.3)`,
    );
  for (const { x509, subject } of given)
    if (x509 !== leaf!.x509 && isSelfSigned(x509))
      checks.warning(
        'signer',
        'chain',
        `the root ${subject} is in the message: nobody trusts it for that (RFC 8550 §2.3)`,
      );
}
