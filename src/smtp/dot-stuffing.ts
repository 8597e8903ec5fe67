// Transparency of the DATA phase (RFC 5321 §4.5.2) in both directions, without changing any other octet.

const LF = 0x0a;
const CR = 0x0d;
const DOT = Buffer.from('.');
const LF_DOT = Buffer.from('\n.');
const NOTHING: Buffer = Buffer.alloc(0);

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

/** What a chunk holds of the content, and of what follows it. */
export interface Unstuffed {
  readonly content: Buffer;
  /** The octets behind the end of the message; undefined as long as it has not come. */
  readonly rest: Buffer | undefined;
}

/**
 * Takes the doubled dots away again and finds the end: CRLF.CRLF and nothing else, so that nothing that other
 * servers take for an end can smuggle commands in. A dot that was not doubled stays. Octets in any chunks.
 */
export class DotUnstuffer {
  private last = LF;
  private beforeLast = CR;
  /** A dot at the beginning of a line that ended its chunk: it may be the end of the message. */
  private held = NOTHING;

  write(chunk: Buffer): Unstuffed {
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.held = NOTHING;
    const pieces: Buffer[] = [];
    let from = 0;
    let dot = this.last === LF && bytes[0] === DOT[0] ? 0 : nextDot(bytes, 0);
    while (dot !== -1) {
      const [next, afterNext] = [bytes[dot + 1], bytes[dot + 2]];
      const afterCrlf = this.isCrlfBefore(bytes, dot);
      if (next === undefined || (afterCrlf && next === CR && afterNext === undefined)) {
        this.held = Buffer.from(bytes.subarray(dot));
        break;
      }
      if (afterCrlf && next === CR && afterNext === LF) {
        pieces.push(bytes.subarray(from, dot));
        return { content: joined(pieces), rest: bytes.subarray(dot + 3) };
      }
      if (next === DOT[0]) {
        pieces.push(bytes.subarray(from, dot));
        from = dot + 1;
      }
      dot = nextDot(bytes, dot + 1);
    }
    const end = bytes.length - this.held.length;
    pieces.push(bytes.subarray(from, end));
    if (end > 0) {
      this.beforeLast = end > 1 ? bytes[end - 2]! : this.last;
      this.last = bytes[end - 1]!;
    }
    return { content: joined(pieces), rest: undefined };
  }

  private isCrlfBefore(bytes: Buffer, at: number): boolean {
    if (at === 0) return this.beforeLast === CR; // and `last` is LF
    return (at === 1 ? this.last : bytes[at - 2]) === CR;
  }
}

/** Where the next dot behind an LF is, or -1. */
function nextDot(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF_DOT, from);
  return lf === -1 ? -1 : lf + 1;
}

/** One piece: as many as there are lines that begin with a dot would cost far more memory than their octets. */
function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
