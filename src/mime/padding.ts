// Preambles and epilogues: nobody is to see them (RFC 2046 §5.1.1), but their octets are signed.
import { maxLine } from './octets.js';
import type { Codec } from './quoted-printable.js';

const CR = 0x0d;
const LF = 0x0a;
const QUESTION = 0x3f;

/** Lines as they survive: 7-bit octets, CRLF, no white space at the end, none over the limit. */
export class PaddingBlotter implements Codec {
  /** Whether text was lost that a careless client might have shown. */
  altered = false;
  private column = 0;
  private spaces: number[] = [];
  private cr = false;

  write(bytes: Buffer): Buffer {
    // At worst every octet brings a line end, besides the white space and CR that were waiting.
    const out = Buffer.allocUnsafe(bytes.length * 3 + this.spaces.length + 8);
    let o = 0;
    const put = (b: number): void => {
      out[o++] = b;
    };
    for (const b of bytes) this.octet(b, put);
    return out.subarray(0, o);
  }

  end(): Buffer {
    this.spaces = [];
    if (!this.cr) return Buffer.alloc(0);
    this.cr = false;
    return Buffer.from('\r\n');
  }

  private octet(b: number, put: (b: number) => void): void {
    if (this.cr || b === LF) {
      const wasCr = this.cr;
      this.cr = false;
      this.lineEnd(put);
      if (b === LF) return;
      if (wasCr) this.altered = true;
    }
    if (b === CR) this.cr = true;
    else if (b === 0x20 || b === 0x09) {
      if (this.spaces.length < maxLine) this.spaces.push(b);
    } else {
      if (this.column + this.spaces.length >= maxLine) this.lineEnd(put);
      for (const space of this.spaces) put(space);
      this.column += this.spaces.length + 1;
      this.spaces = [];
      const lost = b >= 0x80 || b === 0;
      if (lost) this.altered = true;
      put(lost ? QUESTION : b);
    }
  }

  private lineEnd(put: (b: number) => void): void {
    this.spaces = [];
    this.column = 0;
    put(CR);
    put(LF);
  }
}
