// Part headers as they may be signed: ASCII, lines that survive, CRLF (R11, R13, R16).
import { isAscii } from 'node:buffer';
import { Failure } from '../failure.js';
import { isSpace } from './ascii.js';
import { mboxLine, splitParameters, trim, unfold, unquote, type Field } from './header.js';
import { charsetOf, maxLine, safeLine } from './octets.js';

const parameterised = new Set(['content-type', 'content-disposition']);
/** Where a line that is too long is folded, if it can be. */
const foldedLine = 900;
/** Fields in which encoded words may stand for phrases and in comments only (RFC 2047 §5). */
const structured = new Set(
  (
    'from sender reply-to to cc bcc date message-id in-reply-to references errors-to ' +
    'content-id disposition-notification-to return-receipt-to mail-followup-to'
  ).split(' '),
);

/**
 * What is done with something that must not be altered and is not 7-bit: `refuse` it, or `keep` it as it is,
 * as the opaque form can, where base64 protects everything (R15).
 */
export type Unalterable = 'refuse' | 'keep';

/**
 * The field's octets, mended where they would not survive the way.
 * @param forwarded the field belongs to a message inside the message: only what is not 7-bit is mended (R15)
 * @param unalterable what is done where that would change what the field means
 * @throws Failure `unsignable` for such a field if it is to be refused
 */
export function survivingField(
  field: Field,
  forwarded: boolean,
  unalterable: Unalterable = 'refuse',
): Buffer {
  try {
    return mend(field, forwarded);
  } catch (error) {
    if (unalterable === 'refuse' || !(error instanceof Failure)) throw error;
    return Buffer.from(field.raw.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
  }
}

/** @throws Failure `unsignable` */
function mend(field: Field, forwarded: boolean): Buffer {
  const eightBit = !isAscii(field.raw);
  const limit = forwarded ? maxLine : safeLine;
  let text = field.raw.toString('latin1');
  if (!eightBit && text.length <= limit && !/\0|\r(?!\n)|(?<!\r)\n|[ \t]\r/.test(text)) return field.raw;
  if (eightBit) text = encodeField(field);
  text = text.replace(/\r?\n/g, '\r\n');
  if (/\0|\r(?!\n)/.test(text)) text = text.replace(/\0|\r(?!\n)/g, ' ');
  if (!forwarded || eightBit) text = withoutTrailingSpace(text);
  if (text.split('\r\n').some(line => line.length > limit)) text = refold(text, field);
  return Buffer.from(text, 'latin1');
}

/** Some relays strip it, and a folded line of nothing else would then end the header. */
function withoutTrailingSpace(text: string): string {
  const lines = text.split('\r\n').map(line => {
    let end = line.length;
    while (end > 0 && isSpace(line.charCodeAt(end - 1))) end--;
    return line.slice(0, end);
  });
  return lines.filter((line, i) => line !== '' || i === lines.length - 1).join('\r\n');
}

/** Folds before white space; text without any cannot be folded. */
function refold(text: string, field: Field): string {
  const folded = text.split('\r\n').flatMap(foldLine);
  if (field.name === mboxLine || folded.some(line => line.length > maxLine)) {
    throw new Failure('unsignable', `${field.name} field with a line over ${maxLine} octets`);
  }
  return folded.join('\r\n');
}

/** By hand: a regular expression would look at each octet hundreds of times. */
function foldLine(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  const canFoldAt = (i: number): boolean =>
    i > from && isSpace(line.charCodeAt(i)) && !isSpace(line.charCodeAt(i - 1));
  while (line.length - from > foldedLine) {
    let at = from + foldedLine;
    while (at > from && !canFoldAt(at)) at--;
    if (at === from) at = from + foldedLine;
    while (at < line.length && !canFoldAt(at)) at++;
    if (at === line.length) break;
    pieces.push(line.slice(from, at));
    from = at;
  }
  return [...pieces, line.slice(from)];
}

function encodeField(field: Field): string {
  if (field.name === mboxLine) throw new Failure('unsignable', `8-bit octets in an ${mboxLine}`);
  const name = field.raw.toString('latin1', 0, field.raw.indexOf(0x3a));
  // One character for each octet, so that octets that are no UTF-8 pass through unharmed.
  const body = unfold(field.raw.toString('latin1', name.length + 1));
  if (parameterised.has(field.name)) return `${name}: ${encodeParameters(field.name, body)}\r\n`;
  if (structured.has(field.name.replace(/^resent-/, '')) || field.name.startsWith('list-'))
    return `${name}:${encodePhrases(body, field)}\r\n`;
  return `${name}: ${encodeWords(trim(body))}\r\n`;
}

/** `name="résumé.pdf"` becomes `name*=utf-8''r%C3%A9sum%C3%A9.pdf` (RFC 2231 §4). */
function encodeParameters(name: string, body: string): string {
  const charset = charsetOf(Buffer.from(body, 'latin1'));
  const pieces = splitParameters(body).map((text, i) => ({ text, ...parameter(i === 0 ? '' : text) }));
  const type = pieces[0]!.text;
  const multipart = /^multipart\//i.test(type);
  // Text/plain to some readers (RFC 2045 §5.2), an unknown type to others: no other octets say the same to all.
  if (name === 'content-type' && hasEightBit(type))
    throw new Failure('unsignable', '8-bit octets in a media type');
  // Where one segment is extended, all have to be, or the first could not name the charset (§4.1).
  const extended = new Set(pieces.filter(p => p.segment && hasEightBit(p.value)).map(p => p.base));
  return pieces
    .filter(({ text }, i) => i === 0 || text !== '')
    .map(({ text, attribute, base, segment, value }) => {
      const plainSegment = segment !== '' && extended.has(base) && !attribute.endsWith('*');
      if (!hasEightBit(text) && !plainSegment) return text;
      // 8-bit outside a parameter value names nothing that anybody knows.
      if (attribute === '' || hasEightBit(attribute)) return text.replace(/[\x80-\xff]/g, '?');
      if (base === 'boundary' && multipart) throw new Failure('unsignable', '8-bit octets in a boundary');
      if (attribute.endsWith('*')) return `${attribute}=${percentEncode(value, /[\x80-\xff]/g)}`;
      const label = segment === '' || segment === '*0' ? `${charset}''` : '';
      return `${attribute}*=${label}${percentEncode(unquote(value), /[^A-Za-z0-9._~-]/g)}`;
    })
    .join(';\r\n ');
}

/** `name*0="a"` as attribute `name*0` of base `name` and segment `*0`. */
function parameter(text: string): { attribute: string; base: string; segment: string; value: string } {
  const equals = text.indexOf('=');
  const attribute = equals === -1 ? '' : trim(text.slice(0, equals));
  const [, base = '', segment = ''] = /^([^*]*)(\*\d+)?/.exec(attribute.toLowerCase())!;
  return { attribute, base, segment, value: trim(text.slice(equals + 1)) };
}

function hasEightBit(text: string): boolean {
  return /[\x80-\xff]/.test(text);
}

function percentEncode(latin1: string, octets: RegExp): string {
  return latin1.replace(octets, c => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** An address in angle brackets, or words and quoted strings in a row. White space is not `\s`: that takes the end of `à`. */
const phrases =
  /<[^>]*>?|(?:"(?:[^"\\]|\\.)*"?|[^ \t\r\n"<>@,;:()]+)(?:[ \t]+(?:"(?:[^"\\]|\\.)*"?|[^ \t\r\n"<>@,;:()]+))*/gs;

/** Display names as encoded words; the addresses between them stay (RFC 2047 §5 rule 3). */
function encodePhrases(body: string, field: Field): string {
  return body.replace(phrases, (phrase, at: number) => {
    if (!hasEightBit(phrase)) return phrase;
    const end = at + phrase.length;
    if (phrase.startsWith('<') || body[at - 1] === '@' || /^[ \t]*@/.test(body.slice(end)))
      throw new Failure('unsignable', `8-bit address in the ${field.name} field`);
    return encodeWords(unquote(phrase));
  });
}

/** Encoded words of at most 75 characters, split between characters (RFC 2047 §2). */
function encodeWords(latin1: string): string {
  const octets = Buffer.from(latin1, 'latin1');
  const charset = charsetOf(octets);
  const characters = Array.from(charset === 'utf-8' ? octets.toString('utf8') : latin1);
  const encoding = charset === 'utf-8' ? 'utf8' : 'latin1';
  const words: string[] = [];
  let word = '';
  for (const character of characters) {
    if (Buffer.byteLength(word + character, encoding) > 42) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map(w => `=?${charset}?B?${Buffer.from(w, encoding).toString('base64')}?=`).join('\r\n ');
}
