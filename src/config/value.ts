// One value as the `ini` package decodes it. The only importer of `ini`; what it would cut, keep or
// turn into something else without a word is an error here (test/unit/config/ini-contract.test.ts).
import { unsafe } from 'ini';

/** A value, or in words what is wrong with it. Never quotes the text: it may be a password. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string };

/** @param raw what stands after the `=`, a comment included */
export function decodeValue(raw: string): Parsed<string> {
  const text = raw.trim();
  const decoded = text.startsWith('"') || text.startsWith("'") ? decodeQuoted(text) : decodeBare(text);
  if ('value' in decoded && hasControl(decoded.value))
    return { wrong: 'the value holds a control character' };
  return decoded;
}

/** Whether the text holds a C0 or C1 control other than a tab, or a Unicode line separator or stray BOM. */
export function hasControl(text: string): boolean {
  return /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text);
}

/** ini ends a bare value at the first `;` or `#` without a backslash in front, wherever it stands. */
function decodeBare(text: string): Parsed<string> {
  const end = unescaped(text, /\\.|[;#]/g) ?? text.length;
  const mark = text[end];
  // `;` after white space is a comment; `#` also needs white space behind it, as in `[ticket #5]` it has not.
  const isComment =
    /(?:^|\s)$/.test(text.slice(0, end)) && (mark === ';' || /^#(?:\s|$)/.test(text.slice(end)));
  if ((mark === ';' || mark === '#') && !isComment) {
    return {
      wrong: `ini cuts the value at its "${mark}": put the whole value in single quotes (a comment begins with white space and ;)`,
    };
  }
  const value = unsafe(text);
  return value === '' ? { wrong: 'has no value: write one, or delete the line' } : { value };
}

/** ini reads "…" as JSON; from '…' it takes the quotes off, and reads as JSON what happens to be JSON. */
function decodeQuoted(text: string): Parsed<string> {
  const close = unescaped(text, text.startsWith('"') ? /(?!^)(?:\\.|")/g : /(?!^)'/g);
  if (close === undefined) return { wrong: `the value begins with a ${text[0]!} that is not closed` };
  const quoted = text.slice(0, close + 1);
  if (!/^\s*(?:[;#]|$)/.test(text.slice(quoted.length))) {
    const other = quoted.startsWith('"') ? 'single' : 'double';
    return { wrong: `text after the closing quote: put the whole value in ${other} quotes` };
  }
  const decoded: unknown = unsafe(quoted);
  if (quoted.startsWith('"')) {
    // JSON that does not parse comes back with its quotes on.
    if (typeof decoded === 'string' && decoded !== quoted) return { value: decoded };
    return {
      wrong: 'in double quotes a backslash is written \\\\ and a tab \\t: do so, or use single quotes',
    };
  }
  const value = quoted.slice(1, -1);
  if (String(decoded) === value) return { value };
  return { wrong: 'ini reads what is in these single quotes as JSON: use double quotes' };
}

/**
 * Where the first of the characters stands that has no backslash in front. Not by one expression over all of the
 * text: the stack of that overflows where the text has some megabytes.
 * @param marks finds them, and pairs with a backslash
 */
function unescaped(text: string, marks: RegExp): number | undefined {
  for (const { 0: found, index } of text.matchAll(marks)) if (found.length === 1) return index;
  return undefined;
}
