// ini text → sections and entries with their line numbers. Knows the syntax, but no section and no key.
import { isUtf8 } from 'node:buffer';
import type { Findings } from './findings.js';
import { inOneGo, type Steps } from '../slices.js';
import { decodeValue, hasControl } from './value.js';

export interface Entry {
  readonly key: string;
  /** Decoded; undefined where the value could not be read, which has been told already. */
  readonly value: string | undefined;
  readonly line: number;
}

/** `[rule:invoices]` is of the kind `rule` and has the name `invoices`; `[service]` has no name. */
export interface Section {
  readonly kind: string;
  readonly name: string | undefined;
  /** What stands between the brackets. */
  readonly title: string;
  readonly line: number;
  readonly entries: readonly Entry[];
}

interface OpenSection extends Section {
  readonly entries: Entry[];
}

/** Reads the whole text; whatever it cannot read it tells, and reads on. */
export function readSource(text: string | Uint8Array, findings: Findings): Section[] {
  return inOneGo(readingSource(text, findings));
}

/** As `readSource` in steps, as others wait meanwhile. */
export function* readingSource(text: string | Uint8Array, findings: Findings): Steps<Section[]> {
  const sections = new Map<string, OpenSection>();
  const given = new Map<string, Entry>();
  let current: OpenSection | undefined;
  let line = 0;
  for (const content of linesOf(text, findings)) {
    line++;
    yield;
    const tell = (message: string, key?: string): void => {
      findings.error({ line, section: current?.title ?? '', ...(key !== undefined && { key }) }, message);
    };
    // Also in comments: after a bare carriage return ini would find the next line.
    if (hasControl(content)) tell('a control character: delete it');
    else if (/^\s*(?:[;#]|$)/.test(content)) continue;
    else if (content.trimStart().startsWith('['))
      current = readHeader(content.trim(), line, sections, findings);
    else {
      const entry = readEntry(content, line, tell);
      if (!entry) continue;
      const first = current && given.get(nameOf(current, entry));
      if (!current) tell('stands before the first section: move it below its [section]', entry.key);
      else if (first) tell(`given already in line ${first.line}: keep one of the two`, entry.key);
      else {
        given.set(nameOf(current, entry), entry);
        current.entries.push(entry);
      }
    }
  }
  return [...sections.values()];
}

/** Of a key in all of the file: no title and no key holds a line end. */
function nameOf({ title }: Section, { key }: Entry): string {
  return `${title}\n${key}`;
}

/** The section that the header opens, or the one of that title that is there already. */
function readHeader(
  header: string,
  line: number,
  sections: Map<string, OpenSection>,
  findings: Findings,
): OpenSection {
  const [, inside, close, rest] = /^\[([^\]]*)(\]?)(.*)$/.exec(header)!;
  const title = (close === '' ? inside!.split(/[;#]/, 1)[0]! : inside!).trim();
  const tell = (message: string): void => {
    findings.error({ line, section: title }, message);
  };
  if (close === '') tell('the header has no closing "]"');
  else if (!/^\s*(?:[;#]|$)/.test(rest!)) tell('text after the "]": begin a new line, or a comment with ";"');
  const same = sections.get(title);
  if (same) {
    tell(`the section begins already in line ${same.line}: make one section of the two`);
    return same;
  }
  const [, kind, name] = /^([^:]*)(?::(.*))?$/.exec(title)!;
  const section = { kind: kind!, name, title, line, entries: [] };
  sections.set(title, section);
  return section;
}

function readEntry(
  content: string,
  line: number,
  tell: (message: string, key?: string) => void,
): Entry | undefined {
  const equals = content.indexOf('=');
  const left = content.slice(0, equals).trim();
  const key = left.replace(/\[\]$/, '');
  // The line itself is not shown in any of these: it may be a part of a password.
  if (equals === -1) tell('no "=" in this line: write key = value, all on one line');
  else if (key === '') tell('no key before the "="');
  else if (!/^[A-Za-z0-9_.-]+$/.test(key)) tell('not a key before the "=": keys are letters and underscores');
  else {
    if (key !== left) tell('there are no arrays here: write key = a, b, c without the []', key);
    const decoded = decodeValue(content.slice(equals + 1));
    if ('wrong' in decoded) tell(decoded.wrong, key);
    return { key, value: 'value' in decoded ? decoded.value : undefined, line };
  }
  return undefined;
}

/** The lines without their ends. Bytes that are not UTF-8 are told here, and read on as U+FFFD. */
function* linesOf(text: string | Uint8Array, findings: Findings): Generator<string, void, undefined> {
  if (typeof text === 'string') return yield* text.replace(/^\ufeff/, '').split(/\r?\n/);
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  if (/^(?:\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2))) {
    findings.error({ line: 1, section: '' }, 'the file is UTF-16: save it as UTF-8');
    return;
  }
  const lines = bytes
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .split(/\r?\n/);
  for (const [index, latin1] of lines.entries()) {
    const line = Buffer.from(latin1, 'latin1');
    if (!isUtf8(line)) findings.error({ line: index + 1, section: '' }, 'not UTF-8: save the file as UTF-8');
    yield line.toString();
  }
}
