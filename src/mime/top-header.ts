// Reads the top header off the front of a message, and leaves the body where it is.
import { Failure } from '../failure.js';
import { isBlank, parseHeader, startsField, type Field } from './header.js';

/** A decision needs all of it in memory: bounded, in octets. */
export const maxHeader = 4 * 1024 * 1024;

export interface TopHeader {
  readonly fields: readonly Field[];
  /** The header's octets with the empty line, where there is one. */
  readonly block: Buffer;
  /** What came behind it in the same piece. */
  readonly rest: Buffer;
}

/** Takes octets in any chunks until the header is complete. */
export class TopHeaderReader {
  private bytes: Buffer = Buffer.alloc(0);
  private line = 0;

  /** Returns the header once it is complete. @throws Failure `header-too-large` */
  write(chunk: Buffer): TopHeader | undefined {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    for (;;) {
      const lf = this.bytes.indexOf(0x0a, this.line);
      if (lf === -1) break;
      if (isBlank(this.bytes, this.line)) return this.cut(lf + 1);
      const first = this.bytes[this.line];
      const folded = this.line > 0 && (first === 0x20 || first === 0x09);
      // As Postfix has it: what is no field begins the body, the empty line was forgotten.
      if (!folded && !startsField(this.bytes, this.line, lf)) return this.cut(this.line);
      this.line = lf + 1;
    }
    if (this.bytes.length > maxHeader) throw new Failure('header-too-large', `over ${maxHeader} octets`);
    return undefined;
  }

  /** The message ended within its header. */
  end(): TopHeader {
    return this.cut(this.bytes.length);
  }

  private cut(at: number): TopHeader {
    const block = this.bytes.subarray(0, at);
    // A field that the end of the message cut short is still a field, and others may be written behind it.
    const whole = at === 0 || block[at - 1] === 0x0a ? block : Buffer.concat([block, Buffer.from('\r\n')]);
    return { block, fields: parseHeader(whole), rest: this.bytes.subarray(at) };
  }
}
