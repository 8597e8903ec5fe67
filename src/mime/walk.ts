// Finds the MIME structure of an entity as its octets pass, whatever the chunks they come in (RFC 2046 §5).
import { CR, DASH, FROM, isSpace, LF, NOTHING } from './ascii.js';
import { Gathered } from './gathered.js';
import { isBlank, maxFields, maxHeader, mboxField, parseHeader, startsField, type Field } from './header.js';
import { describe, maxBoundary, unread, type Part } from './part.js';

/** Told of everything in the order of the octets. */
export interface Visitor {
  /** The header is complete; `bodyFollows` is false where a delimiter came before the empty line, or a limit. */
  header(part: Part, bodyFollows: boolean): void;
  /** Octets of a leaf or a frozen part, in runs of any length. */
  body(part: Part, bytes: Buffer): void;
  /** A leaf or a frozen part ended. */
  end(part: Part): void;
  /** Text around the parts of a multipart, which nobody is to display. */
  padding(part: Part, bytes: Buffer): void;
  /** A delimiter line of that multipart, `close` for the last; `breakBefore` tells whether a line end precedes it. */
  delimiter(part: Part, close: boolean, breakBefore: boolean): void;
  /** A multipart ended, having contained so many parts; `closed` is false where its last delimiter is missing. */
  endMultipart(part: Part, parts: number, closed: boolean): void;
}

interface Open {
  readonly part: Part;
  closed: boolean;
  parts: number;
}

/** Instead of a position: the octets left over are carried until more have come. */
const incomplete = -1;

/** Small pieces cost far more memory than their octets: so many are joined. */
const maxPieces = 1000;
/** A delimiter line may end in white space (`transport-padding`), but not in any amount of it. */
const maxDelimiterLine = maxBoundary + 1000;

/** A push parser: `write` octets in any chunks, then `end`. */
export class Walker {
  private readonly open: Open[] = [];
  private mode: 'header' | 'body' | 'padding';
  /** The leaf being read in mode `body`. */
  private leaf: Part | undefined;
  /** An unfinished line. */
  private readonly carry = new Gathered();
  /** Whether the octets of `carry` begin a line. */
  private atLineStart = true;
  /** The line end before `carry` that may yet belong to a delimiter: kept back, 0 to 2 octets. */
  private held: Buffer = NOTHING;
  private headerBlock: Buffer[] = [];
  private headerSize = 0;
  private headerFields = 0;
  private mbox: Field | undefined;

  /** @param root the header of the root entity; what is written is its body */
  constructor(
    private readonly visitor: Visitor,
    root: readonly Field[],
  ) {
    this.mode = 'header';
    this.begin(describe(root, undefined, 0), true);
  }

  /** @throws whatever the visitor throws */
  write(chunk: Buffer): void {
    const carried = this.carry.bytes.length;
    this.carry.append(chunk);
    const { bytes } = this.carry;
    let at = 0;
    while (at < bytes.length) {
      const next = this.mode === 'header' ? this.headerLine(bytes, at, carried) : this.contentRun(bytes, at);
      if (next === incomplete) break;
      at = next;
    }
    this.carry.keepFrom(at);
  }

  end(): void {
    const rest = this.carry.bytes;
    if (rest.length > 0 && !this.lastHeaderLine(rest)) {
      if (!this.atLineStart || !this.delimiterLine(rest)) this.content(rest);
    }
    if (this.mode === 'header') this.endHeader(false);
    this.release();
    this.endLeaf();
    this.leave(0);
  }

  private endLeaf(): void {
    if (this.leaf) this.visitor.end(this.leaf);
    this.leaf = undefined;
  }

  /** Ends the composites from that level on, innermost first. */
  private leave(level: number): void {
    while (this.open.length > level) {
      const { part, parts, closed } = this.open.pop()!;
      if (part.kind === 'multipart') this.visitor.endMultipart(part, parts, closed);
    }
  }

  /** Takes an incomplete last line as if it were complete; returns false if the body has begun with it. */
  private lastHeaderLine(rest: Buffer): boolean {
    while (this.mode === 'header')
      if (this.headerLine(Buffer.concat([rest, Buffer.from('\n')]), 0, 0) > 0) return true;
    return false;
  }

  /** Takes one whole header line, whose end is not among the octets carried; returns where to go on. */
  private headerLine(bytes: Buffer, at: number, carried: number): number {
    const lf = bytes.indexOf(LF, Math.max(at, carried));
    const next = lf === -1 ? bytes.length : lf + 1;
    if (next - at + this.headerSize > maxHeader) return this.giveUpHeader(at);
    if (lf === -1) return incomplete;
    if (isBlank(bytes, at)) {
      this.endHeader(true);
      return next;
    }
    if (bytes[at] === DASH && this.delimiterLine(bytes.subarray(at, next))) return next;
    const continues = isSpace(bytes[at]) && this.headerFields > 0;
    if (!continues && !startsField(bytes, at, next)) {
      if (this.headerSize === 0 && this.open.at(-1)?.part.kind === 'message' && isMboxLine(bytes, at)) {
        this.mbox = mboxField(Buffer.from(bytes.subarray(at, next)));
        this.headerSize = next - at;
        return next;
      }
      // No field and no folding: the sender forgot the empty line, and this is the body already.
      this.endHeader(true);
      return at;
    }
    if (!continues && ++this.headerFields > maxFields) return this.giveUpHeader(at);
    if (this.headerBlock.length === maxPieces) this.headerBlock = [Buffer.concat(this.headerBlock)];
    this.headerBlock.push(Buffer.from(bytes.subarray(at, next)));
    this.headerSize += next - at;
    return next;
  }

  private endHeader(bodyFollows: boolean): void {
    const { mbox, block } = this.takeHeader();
    const fields = parseHeader(block);
    if (mbox) fields.unshift(mbox);
    this.begin(describe(fields, this.open.at(-1)?.part, this.open.length), bodyFollows);
  }

  /** The header is over the limit: it is not kept in memory, but passed on like the body of its part. */
  private giveUpHeader(at: number): number {
    const { mbox, block } = this.takeHeader();
    this.begin(unread(this.open.at(-1)?.part, this.open.length), false);
    const seen = mbox ? Buffer.concat([mbox.raw, block]) : block;
    this.flush(seen, 0, seen.length);
    return at;
  }

  private takeHeader(): { mbox: Field | undefined; block: Buffer } {
    const taken = { mbox: this.mbox, block: Buffer.concat(this.headerBlock) };
    this.headerBlock = [];
    this.headerSize = 0;
    this.headerFields = 0;
    this.mbox = undefined;
    return taken;
  }

  /** Begins a part: what its header says decides how its body is read. */
  private begin(part: Part, bodyFollows: boolean): void {
    this.visitor.header(part, bodyFollows);
    this.atLineStart = true;
    this.held = NOTHING;
    if (part.kind === 'multipart' || part.kind === 'message') {
      this.open.push({ part, closed: false, parts: 0 });
      this.mode = part.kind === 'multipart' ? 'padding' : 'header';
    } else {
      this.leaf = part;
      this.mode = 'body';
    }
  }

  /**
   * Takes a run of body or padding up to a delimiter or the end of the bytes; what may be the beginning
   * of a delimiter, and the line end before it, stay for the next call.
   */
  private contentRun(bytes: Buffer, at: number): number {
    let line = this.atLineStart && bytes[at] === DASH ? at : nextDashedLine(bytes, at);
    for (; line !== -1; line = nextDashedLine(bytes, line)) {
      if (line + 1 < bytes.length && bytes[line + 1] !== DASH) continue;
      const lf = bytes.indexOf(LF, line);
      if (lf === -1 && bytes.length - line >= maxDelimiterLine) break;
      if (lf === -1 || this.match(bytes.subarray(line, lf)) !== undefined) {
        this.flush(bytes, at, line);
        this.atLineStart = true;
        if (lf === -1) return line === at ? incomplete : line;
        this.delimiterLine(bytes.subarray(line, lf + 1));
        return lf + 1;
      }
    }
    const last = bytes[bytes.length - 1];
    this.atLineStart = last === LF;
    if (this.atLineStart) {
      this.flush(bytes, at, bytes.length);
      return bytes.length;
    }
    // A CR at the very end may be half a line end.
    const end = last === CR ? bytes.length - 1 : bytes.length;
    this.content(bytes.subarray(at, end));
    return end === at ? incomplete : end;
  }

  /** Passes the run on, but holds its last line end back. */
  private flush(bytes: Buffer, at: number, end: number): void {
    if (end === at) return;
    let cut = end;
    if (bytes[cut - 1] === LF) {
      cut--;
      if (cut > at && bytes[cut - 1] === CR) cut--;
    }
    this.content(bytes.subarray(at, cut));
    this.held = Buffer.from(bytes.subarray(cut, end));
  }

  private content(bytes: Buffer): void {
    if (bytes.length === 0 && this.held.length === 0) return;
    this.release();
    if (bytes.length > 0) this.emit(bytes);
  }

  /** The line end kept back was content after all. */
  private release(): void {
    if (this.held.length > 0) this.emit(this.held);
    this.held = NOTHING;
  }

  private emit(bytes: Buffer): void {
    if (this.leaf) this.visitor.body(this.leaf, bytes);
    else this.visitor.padding(this.open.at(-1)!.part, bytes);
  }

  /** Innermost first: the boundary of an outer multipart also ends the inner ones left open. */
  private match(line: Buffer): { level: number; close: boolean } | undefined {
    if (line[0] !== DASH || line[1] !== DASH) return undefined;
    let end = line.length;
    if (line[end - 1] === LF) end--;
    if (end >= maxDelimiterLine) return undefined;
    if (line[end - 1] === CR) end--;
    while (isSpace(line[end - 1])) end--;
    const dashes = line[end - 1] === DASH && line[end - 2] === DASH;
    for (let level = this.open.length - 1; level >= 0; level--) {
      const { part, closed } = this.open[level]!;
      const { boundary } = part;
      if (!boundary || closed) continue;
      // Nearly every line that is no delimiter has another length: comparing octets costs more.
      const close = dashes && end === boundary.length + 4;
      if (!close && end !== boundary.length + 2) continue;
      if (line.compare(boundary, 0, boundary.length, 2, boundary.length + 2) === 0) return { level, close };
    }
    return undefined;
  }

  /** Acts on a delimiter line; returns false if the line is none. */
  private delimiterLine(line: Buffer): boolean {
    const match = this.match(line);
    if (!match) return false;
    const afterHeader = this.mode === 'header';
    if (afterHeader) this.endHeader(false);
    const breakBefore = this.held.length > 0;
    this.held = NOTHING;
    this.endLeaf();
    this.leave(match.level + 1);
    const owner = this.open[match.level]!;
    this.visitor.delimiter(owner.part, match.close, breakBefore);
    this.atLineStart = true;
    owner.closed = match.close;
    if (!match.close) owner.parts++;
    this.mode = match.close ? 'padding' : 'header';
    return true;
  }
}

const lineThenDash = Buffer.from('\n-');

/** Only such lines can be delimiters: most octets are never looked at one by one. */
function nextDashedLine(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(lineThenDash, from);
  return lf === -1 ? -1 : lf + 1;
}

/** `From ` as it separates messages in a mailbox, or quoted. */
function isMboxLine(bytes: Buffer, at: number): boolean {
  const start = bytes[at] === 0x3e ? at + 1 : at;
  return bytes.subarray(start, start + FROM.length).equals(FROM);
}
