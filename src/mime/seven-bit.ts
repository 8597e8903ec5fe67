// Makes an entity 7-bit as it passes: leaves are encoded, composites relabelled, protected parts kept (R12–R16).
import { isAscii } from 'node:buffer';
import { Failure } from '../failure.js';
import { CRLF, NOTHING } from './ascii.js';
import { Base64Encoder, Base64Rewrapper, isCleanBase64 } from './base64.js';
import { decodeBody } from './decode.js';
import type { Field } from './header.js';
import { isProtected, withHp } from './header-protection.js';
import { charsetOf, inspect } from './octets.js';
import { PaddingBlotter } from './padding.js';
import { survivingField, type Unalterable } from './part-header.js';
import { isIdentity, isSealed, type Part } from './part.js';
import {
  isCleanQuotedPrintable,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  type Codec,
} from './quoted-printable.js';
import { announcesEightBit, mustNotBeAltered, Untouched } from './untouched.js';
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

/** Writes the 7-bit form of what it visits; with `keep`, as far as that can be done without damage. */
export class SevenBit implements Visitor {
  private pending: Buffer[] = [];
  private pendingSize = 0;
  private writer: Codec | undefined;
  private blotter: { readonly part: Part; readonly codec: PaddingBlotter } | undefined;
  /** The multiparts that had text blotted out of their padding. */
  private readonly blotted = new WeakSet<Part>();
  /** Goes before a delimiter that comes without a line end of its own. */
  private missing: Buffer = NOTHING;

  constructor(
    private readonly out: (bytes: Buffer) => void,
    private readonly rewritten: (rewrite: Rewrite) => void,
    private readonly unalterable: Unalterable = 'refuse',
  ) {}

  header(part: Part, bodyFollows: boolean): void {
    this.pending = [];
    this.pendingSize = 0;
    this.writer = undefined;
    this.missing = missingAfter(part, bodyFollows);
    if (part.kind === 'leaf' && bodyFollows) return; // its body decides about the header
    const composite = part.kind === 'multipart' || part.kind === 'message';
    // What is kept may be 8-bit: then the label is true.
    const label = part.kind === 'leaf' || this.unalterable === 'refuse' ? newLabel(part) : undefined;
    if (label !== undefined && isSealed(part)) throw mustNotBeAltered(part, 'labelled as 8-bit');
    this.putHeader(part, label, bodyFollows, !bodyFollows);
    if (!composite) this.writer = this.untouched(part);
  }

  body(part: Part, bytes: Buffer): void {
    this.missing = CRLF;
    if (this.writer) {
      this.put(this.writer.write(bytes));
      return;
    }
    // Exactly so many octets are looked at, whatever the chunks: the output depends on the input alone.
    const room = lookAhead + 1 - this.pendingSize;
    this.pending.push(bytes.length <= room ? bytes : bytes.subarray(0, room));
    this.pendingSize += Math.min(room, bytes.length);
    if (this.pendingSize <= lookAhead) return;
    this.writer = this.choose(part, false);
    this.put(this.writer.write(joined(this.pending)));
    this.pending = [];
    if (bytes.length > room) this.put(this.writer.write(bytes.subarray(room)));
  }

  end(part: Part): void {
    if (!this.writer) {
      this.writer = this.choose(part, true);
      this.put(this.writer.write(joined(this.pending)));
      this.pending = [];
    }
    this.put(this.writer.end());
    this.writer = undefined;
  }

  delimiter(part: Part, close: boolean, breakBefore: boolean): void {
    const boundary = part.boundary!;
    if (this.unalterable === 'refuse' && boundary.some(b => b >= 0x80))
      throw new Failure('unsignable', '8-bit octets in a boundary');
    this.endPadding();
    this.put(breakBefore ? CRLF : this.missing);
    this.put(Buffer.from(`--${boundary.toString('latin1')}${close ? '--' : ''}\r\n`, 'latin1'));
    this.missing = part.insideMessage ? NOTHING : CRLF;
  }

  padding(part: Part, bytes: Buffer): void {
    this.missing = CRLF;
    if (this.unalterable === 'keep') {
      // A multipart that turns out to have no parts may be shown as text: too late to know.
      this.put(bytes);
      return;
    }
    this.blotter ??= { part, codec: new PaddingBlotter(part.insideMessage) };
    this.put(this.blotter.codec.write(bytes));
  }

  endMultipart(part: Part, parts: number, closed: boolean): void {
    this.endPadding();
    if (parts === 0 && this.blotted.has(part)) {
      // Clients differ on what to show of it: perhaps all that was blotted out.
      throw new Failure('unsignable', `${part.mediaType} without parts and not 7-bit`);
    }
    // Without its end (RFC 2046 §5.1.1) some refuse the whole, and relays that parse it add one.
    if (parts > 0 && !closed && !part.insideMessage) this.delimiter(part, true, false);
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
    const bytes = joined(this.pending);
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
    const label = newLabel(part);
    if (because === undefined && (whole || (part.insideMessage && label !== '7bit'))) {
      this.putHeader(part, label, true, whole);
      return whole ? passing : this.untouched(part);
    }
    const to = this.targetEncoding(part, bytes, seen.density);
    if (because !== undefined || encoding !== to) {
      const reason = because ?? `longer than ${lookAhead} octets`;
      this.rewritten({ mediaType: part.mediaType, from: encoding, to, because: reason });
    }
    // Of a label like `"base64"; x=y` readers make different things: what is rewritten says plainly what it is.
    const labels = part.fields.filter(f => f.name === 'content-transfer-encoding');
    const plain = labels.length === 1 && labels[0]!.body.toLowerCase() === to;
    this.putHeader(part, plain ? undefined : to, true, whole);
    if (encoding === 'base64') return new Base64Rewrapper();
    const encoder = to === 'base64' ? new Base64Encoder() : new QuotedPrintableEncoder();
    return encoding === 'quoted-printable' ? new Recoder(encoder) : encoder;
  }

  private untouched(part: Part): Codec {
    return this.unalterable === 'keep' ? passing : new Untouched(part);
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
    const octets = decodeBody(joined(this.pending), part.encoding, whole);
    const charset = whole && isAscii(octets) ? 'us-ascii' : charsetOf(octets, whole);
    const hp = isProtected(part.fields) ? '; hp="clear"' : '';
    this.put(Buffer.from(`Content-Type: text/plain; charset=${charset}${hp}\r\n`));
  }

  /**
   * Writes a header, with another Content-Transfer-Encoding if one is given.
   * @param whole whether all of the body is in `pending`
   */
  private putHeader(part: Part, encoding: string | undefined, bodyFollows: boolean, whole: boolean): void {
    let placed = encoding === undefined;
    const root = part.depth === 0;
    const untyped = root && !part.type;
    if (untyped) this.putRootType(part, whole);
    for (const field of part.fields) {
      if (field.name === 'content-transfer-encoding' && encoding !== undefined) {
        if (!placed) this.put(encodingField(encoding));
        placed = true;
      } else if (root && field.name === 'content-type') {
        // One that cannot be read counts as missing (RFC 2045 §5.2).
        if (!untyped) this.putField(withHp(field, isProtected(part.fields)), part);
      } else this.putField(field, part);
    }
    if (!placed) this.put(encodingField(encoding!));
    if (bodyFollows) this.put(CRLF);
  }

  private putField(field: Field, part: Part): void {
    this.put(survivingField(field, part.insideMessage, this.unalterable));
  }

  private put(bytes: Buffer): void {
    if (bytes.length > 0) this.out(bytes);
  }
}

/**
 * The line ends that are missing where a delimiter follows a header at once. Relays that parse a message and write
 * it anew put them there: into the empty body, or the epilogue, where they mean nothing (RFC 2046 §5.1.1).
 * Nothing is added inside a message (R15), nor to one that has not even begun.
 */
function missingAfter({ kind, insideMessage }: Part, bodyFollows: boolean): Buffer {
  if (insideMessage || kind === 'message') return NOTHING;
  if (!bodyFollows) return Buffer.concat([CRLF, CRLF]);
  return kind === 'multipart' ? NOTHING : CRLF; // its own first delimiter needs none
}

/** What a part that is 7-bit has to be labelled with, where a label of its own says that it is not. */
function newLabel({ fields, encoding }: Part): string | undefined {
  const labels = fields.filter(f => f.name === 'content-transfer-encoding');
  if (!labels.some(f => announcesEightBit(f.body))) return undefined;
  return isIdentity(encoding) ? '7bit' : encoding;
}

function encodingField(encoding: string): Buffer {
  return Buffer.from(`Content-Transfer-Encoding: ${encoding}\r\n`);
}

/** Passes octets that have been looked at already, or need not be. */
const passing: Codec = { write: bytes => bytes, end: () => NOTHING };

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

/** One piece, without a copy where there is but one. */
function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
