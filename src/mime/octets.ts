// Looks for what does not survive the way: octets and lines that a 7-bit relay would change (R12, R13).
import { FROM, isSpace } from './ascii.js';

/** What was seen. `hard` trouble is not 7-bit; `soft` trouble is 7-bit that some relay is known to alter. */
export interface Trouble {
  readonly hard: string | undefined;
  readonly soft: string | undefined;
}

// Not those of ascii.js: what is imported costs a third of the speed in a loop over octets.
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const GT = 0x3e;

/** RFC 5322 §2.1.1, without the line end; Postfix breaks longer lines. */
export const maxLine = 998;
/** Sendmail breaks longer lines, legal or not. */
export const safeLine = 990;

/** Scans octets in any chunks; `trouble()` tells what was seen so far, `end()` closes the last line. */
export class OctetScanner {
  private column = 0;
  private previous = LF;
  /** So much of `From ` has been seen, behind any number of `>`; -1 where the line began otherwise. */
  private fromMatched = 0;
  private eightBit = 0;
  private hardSeen: string | undefined;
  private softSeen: string | undefined;
  private total = 0;

  write(bytes: Buffer): void {
    const { length } = bytes;
    if (length === 0) return;
    if (this.previous === CR && bytes[0] !== LF) this.hardSeen ??= 'bare CR';
    if (this.fromMatched >= 0) this.matchFrom(bytes, 0);
    let lineStart = -this.column;
    let { eightBit } = this;
    for (let i = 0; i < length; i++) {
      const b = bytes[i]!;
      if (b >= SPACE && b < 0x80) continue; // nearly all octets that there are
      if (b === LF) {
        const column = i - lineStart;
        if ((i === 0 ? this.previous : bytes[i - 1]) !== CR) this.hardSeen ??= 'bare LF';
        else if (column > maxLine + 1) this.hardSeen ??= `line over ${maxLine} octets`;
        else if (column > safeLine + 1) this.softSeen ??= `line over ${safeLine} octets`;
        lineStart = i + 1;
        this.fromMatched = 0;
        this.matchFrom(bytes, lineStart);
      } else if (b === CR) {
        if (isSpace(i === 0 ? this.previous : bytes[i - 1])) this.softSeen ??= 'trailing white space';
        if (i + 1 < length && bytes[i + 1] !== LF) this.hardSeen ??= 'bare CR';
      } else if (b >= 0x80) eightBit++;
      else if (b === 0) this.hardSeen ??= 'NUL';
    }
    this.total += length;
    this.column = length - lineStart;
    this.previous = bytes[length - 1]!;
    this.eightBit = eightBit;
  }

  end(): void {
    if (this.previous === CR) this.hardSeen ??= 'bare CR';
    if (this.column > maxLine) this.hardSeen ??= `line over ${maxLine} octets`;
    else if (this.column > safeLine) this.softSeen ??= `line over ${safeLine} octets`;
    if (isSpace(this.previous)) this.softSeen ??= 'trailing white space';
  }

  /** Looks for `From ` from this octet on, or for what is missing of it. */
  private matchFrom(bytes: Buffer, at: number): void {
    let matched = this.fromMatched;
    let i = at;
    if (matched === 0) while (bytes[i] === GT) i++;
    while (matched < FROM.length && bytes[i] === FROM[matched]) {
      matched++;
      i++;
    }
    if (matched === FROM.length) this.softSeen ??= 'From line';
    this.fromMatched = matched < FROM.length && i === bytes.length ? matched : -1;
  }

  trouble(): Trouble {
    // A line under way that is too long already need not wait for its end.
    const long = this.column > maxLine + 1 ? `line over ${maxLine} octets` : undefined;
    return { hard: this.hardSeen ?? (this.eightBit > 0 ? '8-bit' : long), soft: this.softSeen };
  }

  /** The share of octets that quoted-printable would have to encode, 0 to 1. */
  get density(): number {
    return this.total === 0 ? 0 : this.eightBit / this.total;
  }
}

/** Scans a whole leaf, or as much of it as is at hand. */
export function inspect(bytes: Buffer, whole: boolean): Trouble & { readonly density: number } {
  const scanner = new OctetScanner();
  scanner.write(bytes);
  if (whole) scanner.end();
  return { ...scanner.trouble(), density: scanner.density };
}

/**
 * Old software writes its local charset raw; in mail that was nearly always ISO 8859-1.
 * @param whole false where the end may cut through a character
 */
export function charsetOf(octets: Buffer, whole = true): string {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(octets, { stream: !whole });
    return 'utf-8';
  } catch {
    return 'iso-8859-1';
  }
}
