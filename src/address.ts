// A parsed mailbox (RFC 5321 §4.1.2, RFC 5322 §3.4). The only place that knows address syntax.
import { domainToASCII } from 'node:url';

/** A mailbox as an envelope or a header names it. */
export class Address {
  private constructor(
    /** The address verbatim, without angle brackets; empty for the null reverse-path. */
    readonly text: string,
    /** The local part without quoting. */
    readonly localPart: string,
    /** The domain in lower case as A-labels, or an address literal; empty where there is none. */
    readonly domain: string,
  ) {}

  /** The null reverse-path, `MAIL FROM:<>` (RFC 5321 §4.5.5). */
  static readonly null = new Address('', '', '');

  get isNull(): boolean {
    return this.text === '';
  }

  /** What two mailboxes share when they are the same; local parts compare case-insensitively (R5). */
  get key(): string {
    return `${this.localPart.toLowerCase()}@${this.domain}`;
  }

  /** The readable form that patterns are matched against: unquoted local part, A-label domain. */
  get canonical(): string {
    return this.domain === '' ? this.localPart : `${this.localPart}@${this.domain}`;
  }

  toString(): string {
    return this.text;
  }

  /**
   * Reads an addr-spec or the inside of a path. A bare local part (`postmaster`, `root`) is an
   * address without a domain; a source route is skipped (RFC 5321 appendix C).
   * @returns undefined if the text is not an address
   */
  static parse(text: string): Address | undefined {
    if (text === '') return Address.null;
    if (/[\0-\x1f\x7f]/.test(text)) return undefined;
    const spec = text.replace(/^@[^\s,:@]+(?:,@[^\s,:@]+)*:/, '');
    const quoted = /^"((?:[^"\\]|\\.)*)"(?:@|$)/.exec(spec);
    const at = quoted ? quoted[0].length - (quoted[0].endsWith('@') ? 1 : 0) : spec.lastIndexOf('@');
    const rawLocal = at === -1 ? spec : spec.slice(0, at);
    const rawDomain = at === -1 || at === spec.length ? '' : spec.slice(at + 1);
    if (rawLocal === '' || (at !== -1 && at < spec.length && rawDomain === '')) return undefined;
    if (!quoted && /[\s"<>@,;:\\()]/.test(rawLocal)) return undefined;
    const domain = rawDomain === '' ? '' : canonicalDomain(rawDomain);
    if (domain === undefined) return undefined;
    return new Address(text, quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : rawLocal, domain);
  }
}

/** Lower-case A-labels, so that `BÜCHER.example` and `xn--bcher-kva.example` are one domain (R6). */
function canonicalDomain(domain: string): string | undefined {
  if (domain.startsWith('[')) return /^\[[^[\]\\\s]+\]$/.test(domain) ? domain.toLowerCase() : undefined;
  if (/[\s"<>@,;:\\()[\]]/.test(domain)) return undefined;
  const trimmed = domain.replace(/\.$/, '');
  // domainToASCII refuses underscores nowhere, but mangles numeric hosts: leave plain ASCII alone.
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed.toLowerCase();
  return domainToASCII(trimmed) || undefined;
}

/** Whether local parts that differ in case alone are the same (R5). */
export type LocalParts = 'ignore-case' | 'exact-case';

export function sameMailbox(a: Address, b: Address, localParts: LocalParts): boolean {
  return a.key === b.key && (localParts === 'ignore-case' || a.localPart === b.localPart);
}

/**
 * Reads the mailboxes of a From, To or Sender field body (RFC 5322 §3.4), groups flattened.
 * Comments and display names are skipped, display names may be any text.
 * @returns undefined where the field cannot be read without guessing: what one reader would take
 *   for the author another might not, and a signature must not depend on that (R4)
 */
export function parseMailboxes(body: string): Address[] | undefined {
  // The body is unfolded: a line break left in it begins a new field for some readers.
  if (/[\0\r\n]/.test(body)) return undefined;
  return parseList(body) ?? onlyMailbox(body);
}

/** A list that breaks the grammar, as in `Anna :) <anna@example.com>`, with one address that all readers can see. */
function onlyMailbox(body: string): Address[] | undefined {
  const address = Address.parse(/^[^@<>,;]*<([^@<>]+@[^@<>]+)>[ \t]*$/.exec(body)?.[1] ?? '');
  return address && !address.isNull ? [address] : undefined;
}

function parseList(body: string): Address[] | undefined {
  const tokens = tokenise(body);
  if (!tokens) return undefined;
  const mailboxes: Address[] = [];
  let item: string[] = [];
  let inAngle = false;
  const flush = (): boolean => {
    const words = item;
    item = [];
    inAngle = false;
    if (words.length === 0) return true; // empty list elements are obsolete but legal (§4.4)
    const open = words.indexOf('<');
    const angle = open === -1 ? words : words.slice(open + 1, -1);
    if (open !== -1 && (words.at(-1) !== '>' || angle.some(w => w === '<' || w === '>'))) return false;
    const address = addrSpec(angle);
    if (!address) return false;
    const display = words.slice(0, Math.max(open, 0));
    // `a@b <c@d>`: which one is the author? Only where both are the same is there no question.
    if (display.includes('@') && addrSpec(display)?.key !== address.key) return false;
    mailboxes.push(address);
    return true;
  };
  let inGroup = false;
  for (const token of tokens) {
    if (token === ',' || token === ';') {
      if (token === ';' && !inGroup) return undefined;
      if (!flush()) return undefined;
      if (token === ';') inGroup = false;
    } else if (token === ':' && !inAngle) {
      if (inGroup || item.includes('@')) return undefined;
      inGroup = true;
      item = [];
    } else {
      item.push(token);
      inAngle ||= token === '<';
    }
  }
  if (inGroup || !flush()) return undefined;
  return mailboxes;
}

/** Joins the tokens of an addr-spec; two atoms side by side are none. */
function addrSpec(words: readonly string[]): Address | undefined {
  if (words.some((w, i) => i > 0 && isAtom(w) && isAtom(words[i - 1]!))) return undefined;
  const address = Address.parse(words.join(''));
  return address?.isNull ? undefined : address;
}

function isAtom(token: string): boolean {
  return !/^[<>@.:]$/.test(token);
}

/** Splits into specials, quoted strings, literals and atoms; comments and white space are dropped. */
function tokenise(body: string): string[] | undefined {
  const tokens: string[] = [];
  let depth = 0;
  let i = 0;
  while (i < body.length) {
    const c = body[i]!;
    if (c === '(') depth++;
    if (depth > 0) {
      if (c === '\\') i++;
      if (c === ')') depth--;
      i++;
    } else if (c === ' ' || c === '\t') i++;
    else if (c === '"' || c === '[') {
      const end = /^(?:"(?:[^"\\]|\\.)*"|\[(?:[^[\]\\]|\\.)*\])/s.exec(body.slice(i));
      if (!end) return undefined;
      tokens.push(end[0]);
      i += end[0].length;
    } else if ('<>,;:@.'.includes(c)) {
      tokens.push(c);
      i++;
    } else if (c === ')' || c === ']') return undefined;
    else {
      const atom = /^[^ \t()<>,;:@."[\]]+/.exec(body.slice(i))![0];
      tokens.push(atom);
      i += atom.length;
    }
  }
  return depth === 0 ? tokens : undefined;
}
