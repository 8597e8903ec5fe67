// The opaque form: a message with its entity inside the CMS, as application/pkcs7-mime (RFC 8551 §3.5.2).
import { CRLF } from './ascii.js';
import { Base64Encoder } from './base64.js';
import { outerHeader, SignedEntity, type Frame, type FrameOptions } from './frame.js';
import type { Codec } from './quoted-printable.js';

export interface OpaqueMessageOptions extends FrameOptions {
  /** Puts the entity into a SignedData, as far as that goes without the signature. */
  readonly encapsulation: Codec;
}

const content =
  'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n' +
  'Content-Transfer-Encoding: base64\r\n' +
  'Content-Disposition: attachment; filename="smime.p7m"\r\n';

/** Only S/MIME clients can read it, but base64 carries whatever must not be altered (R15, R20). */
export class OpaqueMessage implements Frame {
  private readonly entity: SignedEntity;
  private readonly base64 = new Base64Encoder();

  /** Writes the outer header at once. */
  constructor(private readonly options: OpaqueMessageOptions) {
    const { fields, encapsulation, out } = options;
    out(outerHeader(fields, content));
    this.entity = new SignedEntity(options, 'keep', bytes => {
      this.put(encapsulation.write(bytes));
    });
  }

  write(bytes: Buffer): void {
    this.entity.write(bytes);
  }

  end(): Buffer {
    const digest = this.entity.end();
    this.put(this.options.encapsulation.end());
    return digest;
  }

  /** @param cms what follows the encapsulated entity in the SignedData */
  close(cms: Buffer): void {
    this.put(cms);
    this.options.out(Buffer.concat([this.base64.end(), CRLF]));
  }

  private put(ber: Buffer): void {
    const lines = this.base64.write(ber);
    if (lines.length > 0) this.options.out(lines);
  }
}
