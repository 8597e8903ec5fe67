// Quoted-printable in both directions, octets in any chunks (RFC 2045 §6.7).
import { DASH, FROM, isSpace, NOTHING } from './ascii.js';

/** Octets in, octets out; `end` flushes what was waiting for the octets after it. */
export interface Codec {
  write(bytes: Buffer): Buffer;
  end(): Buffer;
}

// Not those of ascii.js: what is imported costs a third of the speed in a loop over octets.
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const EQUALS = 0x3d;
const DOT = 0x2e;
const F = 0x46;
const GT = 0x3e;
const HEX = Buffer.from('0123456789ABCDEF');

/** Octets on a line before the `=` of a soft line break; 76 with it. */
const lineLength = 75;
/** A line of so many `>` has room for one more octet that is encoded. */
const maxQuotes = lineLength - 3;
/** The longest thing that must be seen whole: `From `. */
const lookAhead = FROM.length;

/** Of each octet: 0 to be encoded, 1 to stand for itself but for the beginning of a line, 2 white space. */
const kinds = Uint8Array.from({ length: 256 }, (_, b) => {
  if (b === SPACE || b === TAB) return 2;
  return b > SPACE && b <= 0x7e && b !== EQUALS ? 1 : 0;
});

/** Room for the worst case, which hardly ever comes: to allocate it anew each time costs more than the work. */
let scratch = Buffer.alloc(0);

/** CRLF is a line break; everything else that is not printable ASCII is encoded, bare CR and LF too. */
export class QuotedPrintableEncoder implements Codec {
  private column = 0;
  /** How many `>` begin the line; they count as long as nothing else has come. */
  private quotes = 0;
  private carry: Buffer = NOTHING;

  write(bytes: Buffer): Buffer {
    const input = this.carry.length === 0 ? bytes : Buffer.concat([this.carry, bytes]);
    return this.encode(input, Math.max(0, input.length - lookAhead));
  }

  end(): Buffer {
    return this.encode(this.carry, this.carry.length);
  }

  private encode(input: Buffer, until: number): Buffer {
    // The worst case is three octets for one, and a soft line break after 25 of them.
    const worst = until * 3 + Math.ceil((until * 3) / (lineLength - 2)) * 3 + 8;
    if (scratch.length < worst) scratch = Buffer.allocUnsafeSlow(worst);
    const out = scratch;
    let o = 0;
    let { column, quotes } = this;
    let i = 0;
    while (i < until) {
      if (column > quotes) {
        // Once a line has begun, nearly all that comes stands for itself.
        const from = i;
        const stop = Math.min(until, i + lineLength - column);
        while (i < stop) {
          const kind = kinds[input[i]!]!;
          if (kind !== 1 && (kind === 0 || i + 1 === input.length || input[i + 1] === CR)) break;
          out[o++] = input[i++]!;
        }
        column += i - from;
        if (i === until) break;
      }
      const b = input[i]!;
      if (b === CR && input[i + 1] === LF) {
        out[o++] = CR;
        out[o++] = LF;
        column = 0;
        quotes = 0;
        i += 2;
        continue;
      }
      const kind = kinds[b]!;
      const literal = kind === 1 || (kind === 2 && !endsLine(input, i + 1));
      if (column + (literal ? 1 : 3) > lineLength) {
        out[o++] = EQUALS;
        out[o++] = CR;
        out[o++] = LF;
        column = 0;
        quotes = 0;
      }
      if (literal && !(column === quotes && risky(input, i, column))) {
        if (b === GT && column === quotes) quotes++;
        out[o++] = b;
        column++;
      } else {
        out[o++] = EQUALS;
        out[o++] = HEX[b >> 4]!;
        out[o++] = HEX[b & 15]!;
        column += 3;
      }
      i++;
    }
    this.column = column;
    this.quotes = quotes;
    this.carry = Buffer.from(input.subarray(i));
    return Buffer.from(out.subarray(0, o));
  }
}

/** A line end or the end of the leaf: white space before it would be lost (R13). */
function endsLine(input: Buffer, at: number): boolean {
  return at === input.length || (input[at] === CR && input[at + 1] === LF);
}

/**
 * What must not stand at the beginning of a line: `From `, behind any number of `>` (mbox), `.` (relays that
 * stuff dots twice), and `--`, which after a soft line break could forge a delimiter.
 */
function risky(input: Buffer, i: number, column: number): boolean {
  const b = input[i];
  if (b === F) return input.subarray(i, i + FROM.length).equals(FROM);
  if (b === GT) return column === maxQuotes;
  return column === 0 && (b === DOT || (b === DASH && input[i + 1] === DASH));
}

/** Longer runs of white space before a line end are content, not padding: bounds what is kept. */
const maxPadding = 998;

/**
 * Decodes as mail clients do: a line end is CRLF whatever it was, white space before it is dropped,
 * raw 8-bit octets are kept, and a `=` that begins no escape stands for itself.
 */
export class QuotedPrintableDecoder implements Codec {
  private space: number[] = [];
  /** After `=`: undefined where none is open, else what came after it. */
  private escape: number[] | undefined;
  private cr = false;

  write(bytes: Buffer): Buffer {
    // An octet gives back at most what was waiting before it; all of that came in earlier.
    const out = Buffer.allocUnsafe(bytes.length * 2 + this.waiting);
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
    if (this.cr) {
      this.cr = false;
      this.literal(CR, put);
    }
    this.giveUpEscape(put, true);
    this.space = []; // white space at the end of the leaf is padding
    return Buffer.from(out);
  }

  private get waiting(): number {
    return this.space.length + (this.escape?.length ?? 0) + 4;
  }

  private octet(b: number, put: (b: number) => void): void {
    if (this.cr) {
      this.cr = false;
      if (b === LF) {
        this.lineEnd(put);
        return;
      }
      this.literal(CR, put);
    }
    if (b === CR) this.cr = true;
    else if (b === LF) this.lineEnd(put);
    else this.literal(b, put);
  }

  private lineEnd(put: (b: number) => void): void {
    const soft = this.escape !== undefined && this.escape.every(isSpace);
    if (soft) this.escape = undefined;
    else this.giveUpEscape(put, true);
    this.space = [];
    if (!soft) {
      put(CR);
      put(LF);
    }
  }

  private literal(b: number, put: (b: number) => void): void {
    if (this.escape) {
      const [digit] = this.escape;
      if (
        digit === undefined
          ? isHex(b) || isSpace(b)
          : isSpace(digit)
            ? isSpace(b) && this.escape.length < maxPadding
            : isHex(b)
      ) {
        if (digit !== undefined && isHex(digit)) {
          this.escape = undefined;
          put(parseInt(String.fromCharCode(digit, b), 16));
        } else this.escape.push(b);
        return;
      }
      this.giveUpEscape(put, false);
    }
    if (b === EQUALS) {
      this.flushSpace(put);
      this.escape = [];
    } else if (isSpace(b) && this.space.length < maxPadding) this.space.push(b);
    else {
      this.flushSpace(put);
      put(b);
    }
  }

  /** The `=` began no escape after all. At the end of a line, white space behind it is padding. */
  private giveUpEscape(put: (b: number) => void, atLineEnd: boolean): void {
    if (!this.escape) return;
    const rest = this.escape;
    this.escape = undefined;
    if (atLineEnd && rest.every(isSpace)) return;
    put(EQUALS);
    for (const b of rest) put(b);
  }

  private flushSpace(put: (b: number) => void): void {
    for (const b of this.space) put(b);
    this.space = [];
  }
}

function isHex(b: number): boolean {
  return (b >= 0x30 && b <= 0x39) || (b >= 0x41 && b <= 0x46) || (b >= 0x61 && b <= 0x66);
}

/** Whether a quoted-printable leaf is as R14 wants it: its lines at most 76, nothing but printable ASCII. */
export function isCleanQuotedPrintable(bytes: Buffer): boolean {
  let column = 0;
  let previous = LF;
  for (const b of bytes) {
    if (b === LF) {
      if (previous !== CR) return false;
      column = 0;
    } else if (previous === CR) return false;
    else if (b === CR) {
      if (isSpace(previous)) return false;
    } else if (b === TAB || (b >= SPACE && b <= 0x7e)) {
      if (++column > lineLength + 1) return false;
    } else return false;
    previous = b;
  }
  return previous !== CR && !isSpace(previous);
}
