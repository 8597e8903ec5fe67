// A certificate as a verifier sees it: names, usage and constraints (RFC 5280 §4.2, RFC 8550 §4.4).
import { X509Certificate, type KeyObject } from 'node:crypto';
import { minimumRsaBits } from '../algorithms.js';
import * as asn1 from '../asn1.js';
import {
  certificateDate,
  extension,
  extensionIds,
  isForMail,
  maySign,
  nameOnOneLine,
  readFields,
} from '../x509.js';
import type { SignerIdentifier } from '../cms/read-signed-data.js';

export interface Certificate {
  readonly x509: X509Certificate;
  /** On one line: `O=Example, CN=Anna`. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Undefined for kinds of keys that node:crypto does not know. */
  readonly key: KeyObject | undefined;
  /** DER. */
  readonly issuerName: Buffer;
  readonly serialNumber: Buffer;
  readonly subjectKeyIdentifier: Buffer | undefined;
  /** Whether keyUsage, if present, allows digitalSignature or nonRepudiation (R7). */
  readonly maySign: boolean;
  /** Whether extended key usage, if present, allows emailProtection or any (R7). */
  readonly forMail: boolean;
  /** basicConstraints' cA; certificates of version 1 have no way to say it. */
  readonly authority: 'yes' | 'no' | 'version 1';
  /** How many authorities may follow below this one. */
  readonly pathLength: number;
  /** Extensions that restrict and are not looked at here; whoever does so must not trust (RFC 5280 §4.2). */
  readonly notUnderstood: readonly string[];
}

/** Those that are looked at, and what restricts nothing here: revocation lists, policies that nobody asked for. */
const understood = [
  ...Object.values(extensionIds),
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.33',
  '2.5.29.36',
  '2.5.29.54',
];

/** @throws Error where it is damaged */
export function readCertificate(der: Buffer | X509Certificate): Certificate {
  const x509 = der instanceof X509Certificate ? der : new X509Certificate(der);
  const fields = readFields(asn1.parse(x509.raw));
  const identifier = extension(fields, 'subjectKeyIdentifier');
  const constraints = extension(fields, 'basicConstraints');
  const pathLength = constraints && asn1.children(constraints).find(asn1.isInteger);
  return {
    x509,
    subject: nameOnOneLine(x509.subject),
    issuer: nameOnOneLine(x509.issuer),
    notBefore: certificateDate(x509.validFrom),
    notAfter: certificateDate(x509.validTo),
    key: keyOf(x509),
    issuerName: asn1.encode(fields.issuer),
    serialNumber: asn1.encode(fields.serialNumber),
    subjectKeyIdentifier: identifier && asn1.contents(identifier),
    maySign: maySign(fields),
    forMail: isForMail(fields),
    authority: x509.ca ? 'yes' : fields.extensions.size === 0 ? 'version 1' : 'no',
    pathLength: pathLength ? asn1.integer(pathLength) : Infinity,
    notUnderstood: [
      // It has to be critical (§4.2.1.10), and some forget that.
      ...(fields.extensions.has(extensionIds.nameConstraints) ? ['nameConstraints'] : []),
      ...[...fields.extensions]
        .filter(([id, { critical }]) => critical && !understood.includes(id))
        .map(([id]) => id),
    ],
  };
}

function keyOf(x509: X509Certificate): KeyObject | undefined {
  try {
    return x509.publicKey;
  } catch {
    return undefined;
  }
}

/** R8. */
export function isWeak(key: KeyObject): boolean {
  return (key.asymmetricKeyDetails?.modulusLength ?? Infinity) < minimumRsaBits;
}

/** Whether a signer means this certificate. */
export function isNamedBy(certificate: Certificate, identifier: SignerIdentifier): boolean {
  if ('issuer' in identifier) {
    const { issuer, serialNumber } = identifier;
    return certificate.issuerName.equals(issuer) && certificate.serialNumber.equals(serialNumber);
  }
  return certificate.subjectKeyIdentifier?.equals(identifier.subjectKeyIdentifier) === true;
}

/** `expired on 2026-01-31`, `is not valid before 2026-01-31`; undefined within its validity. */
export function outsideValidity({ notBefore, notAfter }: Certificate, at: Date): string | undefined {
  if (at < notBefore) return `is not valid before ${notBefore.toISOString().slice(0, 10)}`;
  return at > notAfter ? `expired on ${notAfter.toISOString().slice(0, 10)}` : undefined;
}
