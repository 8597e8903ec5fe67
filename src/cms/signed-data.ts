// Detached SignedData with one signer (RFC 5652 §5), its signed attributes, and the signature over them.
import { createHash, sign as signWithKey } from 'node:crypto';
import { promisify } from 'node:util';
import { signatureAlgorithms, type Digest, type KeyType } from '../algorithms.js';
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

const oid = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  smimeCapabilities: '1.2.840.113549.1.9.15',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  algorithmProtection: '1.2.840.113549.1.9.52',
  aes256cbc: '2.16.840.1.101.3.4.1.42',
  aes128cbc: '2.16.840.1.101.3.4.1.2',
};

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
    attribute(oid.contentType, objectIdentifier(oid.data)),
    attribute(oid.messageDigest, octetString(contentDigest)),
    ...(signingTime ? [attribute(oid.signingTime, time(signingTime))] : []),
    // What the sender's key may be encrypted to in reply, in order of preference (RFC 8551 §2.5.2).
    attribute(
      oid.smimeCapabilities,
      sequence(sequence(objectIdentifier(oid.aes256cbc)), sequence(objectIdentifier(oid.aes128cbc))),
    ),
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
    sequence(objectIdentifier(oid.data)), // no eContent: detached (R21)
    contextConstructed(0, identity.certificate, ...identity.chain),
    setOf(signerInfo),
  );
  return sequence(objectIdentifier(oid.signedData), contextConstructed(0, signedDataValue));
}

function attribute(type: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(type), setOf(value));
}

/** SHA-2 without parameters (RFC 5754 §2). */
function digestIdentifier(digest: Digest): Buffer {
  return sequence(objectIdentifier(digest.oid));
}

function signatureIdentifier(keyType: KeyType, digest: Digest): Buffer {
  const { oid: identifiers, parameters } = signatureAlgorithms[keyType];
  return sequence(objectIdentifier(identifiers[digest.name]), ...(parameters === 'null' ? [nullValue] : []));
}
