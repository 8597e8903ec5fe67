// Detached SignedData with one signer (RFC 5652 §5), its signed attributes, and the signature over them.
import { createHash, sign as signWithKey } from 'node:crypto';
import { promisify } from 'node:util';
import { digests, signatureAlgorithms, type Digest, type KeyType } from '../algorithms.js';
import type { Identity } from '../identity.js';
import {
  contextConstructed,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  retag,
  sequence,
  setOf,
  time,
} from './der.js';

// All that is the same in every message is encoded once.
const oid = {
  data: objectIdentifier('1.2.840.113549.1.7.1'),
  signedData: objectIdentifier('1.2.840.113549.1.7.2'),
  contentType: objectIdentifier('1.2.840.113549.1.9.3'),
  messageDigest: objectIdentifier('1.2.840.113549.1.9.4'),
  signingTime: objectIdentifier('1.2.840.113549.1.9.5'),
  smimeCapabilities: objectIdentifier('1.2.840.113549.1.9.15'),
  signingCertificateV2: objectIdentifier('1.2.840.113549.1.9.16.2.47'),
  algorithmProtection: objectIdentifier('1.2.840.113549.1.9.52'),
  aes256cbc: objectIdentifier('2.16.840.1.101.3.4.1.42'),
  aes128cbc: objectIdentifier('2.16.840.1.101.3.4.1.2'),
};

/** AlgorithmIdentifiers: SHA-2 without parameters (RFC 5754 §2). */
const digestIdentifiers = new Map(
  Object.values(digests).map(digest => [digest, sequence(objectIdentifier(digest.oid))]),
);

const contentTypeAttribute = attribute(oid.contentType, oid.data);

/** What the sender's key may be encrypted to in reply, in order of preference (RFC 8551 §2.5.2). */
const smimeCapabilitiesAttribute = attribute(
  oid.smimeCapabilities,
  sequence(sequence(oid.aes256cbc), sequence(oid.aes128cbc)),
);

export interface SigningInput {
  readonly identity: Identity;
  readonly digest: Digest;
  /** The digest over the content. */
  readonly contentDigest: Buffer;
  /** Left out where it would disagree with the Date field (R23). */
  readonly signingTime?: Date | undefined;
}

// The callback form runs in libuv's thread pool: the main thread goes on moving mail.
const signInPool = promisify<string, Buffer, Identity['key'], Buffer>(signWithKey);

/**
 * Signs a digest. Returns the DER of a ContentInfo that holds the SignedData.
 * @throws Error if OpenSSL cannot use the key
 */
export async function signedData(input: SigningInput): Promise<Buffer> {
  const attributes = signedAttributes(input);
  const signature = await signInPool(input.digest.name, attributes, input.identity.key);
  return contentInfo(input, attributes, signature);
}

/** The attributes as they are signed: a SET OF under its own tag 0x31, in DER order (R22, RFC 5652 §5.4). */
export function signedAttributes({ identity, digest, contentDigest, signingTime }: SigningInput): Buffer {
  return setOf(
    contentTypeAttribute,
    attribute(oid.messageDigest, octetString(contentDigest)),
    ...(signingTime ? [attribute(oid.signingTime, time(signingTime))] : []),
    smimeCapabilitiesAttribute,
    // ESSCertIDv2 with its default hash, SHA-256, left out (RFC 5035 §4).
    attribute(
      oid.signingCertificateV2,
      sequence(sequence(sequence(octetString(createHash('sha256').update(identity.certificate).digest())))),
    ),
    // RFC 6211 §2: the algorithms again, where nobody can exchange them.
    attribute(
      oid.algorithmProtection,
      sequence(digestIdentifier(digest), retag(0xa1, signatureIdentifier(identity.keyType, digest))),
    ),
  );
}

function contentInfo({ identity, digest }: SigningInput, attributes: Buffer, signature: Buffer): Buffer {
  const signerInfo = sequence(
    integer(1),
    sequence(identity.issuer, identity.serialNumber),
    digestIdentifier(digest),
    retag(0xa0, attributes),
    signatureIdentifier(identity.keyType, digest),
    octetString(signature),
  );
  const signedDataValue = sequence(
    integer(1),
    setOf(digestIdentifier(digest)),
    sequence(oid.data), // no eContent: detached (R21)
    retag(0xa0, setOf(identity.certificate, ...identity.chain)),
    setOf(signerInfo),
  );
  return sequence(oid.signedData, contextConstructed(0, signedDataValue));
}

function attribute(type: Buffer, value: Buffer): Buffer {
  return sequence(type, setOf(value));
}

function digestIdentifier(digest: Digest): Buffer {
  return digestIdentifiers.get(digest)!;
}

function signatureIdentifier(keyType: KeyType, digest: Digest): Buffer {
  const { oid: identifiers, parameters } = signatureAlgorithms[keyType];
  return sequence(objectIdentifier(identifiers[digest.name]), ...(parameters === 'null' ? [nullValue] : []));
}
