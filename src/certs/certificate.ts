// What a certificate says of itself, and whether it may sign mail (R5, R7, R8; RFC 5280 §4, RFC 8550 §3, §4.4).
import type { X509Certificate } from 'node:crypto';
import { Address } from '../address.js';
import * as asn1 from '../asn1.js';
import { escaped } from '../printable.js';
import {
  certificateDate,
  extension,
  isForMail,
  maySign,
  nameOnOneLine,
  readFields,
  type CertificateFields,
} from '../x509.js';
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

const emailAddress = '1.2.840.113549.1.9.1';
const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9'; // RFC 9598 §3

/** @throws Fault if it is not DER as RFC 5280 has it */
export function readFacts(x509: X509Certificate): Facts {
  try {
    return read(x509);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(`the certificate "${title(x509)}" is damaged`);
  }
}

/** The mailboxes that it names; none where it cannot be read. */
export function addressesOf(x509: X509Certificate): readonly Address[] {
  try {
    return readFacts(x509).addresses;
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}

/** Whom the certificates of a file name; undefined where all are authorities', or one cannot be read. */
export function mailboxesOf(certificates: readonly X509Certificate[]): readonly Address[] | undefined {
  if (certificates.every(x509 => x509.ca)) return undefined;
  try {
    return certificates.flatMap(x509 => readFacts(x509).addresses);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function read(x509: X509Certificate): Facts {
  const certificate = asn1.parse(x509.raw);
  // What is cut out below must be the certificate's own bytes; in DER there is one way to write them.
  if (!asn1.encode(certificate).equals(x509.raw)) {
    throw new Fault(`the certificate "${title(x509)}" is not encoded in DER`);
  }
  const fields = readFields(certificate);
  const named = mailboxes(extension(fields, 'subjectAltName'));
  const { addresses, unreadable } = readAddresses(
    named.length > 0 ? named : subjectMailboxes(fields.subject),
  );
  return {
    subject: escaped(nameOnOneLine(x509.subject)),
    notBefore: certificateDate(x509.validFrom),
    notAfter: certificateDate(x509.validTo),
    issuer: asn1.encode(fields.issuer),
    serialNumber: asn1.encode(fields.serialNumber),
    addresses,
    unreadable,
    unfit: [...unfitKey(x509), ...unfitUsage(fields)],
  };
}

/** A mailbox as a certificate writes it. */
interface Written {
  readonly octets: Buffer;
  /** Whether the field can hold no more than ASCII: an IA5String (RFC 9598 §1). */
  readonly ascii: boolean;
}

/** The mailboxes in a SAN. Node's printable form of it is ambiguous, so that it is not used. */
function mailboxes(names: asn1.Node | undefined): Written[] {
  return (names ? asn1.children(names) : []).flatMap((name): Written[] => {
    if (asn1.isTagged(name, 1)) return [{ octets: asn1.contents(name), ascii: true }]; // rfc822Name
    if (!asn1.isTagged(name, 0)) return [];
    const [type, value] = asn1.children(name); // otherName
    if (asn1.oid(type) !== smtpUtf8Mailbox) return [];
    return [{ octets: asn1.contents(asn1.children(value)[0]), ascii: false }];
  });
}

/** emailAddress in the subject: Name is SEQUENCE of SET of SEQUENCE { type, value }. */
function subjectMailboxes(subject: asn1.Node | undefined): Written[] {
  return asn1
    .children(subject)
    .flatMap(asn1.children)
    .map(asn1.children)
    .filter(([type]) => asn1.oid(type) === emailAddress)
    .map(([, value]) => ({ octets: asn1.contents(value), ascii: true }));
}

function readAddresses(written: readonly Written[]): { addresses: Address[]; unreadable: string[] } {
  const addresses = new Map<string, Address>();
  const unreadable: string[] = [];
  for (const { octets, ascii } of written) {
    const text = octets.toString('utf8');
    const address = ascii && !/^[\0-\x7f]*$/.test(text) ? undefined : Address.parse(text);
    if (address && address.domain !== '') addresses.set(address.canonical, address);
    else unreadable.push(escaped(text));
  }
  return { addresses: [...addresses.values()], unreadable };
}

function unfitKey(x509: X509Certificate): string[] {
  const { unfit } = keyKind(x509.publicKey);
  return unfit === undefined ? [] : [unfit];
}

/** R7; an extension that is absent restricts nothing (RFC 8550 §4.4.2, §4.4.4). */
function unfitUsage(fields: CertificateFields): string[] {
  const unfit: string[] = [];
  if (!maySign(fields)) unfit.push('its keyUsage allows neither digitalSignature nor nonRepudiation');
  if (!isForMail(fields)) unfit.push('its extended key usage does not allow emailProtection');
  const constraints = extension(fields, 'basicConstraints');
  const [ca] = constraints ? asn1.children(constraints) : [];
  if (ca?.type === asn1.boolean && asn1.contents(ca)[0] !== 0) {
    unfit.push('it is the certificate of an authority (CA:TRUE), not of a mailbox');
  }
  return unfit;
}

/** The common name, or the whole subject where there is none. */
export function title(x509: X509Certificate): string {
  const subject = x509.subject as string | undefined;
  return escaped(/^CN=.*$/m.exec(subject ?? '')?.[0] ?? nameOnOneLine(subject)) || 'without a subject';
}
