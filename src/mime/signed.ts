// The frame: a message with its entity wrapped as multipart/signed, hashed as it passes (RFC 1847, RFC 8551 §3.5.3).
import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../algorithms.js';
import { toLines } from './base64.js';
import { contentType, type Field } from './header.js';
import { SevenBit, type Rewrite } from './seven-bit.js';
import { Walker } from './walk.js';

export interface SignedMessageOptions {
  /** The fields of the top header, in order. */
  readonly fields: readonly Field[];
  readonly digest: Digest;
  /** See `randomBoundary`. */
  readonly boundary: string;
  /** Takes the octets of the signed message, in order. */
  readonly out: (bytes: Buffer) => void;
  /** Told of each leaf that had to be re-encoded. */
  readonly rewritten: (rewrite: Rewrite) => void;
}

/** `=_` cannot occur in quoted-printable or base64 (RFC 2045 §6.7); 128 random bits (R17). */
export function randomBoundary(random: Buffer): string {
  return `=_postseal_${random.toString('hex')}`;
}

/** Takes the body of a message in any chunks: `write`, then `end` for the digest, then `close`. */
export class SignedMessage {
  private readonly hash: Hash;
  private readonly walker: Walker;

  /** Writes the outer header at once. */
  constructor(private readonly options: SignedMessageOptions) {
    const { fields, digest, boundary, out } = options;
    this.hash = createHash(digest.name);
    const { outer, inner } = splitHeader(fields);
    out(
      Buffer.concat([
        ...outer.map(f => f.raw),
        Buffer.from(
          'MIME-Version: 1.0\r\n' +
            `Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n` +
            ` micalg=${digest.micalg}; boundary="${boundary}"\r\n` +
            '\r\n' +
            'This is a message with an S/MIME signature.\r\n' +
            `\r\n--${boundary}\r\n`,
        ),
      ]),
    );
    const entity = new SevenBit(bytes => {
      this.hash.update(bytes);
      out(bytes);
    }, options.rewritten);
    this.walker = new Walker(entity, inner);
  }

  /** @throws Failure `unsignable` where the message cannot be made 7-bit without damage */
  write(bytes: Buffer): void {
    this.walker.write(bytes);
  }

  /** The body is complete. Returns the digest over the signed entity. */
  end(): Buffer {
    this.walker.end();
    return this.hash.digest();
  }

  /** Writes the signature part (R19) and the closing delimiter. */
  close(cms: Buffer): void {
    const { boundary, out } = this.options;
    out(
      Buffer.from(
        `\r\n--${boundary}\r\n` +
          'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n' +
          'Content-Transfer-Encoding: base64\r\n' +
          'Content-Disposition: attachment; filename="smime.p7s"\r\n' +
          'Content-Description: S/MIME Cryptographic Signature\r\n' +
          '\r\n' +
          `${toLines(cms)}\r\n` +
          `--${boundary}--\r\n`,
      ),
    );
  }
}

/** R10: all Content-* fields go into the signed part, the others stay outside. */
function splitHeader(fields: readonly Field[]): { outer: Field[]; inner: Field[] } {
  const outer = fields.filter(f => !f.name.startsWith('content-') && f.name !== 'mime-version');
  const inner = fields.filter(f => f.name.startsWith('content-'));
  // One that cannot be read counts as missing (RFC 2045 §5.2), and the entity is to say what it is.
  return { outer, inner: contentType(inner) ? inner : inner.filter(f => f.name !== 'content-type') };
}
