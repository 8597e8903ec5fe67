// SignerInfo: the signed attributes, and the signature over them (RFC 5652 §5.3, §5.4).
import { constants, createHash, sign, type SignKeyObjectInput } from 'node:crypto';
import { promisify } from 'node:util';
import type { SignatureAlgorithm } from '../algorithms.js';
import type { Identity } from '../identity.js';
import { integer, objectIdentifier, octetString, retag, sequence, setOf, time } from './der.js';
import { digestIdentifier, signatureIdentifier } from './identifiers.js';
import { onceFor } from './once.js';

/** id-data (RFC 5652 §4): MIME entities are signed as octets. */
export const idData = objectIdentifier('1.2.840.113549.1.7.1');

const messageDigest = objectIdentifier('1.2.840.113549.1.9.4');
const signingTime = objectIdentifier('1.2.840.113549.1.9.5');
const contentType = attribute(objectIdentifier('1.2.840.113549.1.9.3'), idData);

/** What the sender's key may be encrypted to in reply, in order of preference (RFC 8551 §2.5.2). */
const smimeCapabilities = attribute(
  objectIdentifier('1.2.840.113549.1.9.15'),
  sequence(
    sequence(objectIdentifier('2.16.840.1.101.3.4.1.42')), // AES-256 CBC
    sequence(objectIdentifier('2.16.840.1.101.3.4.1.2')), // AES-128 CBC
  ),
);

/** ESSCertIDv2 of the signer with its default hash, SHA-256, left out (RFC 5035 §4). */
const signingCertificateV2 = onceFor(({ certificate }: Identity) =>
  attribute(
    objectIdentifier('1.2.840.113549.1.9.16.2.47'),
    sequence(sequence(sequence(octetString(createHash('sha256').update(certificate).digest())))),
  ),
);

/** RFC 6211 §2: the algorithms again, where nobody can exchange them. */
const algorithmProtection = onceFor((algorithm: SignatureAlgorithm) =>
  attribute(
    objectIdentifier('1.2.840.113549.1.9.52'),
    sequence(digestIdentifier(algorithm.digest), retag(0xa1, signatureIdentifier(algorithm))),
  ),
);

const issuerAndSerialNumber = onceFor(({ issuer, serialNumber }: Identity) => sequence(issuer, serialNumber));

export interface SigningInput {
  readonly identity: Identity;
  readonly algorithm: SignatureAlgorithm;
  /** The digest over the content. */
  readonly contentDigest: Buffer;
  /** Left out where it would disagree with the Date field (R23). */
  readonly signingTime?: Date | undefined;
}

/**
 * Signs a digest. Returns the DER of a SignerInfo of version 1: by issuer and serial number (R21).
 * @throws Error if OpenSSL cannot use the key
 */
export async function signerInfo(input: SigningInput): Promise<Buffer> {
  const { identity, algorithm } = input;
  const attributes = signedAttributes(input);
  const signature = await createSignature(identity.key, algorithm, attributes);
  return sequence(
    integer(1),
    issuerAndSerialNumber(identity),
    digestIdentifier(algorithm.digest),
    retag(0xa0, attributes),
    signatureIdentifier(algorithm),
    octetString(signature),
  );
}

/** The attributes as they are signed: a SET OF under its own tag 0x31, in DER order (R22, RFC 5652 §5.4). */
export function signedAttributes({ identity, algorithm, ...input }: SigningInput): Buffer {
  return setOf(
    contentType,
    attribute(messageDigest, octetString(input.contentDigest)),
    ...(input.signingTime ? [attribute(signingTime, time(input.signingTime))] : []),
    smimeCapabilities,
    signingCertificateV2(identity),
    algorithmProtection(algorithm),
  );
}

function attribute(type: Buffer, value: Buffer): Buffer {
  return sequence(type, setOf(value));
}

// The callback form runs in libuv's thread pool: the main thread goes on moving mail.
const signInPool = promisify<string | null, Buffer, Identity['key'] | SignKeyObjectInput, Buffer>(sign);

function createSignature(
  key: Identity['key'],
  { title, digest }: SignatureAlgorithm,
  attributes: Buffer,
): Promise<Buffer> {
  switch (title) {
    case 'RSA':
    case 'ECDSA':
      return signInPool(digest.name, attributes, key);
    case 'RSA-PSS':
      return signInPool(digest.name, attributes, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: digest.octets,
      });
    case 'Ed25519': // hashes by itself (RFC 8419 §3.1)
      return signInPool(null, attributes, key);
  }
}
