// Passes what must not be altered, and fails as soon as it turns out that a relay would alter it (R12, R15).
import { Failure } from '../failure.js';
import { isSpace, LF, NOTHING } from './ascii.js';
import { maxLine, OctetScanner } from './octets.js';
import type { Part } from './part.js';
import type { Codec } from './quoted-printable.js';

/**
 * Whether a Content-Transfer-Encoding says `8bit` or `binary` to anybody, comments included. On the way to a hop
 * without 8BITMIME, Postfix goes by that word, not by the content, and encodes what is 7-bit all along.
 */
export function announcesEightBit(label: string): boolean {
  return /(?<![\w-])(?:8bit|binary)(?![\w-])/i.test(label);
}

/** Octets in, the same octets out. */
export class Untouched implements Codec {
  private readonly octets = new OctetScanner();
  /** A leaf has no headers inside. */
  private readonly labels: LabelScanner | undefined;

  constructor(private readonly part: Part) {
    this.labels = part.kind === 'frozen' ? new LabelScanner() : undefined;
  }

  /** @throws Failure `unsignable` */
  write(bytes: Buffer): Buffer {
    this.octets.write(bytes);
    this.labels?.write(bytes);
    this.check();
    return bytes;
  }

  /** @throws Failure `unsignable` */
  end(): Buffer {
    this.octets.end();
    this.labels?.end();
    this.check();
    return NOTHING;
  }

  private check(): void {
    const because = this.octets.trouble().hard ?? (this.labels?.found ? 'labelled as 8-bit' : undefined);
    if (because !== undefined) throw mustNotBeAltered(this.part, because);
  }
}

export function mustNotBeAltered({ mediaType }: Part, because: string): Failure {
  return new Failure('unsignable', `${mediaType} part that must not be altered: ${because}`);
}

const labelName = /^content-transfer-encoding[ \t]*:/i;

/** Looks for such a label in parts that relays open, but we do not: a line that only looks so counts too. */
class LabelScanner {
  found = false;
  /** The beginning of the line under way; undefined once it cannot belong to a label. */
  private line: string | undefined = '';
  /** Whether the line before belonged to a label, which may be folded. */
  private inLabel = false;

  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const lf = bytes.indexOf(LF, at);
      const end = lf === -1 ? bytes.length : lf;
      if (this.line === '' && !this.mayBelong(bytes[at])) this.line = undefined;
      // Longer lines are trouble of their own.
      if (this.line !== undefined && this.line.length <= maxLine)
        this.line += bytes.toString('latin1', at, end);
      if (lf === -1) return;
      this.end();
      at = lf + 1;
    }
  }

  /** The line is complete. */
  end(): void {
    const { line } = this;
    const folded = this.inLabel && line !== undefined && isSpace(line.charCodeAt(0));
    this.inLabel = folded || (line !== undefined && labelName.test(line));
    if (this.inLabel && announcesEightBit(line!)) this.found = true;
    this.line = '';
  }

  private mayBelong(first: number | undefined): boolean {
    return first === 0x43 || first === 0x63 || (this.inLabel && isSpace(first)); // C or c
  }
}
