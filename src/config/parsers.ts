// One function per kind of value in the ini file: text → value, or what is wrong with it.
import { isAbsolute, resolve } from 'node:path';
import type { Exception } from '../rules/policy.js';
import { parsePattern } from '../rules/pattern.js';
import { isHostname } from './endpoint.js';
import { didYouMean } from './suggest.js';
import type { Parsed } from './value.js';
import { inQuotes } from '../printable.js';

export interface Context {
  /** The directory of the ini file, absolute: relative paths start there. */
  readonly directory: string;
}

export interface Parser<T> {
  (text: string, context: Context): Parsed<T>;
  /** What there is to write, for the manual: PATH stands for something, `none` for itself. */
  readonly form?: string | undefined;
}

export function withForm<T>(form: string, parse: Parser<T>): Parser<T> {
  return Object.assign((text: string, context: Context) => parse(text, context), { form });
}

/** One of the names, which stands for itself or for a value in a table. */
export function choice<const T extends string>(names: readonly T[]): Parser<T> {
  const list = names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}`;
  return withForm(names.join(' | '), text => {
    const value = names.find(name => name === text);
    if (value !== undefined) return { value };
    return { wrong: `${inQuotes(text)} is not a value of this key: write ${list}${didYouMean(text, names)}` };
  });
}

/** Written as for `parse`, with another value. */
export function mapped<T, U>(parse: Parser<T>, map: (value: T) => U): Parser<U> {
  return Object.assign(
    (text: string, context: Context) => {
      const parsed = parse(text, context);
      return 'value' in parsed ? { value: map(parsed.value) } : parsed;
    },
    { form: parse.form },
  );
}

export const yesOrNo = mapped(choice(['yes', 'no']), word => word === 'yes');

const noneAlone = 'none stands alone: take it away, or the others';

/** Some of the names, with commas in between, or `none`. */
export function listOf<const T extends string>(names: readonly T[]): Parser<readonly T[]> {
  const known = choice([...names, 'none'] as const);
  return withForm(`${names.join(', ')} | none`, (text, context) => {
    const parsed = text.split(',').map(item => known(item.trim(), context));
    const wrong = parsed.find(item => 'wrong' in item);
    if (wrong) return wrong;
    const items = new Set(parsed.flatMap(item => ('value' in item ? [item.value] : [])));
    if (items.has('none') && items.size > 1) return { wrong: noneAlone };
    return { value: names.filter(name => items.has(name)) };
  });
}

/** A number of things, or of seconds where `unit` is `s`, which may then stand behind the number. */
export function count(least: number, most: number, unit = ''): Parser<number> {
  return withForm(`${unit === 's' ? 'SECONDS' : 'NUMBER'}, ${least} to ${most}`, text => {
    const digits = unit !== '' && text.endsWith(unit) ? text.slice(0, -unit.length).trim() : text;
    const value = Number(digits);
    if (/^\d+$/.test(digits) && value >= least && value <= most) return { value };
    const what = unit === 's' ? 'number of seconds' : 'whole number';
    return { wrong: `${inQuotes(text)} is not a ${what} from ${least} to ${most}` };
  });
}

/** Numbers of days, with commas in between, or `none`. @returns the greatest first */
export const days: Parser<readonly number[]> = withForm('DAYS, ...', text => {
  if (text === 'none') return { value: [] };
  const numbers = text.split(',').map(item => item.trim());
  if (numbers.includes('none')) return { wrong: noneAlone };
  const bad = numbers.find(item => !/^[1-9]\d{0,3}$/.test(item));
  if (bad === undefined) return { value: [...new Set(numbers.map(Number))].sort((a, b) => b - a) };
  return {
    wrong: `${inQuotes(bad)} is not a number of days from 1 to 9999: write some, as in 30, 7, or none`,
  };
});

/** Bytes: `26214400`, `25M`; K, M and G are powers of 1024. */
export const size: Parser<number> = withForm('SIZE', text => {
  const match = /^(\d+) ?([KMG]?)$/i.exec(text);
  const value = Number(match?.[1]) * 1024 ** ' KMG'.indexOf(match?.[2]?.toUpperCase() || ' ');
  if (match && Number.isSafeInteger(value)) return { value };
  return { wrong: `${inQuotes(text)} is not a size: write bytes, or a number with K, M or G, as in 25M` };
});

/** A size that something can be larger or smaller than. */
export const sizeOfSome: Parser<number> = withForm('SIZE', (text, context) => {
  const parsed = size(text, context);
  return 'value' in parsed && parsed.value === 0
    ? { wrong: 'every message is larger: write a size' }
    : parsed;
});

export const hostname: Parser<string> = withForm('HOST', text =>
  isHostname(text)
    ? { value: text }
    : { wrong: `${inQuotes(text)} is not a host name: write one as in mail.example.com` },
);

/** A path, absolute or from the directory of the ini file. @returns it absolute */
export const path: Parser<string> = withForm('PATH', (text, { directory }) =>
  text.trim() === '' ? { wrong: 'the path is empty' } : { value: resolve(directory, text) },
);

/** A path, or `credential:NAME`, which stays as it is. */
export const pathOrCredential: Parser<string> = withForm('PATH | credential:NAME', (text, context) => {
  const name = /^credential:(.*)$/.exec(text)?.[1];
  if (name === undefined) return path(text, context);
  const parsed = credential(name, context);
  return 'wrong' in parsed ? parsed : { value: text };
});

export const absolutePath: Parser<string> = withForm('/PATH', text =>
  isAbsolute(text) ? { value: text } : { wrong: `${inQuotes(text)} is not a path that begins with /` },
);

/** A path, where the secret itself might stand by mistake: such a value is never shown. @returns it absolute */
export const secretFile: Parser<string> = withForm('PATH', (text, context) =>
  /^(?:basic|bearer|digest|token|authorization:)\s/i.test(text)
    ? { wrong: 'holds the header itself: write that into a file, and name the file here' }
    : path(text, context),
);

export const stdoutOrPath: Parser<string> = withForm('stdout | /PATH', text =>
  text === 'stdout' || isAbsolute(text)
    ? { value: text }
    : { wrong: `${inQuotes(text)} is neither stdout nor a path that begins with /` },
);

/** The text is never shown: the password itself might stand here by mistake. */
export const credential: Parser<string> = withForm('NAME', text =>
  /^[\w.@:-]+$/.test(text) && !/^\.+$/.test(text)
    ? { value: text }
    : { wrong: 'not the name of a systemd credential: letters, digits and . _ @ : - only, no path' },
);

export const password: Parser<string> = withForm('TEXT', text => ({ value: text }));

/** The name of a section; whether there is one is seen when all have been read. */
export const sectionName: Parser<string> = withForm('NAME', text =>
  isSectionName(text)
    ? { value: text }
    : { wrong: `${inQuotes(text)} is not a name: write that of one section, with A-Z a-z 0-9 . _ - only` },
);

/** Names of sections, with commas in between. */
export const sectionNames: Parser<readonly string[]> = withForm('NAME, ...', text => {
  const names = text.split(',').map(name => name.trim());
  const bad = names.find(name => !isSectionName(name));
  return bad === undefined
    ? { value: names }
    : { wrong: `${inQuotes(bad)} is not a name: write names of sections, with commas in between` };
});

export function isSectionName(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text);
}

/** `Name: pattern`, one field name (RFC 5322 §2.2) and one pattern over its value. */
export const headerField: Parser<NonNullable<Exception['header']>> = withForm('NAME: PATTERN', text => {
  const match = /^([\x21-\x39\x3b-\x7e]+)\s*:\s*(.*)$/.exec(text);
  if (!match) return { wrong: 'write the name of a header field and a pattern, as in List-Id: *news*' };
  const [, name, value] = match;
  if (value === '') return { wrong: `no pattern after "${name!}:", write * for any value` };
  try {
    return { value: { name: name!, value: parsePattern(value!) } };
  } catch (error) {
    return { wrong: reason(error) };
  }
});

/** Fields that mail cannot be without, or that are not ours to take. */
const ownFields =
  /^(?:from|sender|reply-to|to|cc|bcc|subject|date|message-id|in-reply-to|references|comments|keywords|importance|priority|sensitivity|organization|user-agent|autocrypt|received|received-spf|return-path|delivered-to|authentication-results|auto-submitted|precedence|disposition-notification-.*|mime-version|content-.*|list-.*|resent-.*|dkim-signature|arc-.*)$/i;

/** The name of a field that is taken out of all mail (RFC 5322 §2.2), or `none` for undefined. */
export const headerToTake: Parser<string | undefined> = withForm('NAME | none', text => {
  if (text === 'none') return { value: undefined };
  if (/[^\x21-\x39\x3b-\x7e]/.test(text))
    return {
      wrong: `${inQuotes(text)} is not the name of a header field: write one as in X-Postseal-Sign, without a colon`,
    };
  return ownFields.test(text)
    ? {
        wrong: `${inQuotes(text)} would be taken out of all mail: choose a name that mail does not use, as X-Postseal-Sign`,
      }
    : { value: text };
});

/** What a thrown pattern error says. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
