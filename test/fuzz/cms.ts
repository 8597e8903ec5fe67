// Verifies the CMS of a signed message with a parser that is not ours (node-forge): the digest over the entity
// against the messageDigest attribute, and the signature over the attributes (RFC 5652 §5.6).
import { constants, createHash, verify, X509Certificate, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { dissect } from '../support/verifiers.js';

type Asn1 = forge.asn1.Asn1;

/** Its types do not know the options. */
const fromBer = forge.asn1.fromDer as unknown as (bytes: string, options: object) => Asn1;

const messageDigest = '1.2.840.113549.1.9.4';
const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** @returns what is wrong, in words. @throws Error where the CMS cannot be read */
export function cmsFaults(message: Buffer): string[] {
  const { form, entity, signature: cms } = dissect(message);
  const contentInfo = fromBer(cms.toString('latin1'), { parseAllBytes: true, decodeBitStrings: false });
  const signedData = inside(inside(contentInfo)[1]!)[0]!;
  const [, , encapsulated, certificates, signerInfos] = inside(signedData);
  const [, signer, digestAlgorithm, attributes, , signature] = inside(inside(signerInfos!)[0]!);
  const hash = hashes[oidOf(digestAlgorithm!)]!;

  const eContent = inside(encapsulated!)[1];
  const embedded = eContent && octets(inside(eContent)[0]!);
  const digest = inside(attributes!).find(a => oidOf(a) === messageDigest)!;
  // The attributes are signed as a SET OF, whatever tag they travel under (RFC 5652 §5.4).
  const signed = toDer(attributes!);
  signed[0] = 0x31;
  const key = keyOf(signer!, inside(certificates!));
  const type = key.asymmetricKeyType;
  const scheme = type === 'rsa-pss' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  return [
    ...(form === 'clear' && embedded ? ['content in the CMS of the clear form'] : []),
    ...(form === 'opaque' && embedded?.equals(entity) !== true ? ['the CMS has another content'] : []),
    ...(octets(inside(inside(digest)[1]!)[0]!).equals(createHash(hash).update(entity).digest())
      ? []
      : ['messageDigest is not that of the entity']),
    ...(verify(type === 'ed25519' ? null : hash, signed, { key, ...scheme }, octets(signature!))
      ? []
      : ['the signature is not over these attributes']),
  ];
}

/** The key of the certificate with the serial number that the signer names. */
function keyOf(signer: Asn1, certificates: readonly Asn1[]): KeyObject {
  const serial = Buffer.from(inside(signer)[1]!.value as string, 'latin1').toString('hex');
  const all = certificates.map(c => new X509Certificate(toDer(c)));
  return all.find(c => c.serialNumber.toLowerCase() === serial)!.publicKey;
}

function inside(node: Asn1): Asn1[] {
  return node.value as Asn1[];
}

function toDer(node: Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1');
}

/** The object identifier that a SEQUENCE begins with. */
function oidOf(node: Asn1): string {
  return forge.asn1.derToOid(inside(node)[0]!.value as string);
}

/** An OCTET STRING, in one piece or in segments. */
function octets({ value }: Asn1): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.concat(value.map(octets));
}
