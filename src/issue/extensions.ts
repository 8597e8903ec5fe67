// The extensions of certificates for mail, and of those who issue them (RFC 5280 §4.2, RFC 8550 §4.4).
import type { Address } from '../address.js';
import { contextConstructed, objectIdentifier, octetString, sequence, tlv } from '../cms/der.js';
import { extensionIds } from '../x509.js';

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [tlv(0x01, Buffer.from([0xff]))] : [];
  return sequence(objectIdentifier(id), ...flag, octetString(value));
}

/** What a certificate for mail is for and whom it names: R5 to R7. */
export function forMail(addresses: readonly Address[]): Buffer[] {
  return [
    // digitalSignature alone: what a server signs by itself is nothing that a person cannot repudiate.
    extension(extensionIds.keyUsage, tlv(0x03, Buffer.from([7, 0x80])), true),
    extension(extensionIds.extendedKeyUsage, sequence(objectIdentifier('1.3.6.1.5.5.7.3.4'))), // emailProtection
    extension(extensionIds.subjectAltName, sequence(...addresses.map(mailbox))),
  ];
}

/** rfc822Name, or SmtpUTF8Mailbox for a local part beyond ASCII, its domain in A-labels (RFC 9598 §3). */
function mailbox(address: Address): Buffer {
  const local = address.text.slice(0, address.text.lastIndexOf('@'));
  const text = Buffer.from(`${local}@${address.domain}`, 'utf8');
  if (/^[\0-\x7f]*$/.test(local)) return tlv(0x81, text);
  const value = contextConstructed(0, tlv(0x0c, text));
  return contextConstructed(0, objectIdentifier('1.3.6.1.5.5.7.8.9'), value);
}

/** Of an authority that issues to mailboxes directly. */
export function forAuthority(): Buffer[] {
  return [
    extension(extensionIds.basicConstraints, sequence(tlv(0x01, Buffer.from([0xff]))), true),
    extension(extensionIds.keyUsage, tlv(0x03, Buffer.from([1, 0x06])), true), // keyCertSign, cRLSign
  ];
}

/** By which keys a chain finds together. */
export function keyIdentifiers(subject: Buffer, issuer: Buffer): Buffer[] {
  return [
    extension(extensionIds.subjectKeyIdentifier, octetString(subject)),
    extension('2.5.29.35', sequence(tlv(0x80, issuer))), // authorityKeyIdentifier
  ];
}
