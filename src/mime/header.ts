// Header blocks as fields, and the structured bodies that decide what happens to a part.
import { CR, isSpace, LF } from './ascii.js';

const COLON = 0x3a;

/** One header field (RFC 5322 §2.2). */
export interface Field {
  /** The name in lower case. */
  readonly name: string;
  /** The field's own octets: name, colon, body and folding, with the final line end. */
  readonly raw: Buffer;
  /** The unfolded body, read as UTF-8, without white space around it. */
  readonly body: string;
}

/** A Content-Type or Content-Disposition body (RFC 2045 §5.1, RFC 2183 §2). */
export interface ParameterisedValue {
  /** The value in lower case: `text/plain`, `attachment`. */
  readonly value: string;
  /** Parameters by lower-case name, RFC 2231 continuations joined and decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Those that were given both plainly and in the form of RFC 2231: readers differ on which one they take. */
  readonly ambiguous: ReadonlySet<string>;
}

/** The header of a message or a part at most, in octets and in fields: all of it is kept in memory. */
export const maxHeader = 1024 * 1024;
export const maxFields = 10_000;

/** Makes a field from its octets, which end in a line end. */
export function field(raw: Buffer): Field {
  return new RawField(raw.toString('latin1', 0, raw.indexOf(COLON)).trimEnd().toLowerCase(), raw);
}

/** Stands in the place of a name for the `From ` line that some put before the header of a forwarded message. */
export const mboxLine = 'mbox line';

/** Such a line, its line end included; it comes and goes with the fields. */
export function mboxField(raw: Buffer): Field {
  return new RawField(mboxLine, raw);
}

/** Few fields are ever asked for their body. */
class RawField implements Field {
  private unfolded: string | undefined;

  constructor(
    readonly name: string,
    readonly raw: Buffer,
  ) {}

  get body(): string {
    this.unfolded ??= trim(
      this.raw
        .toString('utf8', this.raw.indexOf(COLON) + 1)
        .replace(/\r?\n(?=[ \t])/g, '')
        .replace(/[\0\r\n]/g, ' '), // as they are written where they are mended
    );
    return this.unfolded;
  }
}

/** The body of a field without folding and without the line end behind it, one character for each octet. */
export function unfold(latin1: string): string {
  let end = latin1.length;
  while (end > 0 && isLineEnd(latin1.charCodeAt(end - 1))) end--;
  return latin1.slice(0, end).replace(/\r?\n(?=[ \t])/g, '');
}

function isLineEnd(c: number): boolean {
  return c === CR || c === LF;
}

/** Whether the octets from `start` to `end` begin a field: a name of printable ASCII, then a colon. */
export function startsField(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    if (c === COLON) return i > start;
    // White space before the colon is obsolete but legal (RFC 5322 §4.5).
    if (isSpace(c)) return i > start && /^[ \t]+:/.test(bytes.toString('latin1', i, end));
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return false;
}

/**
 * Splits a header block into fields. The block ends at its first empty line, if there is one; a line
 * that is no field joins the field before it, and is dropped if there is none.
 */
export function parseHeader(block: Buffer): Field[] {
  const fields: Field[] = [];
  let from = 0;
  for (let line = 0, next; line < block.length; line = next) {
    next = nextLine(block, line);
    if (isSpace(block[next])) continue;
    if (next < block.length && !startsField(block, next, nextLine(block, next)) && !isBlank(block, next))
      continue;
    const raw = block.subarray(from, next);
    from = next;
    if (startsField(raw, 0, nextLine(raw, 0))) fields.push(field(raw));
    if (isBlank(block, next)) break;
  }
  return fields;
}

function nextLine(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from);
  return lf === -1 ? bytes.length : lf + 1;
}

/** Whether an empty line, with either line end, begins here. */
export function isBlank(bytes: Buffer, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF);
}

/** The first field of that name; further ones are ignored, as by the mail clients tried. */
export function first(fields: readonly Field[], name: string): Field | undefined {
  return fields.find(f => f.name === name);
}

/** Reads a Content-Type; a missing or unreadable one is undefined, to be taken as text/plain. */
export function contentType(fields: readonly Field[]): ParameterisedValue | undefined {
  const body = first(fields, 'content-type')?.body;
  if (body === undefined) return undefined;
  const parsed = parseParameters(body);
  return /^[!-.0-~]+\/[!-.0-~]+$/.test(parsed.value) ? parsed : undefined;
}

/** The Content-Transfer-Encoding in lower case, `7bit` where there is none (RFC 2045 §6.1). */
export function transferEncoding(fields: readonly Field[]): string {
  const body = first(fields, 'content-transfer-encoding')?.body;
  if (body === undefined) return '7bit';
  if (/^[\w-]+$/.test(body)) return body.toLowerCase();
  return parseParameters(body).value || '7bit';
}

/** Splits `value; name=value; …`; comments are skipped, quoted strings unquoted, nothing throws. */
export function parseParameters(body: string): ParameterisedValue {
  const pieces = splitParameters(body);
  const parameters = new Map<string, string>();
  const segments = new Map<string, { index: number; text: string; extended: boolean }[]>();
  for (const piece of pieces.slice(1)) {
    const equals = piece.indexOf('=');
    if (equals < 1) continue;
    const name = trim(piece.slice(0, equals)).toLowerCase();
    const text = unquote(trim(piece.slice(equals + 1)));
    const segment = name.includes('*') ? /^([^*]+)\*(?:(\d{1,3})(\*?))?$/.exec(name) : null;
    if (segment) {
      const [, base, index, star] = segment;
      const list = segments.get(base!) ?? [];
      list.push({ index: Number(index ?? 0), text, extended: index === undefined || star === '*' });
      segments.set(base!, list);
    } else if (!parameters.has(name)) parameters.set(name, text);
  }
  const ambiguous = new Set([...segments.keys()].filter(name => parameters.has(name)));
  for (const [name, list] of segments) parameters.set(name, joinSegments(list));
  return {
    value: unquote(pieces[0] ?? '')
      .toLowerCase()
      .replace(/[ \t]+/g, ''),
    parameters,
    ambiguous,
  };
}

/** RFC 2231 §3 and §4: continuations in order, percent escapes decoded as UTF-8. */
function joinSegments(list: { index: number; text: string; extended: boolean }[]): string {
  return list
    .sort((a, b) => a.index - b.index)
    .map(({ index, text, extended }) => {
      if (!extended) return text;
      const encoded = index === 0 ? text.replace(/^[^']*'[^']*'/, '') : text;
      try {
        return decodeURIComponent(encoded);
      } catch {
        return encoded; // another charset: the ASCII part of it is what decisions look at
      }
    })
    .join('');
}

/** The pieces between semicolons as written, comments removed, quotes kept. */
export function splitParameters(body: string): string[] {
  const pieces: string[] = [];
  const special = /[;"(]/g;
  let piece = '';
  let from = 0;
  for (let found = special.exec(body); found; found = special.exec(body)) {
    const at = found.index;
    piece += body.slice(from, at);
    from = at + 1;
    if (found[0] === ';') {
      pieces.push(trim(piece));
      piece = '';
    } else if (found[0] === '(') from = endOfComment(body, at);
    else {
      const [quoted] = /^"(?:[^"\\]|\\.)*"?/s.exec(body.slice(at))!;
      piece += quoted;
      from = at + quoted.length;
    }
    special.lastIndex = from;
  }
  pieces.push(trim(piece + body.slice(from)));
  return pieces;
}

/** Comments nest, and `\` takes the next character from its meaning (RFC 5322 §3.2.2). */
function endOfComment(body: string, at: number): number {
  let depth = 0;
  for (let i = at; i < body.length; i++) {
    if (body[i] === '(') depth++;
    else if (body[i] === ')' && --depth === 0) return i + 1;
    else if (body[i] === '\\') i++;
  }
  return body.length;
}

/** Without white space around it: not String.trim, which takes the last octet of `à` for a space. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text.charCodeAt(start))) start++;
  while (end > start && isWhite(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isWhite(c: number): boolean {
  return isSpace(c) || isLineEnd(c);
}

/** Quoted strings as what they stand for (RFC 5322 §3.2.4). */
export function unquote(piece: string): string {
  if (!piece.includes('"')) return piece;
  return piece.replace(/"((?:[^"\\]|\\.)*)"?/gs, (_, inner: string) => inner.replace(/\\(.)/gs, '$1'));
}
