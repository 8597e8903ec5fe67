// Reads the top header off the front of a message, and leaves the body where it is.
import { Failure } from '../failure.js';
import { isSpace, LF } from './ascii.js';
import { Gathered } from './gathered.js';
import { isBlank, maxFields, maxHeader, parseHeader, startsField, type Field } from './header.js';

export interface TopHeader {
  readonly fields: readonly Field[];
  /** The header's octets, field after field, with the empty line, where there is one. */
  readonly block: Buffer;
  /** What came behind it in the same piece. */
  readonly rest: Buffer;
}

/** Takes octets in any chunks until the header is complete. */
export class TopHeaderReader {
  private readonly gathered = new Gathered();
  private line = 0;
  private fields = 0;

  /** Returns the header once it is complete. @throws Failure `header-too-large` */
  write(chunk: Buffer): TopHeader | undefined {
    let from = Math.max(this.line, this.bytes.length);
    this.gathered.append(chunk);
    for (;;) {
      const lf = this.bytes.indexOf(LF, from);
      // Whether the line has come to its end must not matter: the result depends on the octets alone.
      if ((lf === -1 ? this.bytes.length : lf + 1) > maxHeader) throw tooLarge(`${maxHeader} octets`);
      if (lf === -1) return undefined;
      if (isBlank(this.bytes, this.line)) return this.cut(lf + 1);
      if (this.beginsBody(lf)) return this.cut(this.line);
      if (!this.folded && ++this.fields > maxFields) throw tooLarge(`${maxFields} fields`);
      from = this.line = lf + 1;
    }
  }

  /** The message ended within its header. */
  end(): TopHeader {
    return this.cut(this.beginsBody(this.bytes.length) ? this.line : this.bytes.length);
  }

  private get bytes(): Buffer {
    return this.gathered.bytes;
  }

  private get folded(): boolean {
    return this.line > 0 && isSpace(this.bytes[this.line]);
  }

  /** As Postfix has it: what is no field begins the body, the empty line was forgotten. */
  private beginsBody(lineEnd: number): boolean {
    return !this.folded && !startsField(this.bytes, this.line, lineEnd);
  }

  private cut(at: number): TopHeader {
    const block = this.bytes.subarray(0, at);
    // A field that the end of the message cut short is still a field, and others may be written behind it.
    const whole = at === 0 || block[at - 1] === LF ? block : Buffer.concat([block, Buffer.from('\r\n')]);
    return { block, fields: parseHeader(whole), rest: this.bytes.subarray(at) };
  }
}

/** The header without the fields of that name, folded lines included; every other octet stays as it is. */
export function withoutField(header: TopHeader, name: string | undefined): TopHeader {
  const wanted = name?.toLowerCase();
  if (!header.fields.some(f => f.name === wanted)) return header;
  const kept: Buffer[] = [];
  let at = 0;
  for (const { name, raw } of header.fields) {
    if (name !== wanted) kept.push(header.block.subarray(at, at + raw.length));
    at += raw.length;
  }
  kept.push(header.block.subarray(at));
  return {
    ...header,
    block: Buffer.concat(kept),
    fields: header.fields.filter(f => f.name !== wanted),
  };
}

function tooLarge(limit: string): Failure {
  return new Failure('header-too-large', `over ${limit}`);
}
