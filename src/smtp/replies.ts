// The replies of a server, read from its octets (RFC 5321 §4.2), and made fit to be said to a client.
import type { Reply } from '../failure.js';

/** In octets: a reply that never ends is not to fill the memory. */
const maxReply = 64 * 1024;

/** In octets, CRLF included (RFC 5321 §4.5.3.1.5). */
const maxReplyLine = 512;
/** In lines: nobody reads more. */
const maxReplyLines = 50;

/** Takes octets in any chunks. */
export class ReplyReader {
  private line = '';
  private lines: string[] = [];
  private size = 0;

  /** The replies that are complete now, the lines of each set apart by LF; undefined where one is too long. */
  write(chunk: Buffer): string[] | undefined {
    const text = this.line + chunk.toString('latin1');
    const replies: string[] = [];
    let from = 0;
    for (let lf = text.indexOf('\n', this.line.length); lf !== -1; lf = text.indexOf('\n', from)) {
      const line = text.slice(from, text[lf - 1] === '\r' ? lf - 1 : lf);
      from = lf + 1;
      if (line.trim() === '') continue;
      this.lines.push(line);
      this.size += line.length;
      if (this.size > maxReply) return undefined;
      if (/^\d+-/.test(line)) continue;
      replies.push(decode(this.lines.join('\n')));
      this.lines = [];
      this.size = 0;
    }
    this.line = text.slice(from);
    return this.size + this.line.length > maxReply ? undefined : replies;
  }
}

/** UTF-8 (RFC 6531 §3.7.4.2); what is none stays as it is, an octet a character. */
function decode(octets: string): string {
  const text = Buffer.from(octets, 'latin1').toString();
  return text.includes('\ufffd') ? octets : text;
}

/** `250-one\n250 two` as code and lines; undefined for what is no reply. */
export function parseReply(raw: string): Reply | undefined {
  const lines = raw.trimEnd().split('\n');
  const code = Number(/^([2-5]\d\d)(?=[ -]|$)/.exec(lines.at(-1) ?? '')?.[1]);
  return code ? { code, text: lines.map(line => line.slice(4).trim()).join('\n') } : undefined;
}

/** The text of a reply line by line, each with the enhanced code that it came with, to be said to a client. */
export function linesOf({ text }: Reply): string[] {
  const room = maxReplyLine - '250-\r\n'.length;
  return text
    .split(/\r\n|\r|\n/)
    .slice(0, maxReplyLines)
    .map(line => cut(line.replace(/[\0-\x1f\x7f-\x9f]/g, ' '), room));
}

/** No more than so many octets of UTF-8, whole characters only. */
function cut(line: string, octets: number): string {
  const { read } = new TextEncoder().encodeInto(line, new Uint8Array(octets));
  return line.slice(0, read);
}
