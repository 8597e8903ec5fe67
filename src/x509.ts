// X.509 certificates for those who sign and those who verify: fields, extensions, who issued whom (RFC 5280 §4).
import type { X509Certificate } from 'node:crypto';
import * as asn1 from './asn1.js';

export const extensionIds = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  extendedKeyUsage: '2.5.29.37',
};

/** What node:crypto does not tell of a certificate. */
export interface CertificateFields {
  readonly serialNumber: asn1.Node;
  readonly issuer: asn1.Node;
  readonly subject: asn1.Node;
  /** By identifier; `octets` are those in the extnValue. */
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly octets: Buffer }>;
}

/** @throws Error where it is damaged */
export function readFields(certificate: asn1.Node): CertificateFields {
  const fields = asn1.children(asn1.children(certificate)[0]);
  if (asn1.isTagged(fields[0], 0)) fields.shift(); // version, absent in v1
  const [serialNumber, , issuer, , subject] = fields;
  if (!serialNumber || !issuer || !subject) throw new Error('fields are missing');
  const extensions = new Map<string, { critical: boolean; octets: Buffer }>();
  const list = fields.find((field, i) => i > 5 && asn1.isTagged(field, 3));
  // SEQUENCE of SEQUENCE { id, critical DEFAULT FALSE, extnValue }
  for (const extension of list ? asn1.children(asn1.children(list)[0]) : []) {
    const [type, second, third] = asn1.children(extension);
    const id = asn1.oid(type);
    // RFC 5280 §4.2 forbids repeats. Readers that take the first and those that take the last would differ.
    if (extensions.has(id)) throw new Error('repeated extension');
    const critical = third !== undefined && asn1.contents(second)[0] !== 0;
    extensions.set(id, { critical, octets: asn1.contents(third ?? second) });
  }
  return { serialNumber, issuer, subject, extensions };
}

/** The value of an extension; undefined where the certificate has none of this kind. @throws Error where it is damaged */
export function extension(
  { extensions }: CertificateFields,
  id: keyof typeof extensionIds,
): asn1.Node | undefined {
  const found = extensions.get(extensionIds[id]);
  return found && asn1.parse(found.octets);
}

/** Whether keyUsage, if present, allows digitalSignature or nonRepudiation (R7, RFC 8550 §4.4.2). */
export function maySign(fields: CertificateFields): boolean {
  const usage = extension(fields, 'keyUsage');
  // BIT STRING: one octet of unused bits, then these two as the first bits.
  return !usage || ((asn1.contents(usage)[1] ?? 0) & 0xc0) !== 0;
}

const mailPurposes = ['1.3.6.1.5.5.7.3.4', '2.5.29.37.0']; // emailProtection, any

/** Whether the extended key usage, if present, allows mail (R7, RFC 8550 §4.4.4). */
export function isForMail(fields: CertificateFields): boolean {
  const purposes = extension(fields, 'extendedKeyUsage');
  return !purposes || asn1.children(purposes).some(p => mailPurposes.includes(asn1.oid(p)));
}

/** Names alone could be anybody's: the signature counts. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a key of an unknown kind
  }
}

/** A root is asked for each certificate below it. */
const selfSigned = new WeakMap<X509Certificate, boolean>();

export function isSelfSigned(certificate: X509Certificate): boolean {
  const known = selfSigned.get(certificate);
  if (known !== undefined) return known;
  const is = verifiesItself(certificate);
  selfSigned.set(certificate, is);
  return is;
}

/** Not by checkIssued: that wants keyCertSign, which a self-signed leaf need not have. */
function verifiesItself(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
  } catch {
    return false;
  }
}

/** A name on one line. Node types it as string, but an empty one is undefined; OpenSSL escapes line ends in it. */
export function nameOnOneLine(name: string | undefined): string {
  return name?.split('\n').join(', ') ?? '';
}

/** @param text a date as node:crypto prints it. @throws Error if it is none */
export function certificateDate(text: string): Date {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) throw new Error('no date');
  return value;
}
