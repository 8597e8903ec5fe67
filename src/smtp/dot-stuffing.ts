// Transparency of the DATA phase (RFC 5321 §4.5.2), without changing any other octet.

const LF = 0x0a;
const CR = 0x0d;
const DOT = Buffer.from('.');
const LF_DOT = Buffer.from('\n.');

/** Doubles dots at the beginning of lines, and ends the message. Octets in any chunks. */
export class DotStuffer {
  private last = LF;
  private beforeLast = CR;

  /** The octets to send, as few pieces as possible. */
  write(bytes: Buffer): Buffer[] {
    if (bytes.length === 0) return [];
    const pieces: Buffer[] = [];
    let from = 0;
    if (this.last === LF && bytes[0] === DOT[0]) pieces.push(DOT);
    for (let at = bytes.indexOf(LF_DOT); at !== -1; at = bytes.indexOf(LF_DOT, at + 1)) {
      pieces.push(bytes.subarray(from, at + 2), DOT);
      from = at + 2;
    }
    pieces.push(bytes.subarray(from));
    this.beforeLast = bytes.length > 1 ? bytes[bytes.length - 2]! : this.last;
    this.last = bytes[bytes.length - 1]!;
    return pieces;
  }

  /** A message that does not end in CRLF gains one: SMTP cannot say otherwise. */
  end(): Buffer {
    return Buffer.from(this.last === LF && this.beforeLast === CR ? '.\r\n' : '\r\n.\r\n');
  }
}
