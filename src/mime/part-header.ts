// Part headers as they may be signed: ASCII, lines that survive, CRLF (R11, R13, R16).
import { Failure } from '../failure.js';
import { splitParameters, type Field } from './header.js';
import { maxLine } from './octets.js';

const parameterised = new Set(['content-type', 'content-disposition']);
const addressed = new Set(['from', 'to', 'cc', 'bcc', 'reply-to', 'sender']);

/**
 * The field's octets, mended where they would not survive the way.
 * @param forwarded the field belongs to a message inside the message: only what is not 7-bit is mended (R15)
 * @throws Failure `unsignable` where that cannot be done without changing what the field means
 */
export function survivingField(field: Field, forwarded: boolean): Buffer {
  const eightBit = field.raw.some(b => b >= 0x80);
  let text = (eightBit ? encodeField(field) : field.raw.toString('latin1')).replace(/\r?\n/g, '\r\n');
  if (/\0|\r(?!\n)/.test(text)) text = text.replace(/\0|\r(?!\n)/g, ' ');
  if (!forwarded || eightBit) text = withoutTrailingSpace(text);
  if (text.split('\r\n').some(line => line.length > maxLine)) text = refold(text, field);
  return Buffer.from(text, 'latin1');
}

/** Some relays strip it, and a folded line of nothing else would then end the header. */
function withoutTrailingSpace(text: string): string {
  return text.replace(/[ \t]+\r\n/g, '\r\n').replace(/(\r\n)(?:\r\n)+/g, '$1');
}

/** Folds before white space; text without any cannot be folded. */
function refold(text: string, field: Field): string {
  const folded = text.replace(/[^\r\n]{900,}/g, line => line.replace(/(.{1,900})(?=[ \t][^ \t])/g, '$1\r\n'));
  if (folded.split('\r\n').some(line => line.length > maxLine)) {
    throw new Failure('unsignable', `${field.name} field with a line over ${maxLine} octets`);
  }
  return folded;
}

function encodeField(field: Field): string {
  const name = field.raw.toString('latin1', 0, field.raw.indexOf(0x3a));
  const body = field.raw.subarray(name.length + 1);
  if (parameterised.has(field.name)) return `${name}: ${encodeParameters(unfold(body))}\r\n`;
  if (addressed.has(field.name)) return `${name}:${encodePhrases(unfold(body), field)}\r\n`;
  return `${name}: ${encodeWords(unfold(body).trim())}\r\n`;
}

/** One character for each octet, so that octets that are no UTF-8 pass through unharmed. */
function unfold(body: Buffer): string {
  return body
    .toString('latin1')
    .replace(/\r?\n(?=[ \t])/g, '')
    .replace(/[\r\n]+$/, '');
}

function isUtf8(octets: Buffer): boolean {
  return Buffer.from(octets.toString('utf8'), 'utf8').equals(octets);
}

/** Old software writes its local charset raw; in mail that was nearly always this one. */
function charsetOf(octets: Buffer): string {
  return isUtf8(octets) ? 'utf-8' : 'iso-8859-1';
}

/** `name="résumé.pdf"` becomes `name*=utf-8''r%C3%A9sum%C3%A9.pdf` (RFC 2231 §4). */
function encodeParameters(body: string): string {
  return splitParameters(body)
    .filter((piece, i) => i === 0 || piece !== '')
    .map(piece => {
      if (!/[\x80-\xff]/.test(piece)) return piece;
      const [, attribute, value] = /^([^=]*)=(.*)$/s.exec(piece) ?? [];
      // 8-bit outside a parameter value names nothing that anybody knows.
      if (attribute === undefined || value === undefined || /[\x80-\xff]/.test(attribute))
        return piece.replace(/[\x80-\xff]/g, '?');
      const plain = value
        .trim()
        .replace(/^"(.*?)"?$/s, '$1')
        .replace(/\\(.)/gs, '$1');
      const octets = Buffer.from(plain, 'latin1');
      const name = attribute.trim().replace(/\*$/, '');
      return `${name}*=${charsetOf(octets)}''${percentEncode(octets)}`;
    })
    .join(';\r\n ');
}

function percentEncode(octets: Buffer): string {
  return octets
    .toString('latin1')
    .replace(/[^A-Za-z0-9._~-]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** Display names as encoded words; the addresses between them stay (RFC 2047 §5 rule 3). */
function encodePhrases(body: string, field: Field): string {
  const encoded = body.replace(/"(?:[^"\\]|\\.)*"|[^\s"<>@,;:()]+(?:[ \t]+[^\s"<>@,;:()]+)*/gs, phrase =>
    /[\x80-\xff]/.test(phrase)
      ? encodeWords(phrase.replace(/^"(.*)"$/s, '$1').replace(/\\(.)/gs, '$1'))
      : phrase,
  );
  if (/[\x80-\xff]/.test(encoded) || /<[^>]*=\?[^>]*>/.test(encoded)) {
    throw new Failure('unsignable', `8-bit address in the ${field.name} field of a forwarded message`);
  }
  return encoded;
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
