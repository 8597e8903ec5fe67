// Makes an entity 7-bit as it passes: leaves are encoded, composites relabelled, protected parts kept (R12–R16).
import { isAscii } from 'node:buffer';
import { Failure } from '../failure.js';
import { CRLF, NOTHING } from './ascii.js';
import { Base64Encoder, Base64Rewrapper, decodeBase64, isCleanBase64 } from './base64.js';
import { first } from './header.js';
import { charsetOf, inspect, OctetScanner } from './octets.js';
import { PaddingBlotter } from './padding.js';
import { survivingField } from './part-header.js';
import type { Part } from './part.js';
import {
  isCleanQuotedPrintable,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  type Codec,
} from './quoted-printable.js';
import type { Visitor } from './walk.js';

/** A leaf that ends within this many octets is judged whole; of a longer one, its beginning decides. */
export const lookAhead = 64 * 1024;

/** Above this share of octets to encode, base64 is shorter than quoted-printable, and no less legible. */
const denseText = 0.3;

/** One leaf, or the padding of one multipart, that was rewritten: for the debug journal. */
export interface Rewrite {
  readonly mediaType: string;
  readonly from: string;
  readonly to: string;
  /** What would not have survived. */
  readonly because: string;
}

/** Writes the 7-bit form of what it visits. */
export class SevenBit implements Visitor {
  private pending: Buffer[] = [];
  private pendingSize = 0;
  private writer: Codec | undefined;
  private blotter: { readonly part: Part; readonly codec: PaddingBlotter } | undefined;
  /** The multiparts that had text blotted out of their padding. */
  private readonly blotted = new WeakSet<Part>();

  constructor(
    private readonly out: (bytes: Buffer) => void,
    private readonly rewritten: (rewrite: Rewrite) => void,
  ) {}

  header(part: Part, bodyFollows: boolean): void {
    this.pending = [];
    this.pendingSize = 0;
    this.writer = undefined;
    if (part.kind === 'leaf' && bodyFollows) return; // its body decides about the header
    const relabel = part.kind === 'multipart' || part.kind === 'message';
    const eightBit = isEightBit(part);
    this.putHeader(part, relabel && eightBit ? '7bit' : undefined, bodyFollows, !bodyFollows);
    if (part.kind === 'leaf' || part.kind === 'frozen') this.writer = new Untouched(part);
  }

  body(part: Part, bytes: Buffer): void {
    if (this.writer) {
      this.put(this.writer.write(bytes));
      return;
    }
    // Exactly so many octets are looked at, whatever the chunks: the output depends on the input alone.
    const room = lookAhead + 1 - this.pendingSize;
    this.pending.push(Buffer.from(bytes.subarray(0, room)));
    this.pendingSize += Math.min(room, bytes.length);
    if (this.pendingSize <= lookAhead) return;
    this.writer = this.choose(part, false);
    this.put(this.writer.write(Buffer.concat(this.pending)));
    this.pending = [];
    if (bytes.length > room) this.put(this.writer.write(bytes.subarray(room)));
  }

  end(part: Part): void {
    if (!this.writer) {
      this.writer = this.choose(part, true);
      this.put(this.writer.write(Buffer.concat(this.pending)));
      this.pending = [];
    }
    this.put(this.writer.end());
    this.writer = undefined;
  }

  delimiter(boundary: Buffer, close: boolean, breakBefore: boolean): void {
    if (boundary.some(b => b >= 0x80)) throw new Failure('unsignable', '8-bit octets in a boundary');
    this.endPadding();
    if (breakBefore) this.put(CRLF);
    this.put(Buffer.from(`--${boundary.toString('latin1')}${close ? '--' : ''}\r\n`, 'latin1'));
  }

  padding(part: Part, bytes: Buffer): void {
    this.blotter ??= { part, codec: new PaddingBlotter() };
    this.put(this.blotter.codec.write(bytes));
  }

  endMultipart(part: Part, parts: number): void {
    this.endPadding();
    if (parts === 0 && this.blotted.has(part)) {
      // Clients differ on what to show of it: perhaps all that was blotted out.
      throw new Failure('unsignable', `${part.mediaType} without parts and not 7-bit`);
    }
  }

  private endPadding(): void {
    if (!this.blotter) return;
    const { part, codec } = this.blotter;
    this.blotter = undefined;
    this.put(codec.end());
    if (codec.altered === undefined || this.blotted.has(part)) return;
    this.blotted.add(part);
    this.rewritten({
      mediaType: part.mediaType,
      from: 'padding',
      to: 'blotted padding',
      because: codec.altered,
    });
  }

  /** Decides how a leaf is written, writes its header, and returns what writes its body. */
  private choose(part: Part, whole: boolean): Codec {
    const bytes = Buffer.concat(this.pending);
    const { encoding } = part;
    const seen = inspect(bytes, whole);
    const unshaped =
      encoding === 'base64'
        ? !isCleanBase64(bytes)
        : encoding === 'quoted-printable' && !isCleanQuotedPrintable(bytes);
    // In a forwarded message only what is not 7-bit is altered (R15).
    const because = part.insideMessage
      ? seen.hard
      : (seen.hard ?? seen.soft ?? (unshaped ? 'line length' : undefined));
    const eightBit = isEightBit(part);
    if (because === undefined && (whole || (part.insideMessage && !eightBit))) {
      this.putHeader(part, eightBit ? '7bit' : undefined, true, whole);
      return whole ? inspected : new Untouched(part);
    }
    const to = this.targetEncoding(part, bytes, seen.density);
    if (because !== undefined || encoding !== to) {
      const reason = because ?? `longer than ${lookAhead} octets`;
      this.rewritten({ mediaType: part.mediaType, from: encoding, to, because: reason });
    }
    this.putHeader(part, encoding === to ? undefined : to, true, whole);
    if (encoding === 'base64') return new Base64Rewrapper();
    const encoder = to === 'base64' ? new Base64Encoder() : new QuotedPrintableEncoder();
    return encoding === 'quoted-printable' ? new Recoder(encoder) : encoder;
  }

  private targetEncoding(part: Part, bytes: Buffer, density: number): 'base64' | 'quoted-printable' {
    const { encoding } = part;
    const text = part.mediaType.startsWith('text/');
    // What is no text has no line ends, only octets that look so: written as such they would not survive
    // a mailbox that stores LF (RFC 2045 §6.7 rule 4).
    if (encoding === 'quoted-printable') return text ? encoding : 'base64';
    if (encoding === 'base64') return encoding;
    return text && density <= denseText && !bytes.includes(0) ? 'quoted-printable' : 'base64';
  }

  /**
   * The root says what it is, even where its header did not (R10): us-ascii, as readers have to assume
   * (RFC 2045 §5.2), unless that would now be a lie about text that clients used to recognise. Where the
   * rest has not been seen, utf-8 is true of us-ascii too.
   */
  private putRootType(part: Part, whole: boolean): void {
    if (part.depth > 0 || first(part.fields, 'content-type')) return;
    const octets = decode(part.encoding, Buffer.concat(this.pending), whole);
    const charset = whole && isAscii(octets) ? 'us-ascii' : charsetOf(octets, whole);
    this.put(Buffer.from(`Content-Type: text/plain; charset=${charset}\r\n`));
  }

  /**
   * Writes a header, with another Content-Transfer-Encoding if one is given.
   * @param whole whether all of the body is in `pending`
   */
  private putHeader(part: Part, encoding: string | undefined, bodyFollows: boolean, whole: boolean): void {
    let placed = encoding === undefined;
    this.putRootType(part, whole);
    for (const field of part.fields) {
      if (field.name !== 'content-transfer-encoding' || encoding === undefined)
        this.put(survivingField(field, part.insideMessage));
      else if (!placed) {
        this.put(encodingField(encoding));
        placed = true;
      }
    }
    if (!placed) this.put(encodingField(encoding!));
    if (bodyFollows) this.put(CRLF);
  }

  private put(bytes: Buffer): void {
    if (bytes.length > 0) this.out(bytes);
  }
}

function isEightBit({ encoding }: Part): boolean {
  return encoding === '8bit' || encoding === 'binary';
}

/** The octets that a leaf, or its beginning, stands for. */
function decode(encoding: string, bytes: Buffer, whole: boolean): Buffer {
  if (encoding === 'base64') return decodeBase64(bytes);
  if (encoding !== 'quoted-printable') return bytes;
  const decoder = new QuotedPrintableDecoder();
  return Buffer.concat([decoder.write(bytes), whole ? decoder.end() : NOTHING]);
}

function encodingField(encoding: string): Buffer {
  return Buffer.from(`Content-Transfer-Encoding: ${encoding}\r\n`);
}

/** Passes octets that have been looked at already. */
const inspected: Codec = { write: bytes => bytes, end: () => NOTHING };

/** Passes octets that must not change, and fails as soon as they turn out not to be 7-bit. */
class Untouched implements Codec {
  private readonly scanner = new OctetScanner();

  constructor(private readonly part: Part) {}

  write(bytes: Buffer): Buffer {
    this.scanner.write(bytes);
    this.check();
    return bytes;
  }

  end(): Buffer {
    this.scanner.end();
    this.check();
    return NOTHING;
  }

  private check(): void {
    const { hard } = this.scanner.trouble();
    if (hard !== undefined) {
      throw new Failure('unsignable', `${this.part.mediaType} part that must not be altered: ${hard}`);
    }
  }
}

/** Quoted-printable in any shape to another encoding, or to quoted-printable as R14 wants it. */
class Recoder implements Codec {
  private readonly decoder = new QuotedPrintableDecoder();

  constructor(private readonly encoder: Codec) {}

  write(bytes: Buffer): Buffer {
    return this.encoder.write(this.decoder.write(bytes));
  }

  end(): Buffer {
    return Buffer.concat([this.encoder.write(this.decoder.end()), this.encoder.end()]);
  }
}
