// Base64 with lines of 76, octets in any chunks (RFC 2045 §6.8).
import { CR, CRLF, LF, NOTHING } from './ascii.js';
import type { Codec } from './quoted-printable.js';

const LINE = 76;
/** Octets that make a line. */
const LINE_OCTETS = 57;
/** Octets encoded at once: V8 takes twice as long over strings much longer than what this makes. */
const BLOCK = LINE_OCTETS * 512;

const alphabet = new Uint8Array(256);
for (const c of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/='))
  alphabet[c] = 1;

/** Base64 in lines of 76; no line end after the last one. */
export function toLines(octets: Buffer): string {
  const text = octets.toString('base64');
  let lines = text.slice(0, LINE);
  for (let at = LINE; at < text.length; at += LINE) lines += `\r\n${text.slice(at, at + LINE)}`;
  return lines;
}

/** Octets outside the alphabet are ignored (RFC 2045 §6.8); Node would take `-` and `_` for letters of another one. */
export function decodeBase64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/[^A-Za-z0-9+/=]/g, ''), 'base64');
}

/** Any octets to lines of 76; no line end after the last one. */
export class Base64Encoder implements Codec {
  private carry: Buffer = NOTHING;
  private begun = false;

  write(bytes: Buffer): Buffer {
    const input = this.carry.length === 0 ? bytes : Buffer.concat([this.carry, bytes]);
    const whole = input.length - (input.length % LINE_OCTETS);
    this.carry = Buffer.from(input.subarray(whole));
    return this.lines(input.subarray(0, whole));
  }

  end(): Buffer {
    const last = this.carry;
    this.carry = NOTHING;
    return this.lines(last);
  }

  private lines(octets: Buffer): Buffer {
    const blocks: Buffer[] = [];
    for (let at = 0; at < octets.length; at += BLOCK) {
      const lines = toLines(octets.subarray(at, at + BLOCK));
      blocks.push(Buffer.from(this.begun ? `\r\n${lines}` : lines, 'latin1'));
      this.begun = true;
    }
    return Buffer.concat(blocks);
  }
}

/**
 * Base64 that came in any shape, wrapped at 76: octets outside the alphabet are dropped, as decoders do,
 * and the characters stay as they were. Lines that are 76 long already are passed on uncopied.
 */
export class Base64Rewrapper implements Codec {
  private carry: Buffer = NOTHING;
  private column = 0;
  private begun = false;

  write(bytes: Buffer): Buffer {
    const input = this.carry.length === 0 ? bytes : Buffer.concat([this.carry, bytes]);
    const whole = Math.max(0, input.length - LINE - 2);
    return this.rewrap(input, whole);
  }

  end(): Buffer {
    return this.rewrap(this.carry, this.carry.length);
  }

  /** Wraps the octets up to `until` at least; the rest is carried. */
  private rewrap(input: Buffer, until: number): Buffer {
    const out: Buffer[] = [];
    let i = 0;
    while (i < until) {
      if (this.column === 0 || this.column === LINE) {
        const start = i;
        while (i < until && isFullLine(input, i)) i += LINE + 2;
        if (i > start) {
          if (this.begun) out.push(CRLF);
          out.push(input.subarray(start, i - 2));
          this.begun = true;
          this.column = LINE;
          continue;
        }
      }
      const b = input[i++]!;
      if (alphabet[b] !== 1) continue;
      i = this.loose(input, i - 1, until, out);
    }
    this.carry = Buffer.from(input.subarray(i));
    return out.length === 1 ? out[0]! : Buffer.concat(out);
  }

  /** Takes characters one by one up to the end of the line that is being made. */
  private loose(input: Buffer, from: number, until: number, out: Buffer[]): number {
    const line = Buffer.allocUnsafe(LINE + 2);
    let o = 0;
    if (this.column === LINE) {
      line[o++] = CR;
      line[o++] = LF;
      this.column = 0;
    }
    let i = from;
    while (i < until && this.column < LINE) {
      const b = input[i++]!;
      if (alphabet[b] !== 1) continue;
      line[o++] = b;
      this.column++;
    }
    this.begun = true;
    out.push(line.subarray(0, o));
    return i;
  }
}

function isFullLine(input: Buffer, at: number): boolean {
  const end = at + LINE;
  if (input[end] !== CR || input[end + 1] !== LF) return false;
  for (let i = at; i < end; i++) if (alphabet[input[i]!] !== 1) return false;
  return true;
}

/** Whether a base64 leaf is as R14 wants it: full lines of 76, the last one shorter. */
export function isCleanBase64(bytes: Buffer): boolean {
  let at = 0;
  while (isFullLine(bytes, at)) at += LINE + 2;
  let last = bytes.length;
  if (last >= at + 2 && bytes[last - 1] === LF && bytes[last - 2] === CR) last -= 2;
  if (last - at > LINE) return false;
  for (let i = at; i < last; i++) if (alphabet[bytes[i]!] !== 1) return false;
  return true;
}
