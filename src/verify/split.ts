// Cuts a message in memory into its pieces without changing an octet (RFC 2046 §5.1.1).
import { CR, DASH, isSpace, LF } from '../mime/ascii.js';
import type { Field } from '../mime/header.js';
import { TopHeaderReader } from '../mime/top-header.js';

/** A header and what follows its empty line. @throws Failure `header-too-large` */
export function splitHeader(entity: Buffer): { readonly fields: readonly Field[]; readonly body: Buffer } {
  const reader = new TopHeaderReader();
  const { fields, rest } = reader.write(entity) ?? reader.end();
  return { fields, body: rest };
}

export interface Multipart {
  readonly parts: readonly Buffer[];
  /** Whether the closing delimiter is there. */
  readonly closed: boolean;
  /** Whether there are more parts than were asked for. */
  readonly more: boolean;
}

/** The line end before a delimiter belongs to the delimiter; white space may stand behind it. */
export function splitMultipart(body: Buffer, boundary: Buffer, limit: number): Multipart {
  const delimiter = Buffer.concat([Buffer.from([DASH, DASH]), boundary]);
  const parts: Buffer[] = [];
  let start: number | undefined;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== LF) continue;
    let end = at + delimiter.length;
    const close = body[end] === DASH && body[end + 1] === DASH;
    if (close) end += 2;
    while (isSpace(body[end])) end++;
    if (body[end] === CR) end++;
    if (end < body.length && body[end] !== LF) continue;
    if (parts.length === limit && start !== undefined) return { parts, closed: false, more: true };
    if (start !== undefined) parts.push(body.subarray(start, Math.max(start, lineEnd(body, at))));
    if (close) return { parts, closed: true, more: false };
    start = end + 1;
  }
  if (start === undefined) return { parts, closed: false, more: false };
  // Without the closing delimiter the last part goes on to the end.
  const rest = body.subarray(start);
  return {
    parts: parts.length < limit ? [...parts, rest] : parts,
    closed: false,
    more: parts.length === limit,
  };
}

/** Where the line that ends before `at` has its line end. */
function lineEnd(body: Buffer, at: number): number {
  return body[at - 2] === CR ? at - 2 : at - 1;
}

export interface Canonical {
  /** With CRLF for each line end, and without the `From ` line of a mailbox file in front. */
  readonly bytes: Buffer;
  /** Whether it had both kinds of line ends. */
  readonly mixed: boolean;
}

/** Files on disk end their lines in LF; what was signed had CRLF (RFC 8551 §3.1.1). */
export function canonical(file: Buffer): Canonical {
  const message = withoutMailboxLine(file);
  let lines = 0;
  let bare = 0;
  for (let lf = message.indexOf(LF); lf !== -1; lf = message.indexOf(LF, lf + 1)) {
    lines++;
    if (message[lf - 1] !== CR) bare++;
  }
  if (bare === 0) return { bytes: message, mixed: false };
  const bytes = Buffer.allocUnsafe(message.length + bare);
  let from = 0;
  let to = 0;
  for (let lf = message.indexOf(LF); lf !== -1; lf = message.indexOf(LF, lf + 1)) {
    if (message[lf - 1] === CR) continue;
    to += message.copy(bytes, to, from, lf);
    bytes[to++] = CR;
    from = lf;
  }
  message.copy(bytes, to, from);
  return { bytes, mixed: bare < lines };
}

/** A mailbox file has a line `From …` in front of each message, and so have some forwarded ones. */
export function withoutMailboxLine(file: Buffer): Buffer {
  return /^>?From /.test(file.toString('latin1', 0, 6)) ? file.subarray(file.indexOf(LF) + 1) : file;
}
