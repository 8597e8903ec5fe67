// Comma-separated patterns over addresses and media types, with the mistakes that people make in them.
import { domainToASCII } from 'node:url';
import { parsePatterns, type Pattern } from '../rules/pattern.js';
import { reason, withForm, type Parser } from './parsers.js';
import { inQuotes } from '../printable.js';

/** Patterns that each pass the check; it returns in words what is wrong with a wildcard pattern. */
function patterns(check: (source: string) => string | undefined): Parser<readonly Pattern[]> {
  return withForm('PATTERN, ...', text => {
    let value: Pattern[];
    try {
      value = parsePatterns(text);
    } catch (error) {
      return { wrong: reason(error) };
    }
    for (const { source } of value) {
      const wrong = source.startsWith('/') || source === '*' ? undefined : check(source);
      if (wrong !== undefined) return { wrong };
    }
    return { value };
  });
}

export const addressPatterns = patterns(source => {
  if (/\s/.test(source)) return `white space in ${inQuotes(source)}: put commas between patterns`;
  if (/[<>"]/.test(source)) return `${inQuotes(source)}: write bare addresses, without < > and "`;
  const at = source.lastIndexOf('@');
  if (at <= 0)
    return `${inQuotes(source)} ${at === 0 ? 'has nothing before its @' : 'has no @'}: write ${withAt(source)}`;
  const domain = source.slice(at + 1);
  if (domain === '') return `${inQuotes(source)} has no domain: write ${source}example.com`;
  // Addresses are matched in their canonical form: A-labels (R6), no final dot.
  const canonical = (/^[\x21-\x7e]+$/.test(domain) ? domain : domainToASCII(domain)).replace(/\.$/, '');
  if (canonical === '') return `${inQuotes(source)}: the part after the @ is not a domain`;
  if (canonical.toLowerCase() === domain.toLowerCase()) return undefined;
  return `${inQuotes(source)} matches no address in its canonical form: write ${source.slice(0, at + 1)}${canonical}`;
});

/** `*@example.com` for `example.com`, `@example.com` and `*example.com`. */
function withAt(source: string): string {
  if (source.startsWith('*.')) return `*@${source}`;
  const domain = source.replace(/^[*@.]+/, '');
  return domain.includes('.') ? `*@${domain}` : `${domain === '' ? '*' : domain}@example.com`;
}

export const mediaTypePatterns = patterns(source => {
  if (/[\s;]/.test(source))
    return `${inQuotes(source)}: write type/subtype without parameters, commas in between`;
  return /[/*]/.test(source)
    ? undefined
    : `${inQuotes(source)} is not a media type: write one as in text/calendar`;
});
