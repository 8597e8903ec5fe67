// Certificates of an authority for trying out (RFC 5280 §4.1).
import { createHash, type KeyObject } from 'node:crypto';
import type { Address } from '../address.js';
import * as asn1 from '../asn1.js';
import { contextConstructed, integer, sequence, time, tlv } from '../cms/der.js';
import { forAuthority, forMail, keyIdentifiers } from './extensions.js';
import { encodeName, type Attribute } from './name.js';
import { publicKeyInfo, signatureOf, signed } from './signed.js';

/** What every certificate has. */
interface Common {
  readonly key: KeyObject;
  readonly subject: readonly Attribute[];
  /** At most 20 octets, the first below 0x80. */
  readonly serial: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Who issues. */
export interface Issuer {
  readonly key: KeyObject;
  /** DER of its Name, as its own certificate has it. */
  readonly name: Buffer;
}

/** DER of a self-signed root. */
export function rootCertificate(root: Common): Buffer {
  return certificate(root, { key: root.key, name: encodeName(root.subject) }, forAuthority());
}

/** DER of a certificate that signs mail of these addresses. */
export function mailCertificate(leaf: Common, addresses: readonly Address[], issuer: Issuer): Buffer {
  return certificate(leaf, issuer, forMail(addresses));
}

function certificate(
  { key, subject, serial, notBefore, notAfter }: Common,
  issuer: Issuer,
  extensions: readonly Buffer[],
): Buffer {
  const identifiers = keyIdentifiers(keyIdentifier(key), keyIdentifier(issuer.key));
  const content = sequence(
    contextConstructed(0, integer(2)), // v3
    tlv(0x02, serial),
    signatureOf(issuer.key).algorithm,
    issuer.name,
    sequence(time(notBefore), time(notAfter)),
    encodeName(subject),
    publicKeyInfo(key),
    contextConstructed(3, sequence(...extensions, ...identifiers)),
  );
  return signed(content, issuer.key);
}

/** SHA-1 over the bits of the public key (RFC 5280 §4.2.1.2): a name, not a protection. */
function keyIdentifier(key: KeyObject): Buffer {
  const [, bits] = asn1.children(asn1.parse(publicKeyInfo(key)));
  return createHash('sha1').update(asn1.contents(bits).subarray(1)).digest();
}
