// Header protection for signed mail: the fields of the header once more, on the payload (RFC 9788).
import { field, splitParameters, unfold, type Field } from './header.js';

/** Not copied (R32): they tell of the way, or are not for everybody. HP-Outer is for encrypted mail only (R31). */
const notCopied =
  /^(?:mime-version|bcc|received|return-path|delivered-to|dkim-signature|arc-.*|authentication-results|resent-.*|hp-outer)$/;

/**
 * The header of the payload root: every non-structural field, in order and unchanged (R29), among the
 * Content-* fields that are its own.
 * @param fields the top header
 */
export function protectedHeader(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !notCopied.test(name));
}

/** Whether a root with these fields is the payload of `protectedHeader`: otherwise it has Content-* fields only. */
export function isProtected(fields: readonly Field[]): boolean {
  return fields.some(({ name }) => !name.startsWith('content-'));
}

/**
 * The Content-Type of the payload root with `hp="clear"`, or with none: whatever it came with is not ours, and
 * readers would look for the Subject among the fields that are protected (R30, RFC 9788 §2.1).
 * @param type a Content-Type field that can be read
 */
export function withHp(type: Field, protects: boolean): Field {
  const raw = type.raw.toString('latin1');
  const colon = raw.indexOf(':');
  const pieces = splitParameters(unfold(raw.slice(colon + 1)));
  const others = pieces.filter((piece, i) => i === 0 || !/^hp[ \t]*(?:\*[^=]*)?=/i.test(piece));
  if (!protects && others.length === pieces.length) return type;
  const kept = others.filter((piece, i) => i === 0 || piece !== '').map(closed);
  if (protects) kept.push('hp="clear"');
  return field(Buffer.from(`${raw.slice(0, colon)}: ${kept.join(';\r\n ')}\r\n`, 'latin1'));
}

/** A quoted string that is left open would take in what comes behind it. */
function closed(piece: string): string {
  let open = false;
  let i = 0;
  for (; i < piece.length; i++) {
    if (piece[i] === '"') open = !open;
    else if (open && piece[i] === '\\') i++;
  }
  // A backslash at the very end would take the quote from its meaning.
  return open ? `${piece}${i > piece.length ? '\\' : ''}"` : piece;
}
