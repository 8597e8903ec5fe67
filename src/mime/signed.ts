// The clear form: a message with its entity wrapped as multipart/signed (RFC 1847, RFC 8551 §3.5.3).
import { toLines } from './base64.js';
import { outerHeader, SignedEntity, type Frame, type FrameOptions } from './frame.js';

export interface SignedMessageOptions extends FrameOptions {
  /** See `randomBoundary`. */
  readonly boundary: string;
}

/** `=_` cannot occur in quoted-printable or base64 (RFC 2045 §6.7); 128 random bits (R17). */
export function randomBoundary(random: Buffer): string {
  return `=_postseal_${random.toString('hex')}`;
}

/** It can be read without S/MIME, but must be 7-bit: what must not be altered and is not makes it fail. */
export class SignedMessage implements Frame {
  private readonly entity: SignedEntity;

  /** Writes the outer header at once. */
  constructor(private readonly options: SignedMessageOptions) {
    const { fields, digest, boundary, out } = options;
    const type =
      `Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n` +
      ` micalg=${digest.micalg}; boundary="${boundary}"\r\n`;
    out(outerHeader(fields, type));
    out(Buffer.from(`This is a message with an S/MIME signature.\r\n\r\n--${boundary}\r\n`));
    this.entity = new SignedEntity(options, 'refuse', out);
  }

  write(bytes: Buffer): void {
    this.entity.write(bytes);
  }

  end(): Buffer {
    return this.entity.end();
  }

  /** Writes the signature part (R19) and the closing delimiter. @param cms a detached SignedData */
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
