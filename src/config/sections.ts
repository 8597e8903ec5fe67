// A section against its option table: unknown sections and keys, values, defaults, what is missing.
import type { Findings } from './findings.js';
import { headerOf, kinds } from './kinds.js';
import type { Table, Values } from './options.js';
import { isSectionName, type Context } from './parsers.js';
import type { Section } from './source.js';
import { closest } from './suggest.js';

export interface Reading<T extends Table> {
  readonly section: Section;
  /** What could be read, defaults included. */
  readonly values: Partial<Values<T>>;
  /** The same, where nothing in the section is wrong. */
  readonly complete: Values<T> | undefined;
  /** The line of the key, or of the header where it is not given. */
  readonly lineOf: (key: keyof T) => number;
  /** Whether the key is given, or mistyped: then it is not missing. */
  readonly attempted: (key: keyof T) => boolean;
}

/** Tells sections of unknown kinds and with bad names. @returns those whose kind is known */
export function checkHeaders(sections: readonly Section[], findings: Findings): Section[] {
  const names = Object.keys(kinds);
  const headers = names.map(headerOf).join(', ');
  return sections.filter(({ kind, name, title, line }) => {
    const known = Object.hasOwn(kinds, kind);
    const place = { line, section: title };
    if (!known) {
      const near = closest(/^\w*/.exec(kind)![0], names);
      const mend = near === undefined ? `there are ${headers}` : `did you mean ${headerOf(near)}?`;
      findings.error(place, `unknown section: ${mend}`);
    } else if (kinds[kind]!.named && name === undefined) {
      findings.error(place, `the section needs a name: write ${headerOf(kind)}`);
    } else if (!kinds[kind]!.named && name !== undefined) {
      findings.error(place, `the section takes no name: write ${headerOf(kind)}`);
    } else if (name !== undefined && !isSectionName(name)) {
      findings.error(place, 'bad name: after the colon use A-Z a-z 0-9 . _ - only');
    }
    return known;
  });
}

export function readSection<T extends Table>(
  table: T,
  section: Section,
  context: Context,
  findings: Findings,
): Reading<T> {
  const values: Record<string, unknown> = {};
  const lines = new Map<string, number>();
  const attempted = new Set<string>();
  let wrong = 0;
  const tell = (line: number, key: string, message: string): void => {
    wrong++;
    findings.error({ line, section: section.title, key }, message);
  };

  for (const { key, value, line } of section.entries) {
    const option = Object.hasOwn(table, key) ? table[key] : undefined;
    attempted.add(option ? key : (closest(key, Object.keys(table)) ?? key));
    lines.set(key, line);
    if (!option) tell(line, key, unknownKey(key, table));
    else if (value === undefined) wrong++;
    else {
      const parsed = option.parse(value, context);
      if ('wrong' in parsed) tell(line, key, parsed.wrong);
      else values[key] = parsed.value;
    }
  }
  for (const [key, option] of Object.entries(table)) {
    if (attempted.has(key)) continue;
    if (option.presence === 'required')
      tell(section.line, key, `is missing: write one, as in ${key} = ${option.text}`);
    if (option.presence !== 'default') continue;
    const parsed = option.parse(option.text, context);
    if ('value' in parsed) values[key] = parsed.value;
  }
  return {
    section,
    values: values as Partial<Values<T>>,
    // Each key was parsed by the parser that its type comes from, and none of those required is missing.
    complete: wrong === 0 ? (values as Values<T>) : undefined,
    lineOf: key => lines.get(String(key)) ?? section.line,
    attempted: key => attempted.has(String(key)),
  };
}

function unknownKey(key: string, table: Table): string {
  const near = closest(key, Object.keys(table));
  const homes = Object.keys(kinds).filter(kind => Object.hasOwn(kinds[kind]!.options, key));
  if (homes.length > 0) return `not a key of this section: it belongs in ${homes.map(headerOf).join(' or ')}`;
  if (near !== undefined) return `unknown key, did you mean "${near}"?`;
  return `unknown key: there are ${Object.keys(table).join(', ')}`;
}
