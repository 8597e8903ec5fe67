// What a certificate says of itself, and whether it may sign mail (R5, R7, R8; RFC 5280 §4, RFC 8550 §3, §4.4).
import type { X509Certificate } from 'node:crypto';
import { Address } from '../address.js';
import * as asn1 from './asn1.js';
import { Fault } from './fault.js';
import { keyKind } from './keys.js';

/** The parts of a certificate that signing needs. */
export interface Facts {
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the issuer Name and of the serial number, as they stand in the certificate (R21). */
  readonly issuer: Buffer;
  readonly serialNumber: Buffer;
  readonly addresses: readonly Address[];
  /** Mailboxes that it names, but not in a form that can be read; control characters escaped. */
  readonly unreadable: readonly string[];
  /** Why it may not sign, each in words; empty for a good one. */
  readonly unfit: readonly string[];
}

const extensionIds = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
};
const emailAddress = '1.2.840.113549.1.9.1';
const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9'; // RFC 9598 §3
const emailProtection = '1.3.6.1.5.5.7.3.4';
const anyExtendedKeyUsage = '2.5.29.37.0';

/** @throws Fault if it is not DER as RFC 5280 has it */
export function readFacts(x509: X509Certificate): Facts {
  try {
    return read(x509);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(`the certificate "${title(x509)}" is damaged`);
  }
}

function read(x509: X509Certificate): Facts {
  const certificate = asn1.parse(x509.raw);
  // What is cut out below must be the certificate's own bytes; in DER there is one way to write them.
  if (!asn1.encode(certificate).equals(x509.raw)) {
    throw new Fault(`the certificate "${title(x509)}" is not encoded in DER`);
  }
  const fields = asn1.children(asn1.children(certificate)[0]);
  if (asn1.isTagged(fields[0], 0)) fields.shift(); // version, absent in v1
  const [serialNumber, , issuer, , subject] = fields;
  const extensions = readExtensions(fields.find((field, i) => i > 5 && asn1.isTagged(field, 3)));
  const named = mailboxes(extensions.get(extensionIds.subjectAltName));
  const { addresses, unreadable } = readAddresses(named.length > 0 ? named : subjectMailboxes(subject));
  return {
    subject: oneLine(subjectOf(x509)),
    notBefore: date(x509.validFrom),
    notAfter: date(x509.validTo),
    issuer: asn1.encode(issuer!),
    serialNumber: asn1.encode(serialNumber!),
    addresses,
    unreadable,
    unfit: [...unfitKey(x509), ...unfitUsage(extensions)],
  };
}

/** Identifier → extnValue, parsed (RFC 5280 §4.1: SEQUENCE of SEQUENCE { id, critical?, value }). */
function readExtensions(field: asn1.Node | undefined): Map<string, asn1.Node> {
  const extensions = new Map<string, asn1.Node>();
  for (const extension of field ? asn1.children(asn1.children(field)[0]) : []) {
    const parts = asn1.children(extension);
    const id = asn1.oid(parts[0]);
    // RFC 5280 §4.2 forbids repeats. Readers that take the first and those that take the last would differ.
    if (extensions.has(id)) throw new Error('repeated extension');
    if (Object.values(extensionIds).includes(id)) extensions.set(id, asn1.parse(asn1.contents(parts.at(-1))));
  }
  return extensions;
}

/** The mailboxes in a SAN. Node's printable form of it is ambiguous, so that it is not used. */
function mailboxes(names: asn1.Node | undefined): string[] {
  return (names ? asn1.children(names) : []).flatMap(name => {
    if (asn1.isTagged(name, 1)) return [asn1.contents(name).toString('latin1')]; // rfc822Name
    if (!asn1.isTagged(name, 0)) return [];
    const [type, value] = asn1.children(name); // otherName
    if (asn1.oid(type) !== smtpUtf8Mailbox) return [];
    return [asn1.contents(asn1.children(value)[0]).toString('utf8')];
  });
}

/** emailAddress in the subject: Name is SEQUENCE of SET of SEQUENCE { type, value }. */
function subjectMailboxes(subject: asn1.Node | undefined): string[] {
  return asn1
    .children(subject)
    .flatMap(asn1.children)
    .map(asn1.children)
    .filter(([type]) => asn1.oid(type) === emailAddress)
    .map(([, value]) => asn1.contents(value).toString('utf8'));
}

function readAddresses(texts: readonly string[]): { addresses: Address[]; unreadable: string[] } {
  const addresses = new Map<string, Address>();
  const unreadable: string[] = [];
  for (const text of texts) {
    const address = Address.parse(text);
    if (address && address.domain !== '') addresses.set(address.key, address);
    else unreadable.push(JSON.stringify(text).slice(1, -1));
  }
  return { addresses: [...addresses.values()], unreadable };
}

function unfitKey(x509: X509Certificate): string[] {
  const { unfit } = keyKind(x509.publicKey);
  return unfit === undefined ? [] : [unfit];
}

/** R7; an extension that is absent restricts nothing (RFC 8550 §4.4.2, §4.4.4). */
function unfitUsage(extensions: ReadonlyMap<string, asn1.Node>): string[] {
  const unfit: string[] = [];
  const usage = extensions.get(extensionIds.keyUsage);
  // BIT STRING: one octet of unused bits, then digitalSignature and nonRepudiation as the first two bits.
  if (usage && ((asn1.contents(usage)[1] ?? 0) & 0xc0) === 0) {
    unfit.push('its keyUsage allows neither digitalSignature nor nonRepudiation');
  }
  const extended = extensions.get(extensionIds.extendedKeyUsage);
  const purposes = extended && asn1.children(extended).map(asn1.oid);
  if (purposes && !purposes.includes(emailProtection) && !purposes.includes(anyExtendedKeyUsage)) {
    unfit.push('its extended key usage does not allow emailProtection');
  }
  const constraints = extensions.get(extensionIds.basicConstraints);
  const [ca] = constraints ? asn1.children(constraints) : [];
  if (ca?.type === asn1.boolean && asn1.contents(ca)[0] !== 0) {
    unfit.push('it is the certificate of an authority (CA:TRUE), not of a mailbox');
  }
  return unfit;
}

function date(text: string): Date {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) throw new Error('no date');
  return value;
}

/** Node types it as string, but an empty subject is undefined. */
function subjectOf({ subject }: { subject: string | undefined }): string {
  return subject ?? '';
}

/** A name on one line; OpenSSL has escaped what could break it. */
function oneLine(name: string): string {
  return name.split('\n').join(', ');
}

/** The common name, or the whole subject where there is none. */
export function title(x509: X509Certificate): string {
  const subject = subjectOf(x509);
  return /^CN=.*$/m.exec(subject)?.[0] ?? (oneLine(subject) || 'without a subject');
}
