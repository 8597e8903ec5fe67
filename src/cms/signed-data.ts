// SignedData with one signer (RFC 5652 §5): detached from its content, or around it.
import type { Digest } from '../algorithms.js';
import type { Identity } from '../identity.js';
import { contextConstructed, integer, objectIdentifier, octetString, retag, sequence, setOf } from './der.js';
import { digestIdentifier } from './identifiers.js';
import { onceFor } from './once.js';
import { idData, signerInfo, type SigningInput } from './signer-info.js';

const idSignedData = objectIdentifier('1.2.840.113549.1.7.2');
const version = integer(1); // of data signed with certificates of X.509 alone (RFC 5652 §5.1)

const digestAlgorithms = onceFor((digest: Digest) => setOf(digestIdentifier(digest)));

/** The CertificateSet: the signer's and its issuers' (R9). */
const certificates = onceFor(({ certificate, chain }: Identity) => retag(0xa0, setOf(certificate, ...chain)));

/**
 * Signs a digest. Returns the DER of a ContentInfo with a SignedData that does not contain what it signs (R21).
 * @throws Error if OpenSSL cannot use the key
 */
export async function detachedSignedData(input: SigningInput): Promise<Buffer> {
  const { identity, algorithm } = input;
  const signedData = sequence(
    version,
    digestAlgorithms(algorithm.digest),
    sequence(idData),
    certificates(identity),
    setOf(await signerInfo(input)),
  );
  return sequence(idSignedData, contextConstructed(0, signedData));
}

/** Octets of content in one segment: few enough to keep, enough for four octets of head not to matter. */
export const segmentSize = 16 * 1024;

// Opened before its length is known, closed by two zero octets (X.690 §8.1.3.6).
const openSequence = Buffer.from([0x30, 0x80]);
const openContext = Buffer.from([0xa0, 0x80]);
const openOctetString = Buffer.from([0x24, 0x80]);
const close = Buffer.alloc(2);

/** A SignedData up to its content. */
const opening = onceFor((digest: Digest) =>
  Buffer.concat([
    ...[openSequence, idSignedData, openContext, openSequence, version, digestAlgorithms(digest)],
    ...[openSequence, idData, openContext, openOctetString],
  ]),
);

/**
 * A SignedData around its content, as far as the content goes: `closingSignedData` is the rest. BER, so that
 * it can stream (R20); all that is signed is DER, and so are the certificates.
 */
export class EncapsulatedContent {
  private readonly segment = Buffer.allocUnsafe(segmentSize);
  private filled = 0;
  private complete: Buffer[];

  constructor(digest: Digest) {
    this.complete = [opening(digest)];
  }

  /** Takes content in any chunks. Returns what is complete of it: the segments do not depend on the chunks. */
  write(content: Buffer): Buffer {
    for (let at = 0; at < content.length;) {
      const copied = content.copy(this.segment, this.filled, at);
      at += copied;
      this.filled += copied;
      if (this.filled === segmentSize) this.cut();
    }
    return this.take();
  }

  end(): Buffer {
    if (this.filled > 0) this.cut();
    this.complete.push(close, close, close); // OCTET STRING, [0], EncapsulatedContentInfo
    return this.take();
  }

  private cut(): void {
    this.complete.push(octetString(this.segment.subarray(0, this.filled)));
    this.filled = 0;
  }

  private take(): Buffer {
    const taken = Buffer.concat(this.complete);
    this.complete = [];
    return taken;
  }
}

/**
 * Signs the digest over the encapsulated content. Returns what follows the content.
 * @throws Error if OpenSSL cannot use the key
 */
export async function closingSignedData(input: SigningInput): Promise<Buffer> {
  return Buffer.concat([
    certificates(input.identity),
    setOf(await signerInfo(input)),
    ...[close, close, close], // SignedData, [0], ContentInfo
  ]);
}
