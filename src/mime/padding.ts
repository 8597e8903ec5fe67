// Preambles and epilogues: nobody is to see them (RFC 2046 §5.1.1), but their octets are signed.
import { CR, DASH, FROM, isSpace, LF } from './ascii.js';
import { maxLine, safeLine } from './octets.js';
import type { Codec } from './quoted-printable.js';

const QUESTION = 0x3f;
const GT = 0x3e;

/**
 * Lines as they survive: 7-bit octets, CRLF, none over the limit, and outside forwarded messages no white space at
 * the end and no `From `, quoted or not.
 */
export class PaddingBlotter implements Codec {
  /** Why text was changed that a careless client might have shown. */
  altered: string | undefined;
  private line: number[] = [];
  /** White space that may turn out to end the line. */
  private spaces: number[] = [];
  /** Whether the line differs from what came: it must not be taken for a delimiter now. */
  private remade = false;
  private cr = false;
  private readonly limit: number;

  /** @param forwarded the text is inside a message: what is 7-bit stays as it is (R15) */
  constructor(private readonly forwarded = false) {
    this.limit = forwarded ? maxLine : safeLine;
  }

  write(bytes: Buffer): Buffer {
    // At worst every octet brings a line end, besides the line that was waiting.
    const out = Buffer.allocUnsafe(bytes.length * 3 + this.line.length + this.spaces.length + 8);
    let o = 0;
    const put = (b: number): void => {
      out[o++] = b;
    };
    for (const b of bytes) this.octet(b, put);
    return out.subarray(0, o);
  }

  end(): Buffer {
    const out: number[] = [];
    const put = (b: number): void => void out.push(b);
    if (this.cr) this.lineEnd(put);
    else this.putLine(put);
    this.cr = false;
    return Buffer.from(out);
  }

  private octet(b: number, put: (b: number) => void): void {
    if (this.cr || b === LF) {
      const bare = b !== LF;
      this.cr = false;
      this.lineEnd(put);
      if (!bare) return;
      this.altered ??= 'bare CR';
      this.remade = true;
    }
    if (b === CR) this.cr = true;
    else if (isSpace(b)) {
      const room = this.forwarded ? this.limit - this.line.length : maxLine;
      if (this.spaces.length < room) this.spaces.push(b);
      else this.remade = true;
    } else {
      if (this.line.length + this.spaces.length >= this.limit) {
        this.lineEnd(put);
        this.altered ??= `line over ${this.limit} octets`;
        this.remade = true;
      }
      const lost = b >= 0x80 || b === 0;
      if (lost) {
        this.altered ??= b === 0 ? 'NUL' : '8-bit';
        this.remade = true;
      }
      this.line.push(...this.spaces, lost ? QUESTION : b);
      this.spaces = [];
    }
  }

  private lineEnd(put: (b: number) => void): void {
    this.putLine(put);
    put(CR);
    put(LF);
  }

  private putLine(put: (b: number) => void): void {
    const { line } = this;
    if (this.remade && line[0] === DASH && line[1] === DASH) line[0] = QUESTION;
    const quotes = line.findIndex(b => b !== GT);
    if (!this.forwarded && FROM.every((b, i) => line[quotes + i] === b)) {
      this.altered ??= 'From line';
      line[0] = QUESTION;
    }
    for (const b of line) put(b);
    if (this.forwarded) for (const b of this.spaces) put(b);
    this.line = [];
    this.spaces = [];
    this.remade = false;
  }
}
