// Changes of the ini file's text: the lines that change, every other byte as it was.
import { Findings } from './findings.js';
import { readSource, type Section } from './source.js';

/** Keys with their new values; undefined takes the line away. The values are ASCII, without a `;`, `#` or quote. */
export type Changes = Readonly<Record<string, string | undefined>>;

/** The sections of a text, however wrong they may be otherwise. */
export function sectionsIn(text: Buffer): Section[] {
  return readSource(text, new Findings(''));
}

/** With a section at the end. */
export function appendSection(text: Buffer, title: string, entries: Changes): Buffer {
  const end = endOfLine(text);
  const before = text.toString('latin1');
  const gap = before === '' ? '' : before.endsWith('\n') ? end : end + end;
  const lines = Object.entries(entries).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} = ${value}`],
  );
  return latin1(before + gap + [`[${title}]`, ...lines].map(line => line + end).join(''));
}

/** With other values in a section that is there; a key that is not there yet comes below the first one that is. */
export function changeSection(text: Buffer, title: string, changes: Changes): Buffer {
  const lines = linesOf(text);
  const section = find(text, title);
  const added: string[] = [];
  for (const [key, value] of Object.entries(changes)) {
    const entry = section.entries.find(e => e.key === key);
    if (!entry && value !== undefined) added.push(`${key} = ${value}${endOfLine(text)}`);
    else if (entry)
      lines[entry.line - 1] = value === undefined ? '' : withValue(lines[entry.line - 1]!, value);
  }
  const first = (section.entries[0]?.line ?? section.line) - 1;
  if (added.length > 0 && /[^\n]$/.test(lines[first]!)) lines[first] = lines[first]! + endOfLine(text);
  lines[first] = lines[first]! + added.join('');
  return latin1(lines.join(''));
}

/** Without a section: from its header to its last key. Comments above and below stay. */
export function removeSection(text: Buffer, title: string): Buffer {
  const lines = linesOf(text);
  const section = find(text, title);
  let first = section.line - 1;
  let end = section.entries.at(-1)?.line ?? section.line;
  // One of the empty lines around it.
  const isEmpty = (line: string | undefined): boolean => line?.trim() === '';
  if (isEmpty(lines[end]) && (first === 0 || isEmpty(lines[first - 1]))) end++;
  else if (end === lines.length && isEmpty(lines[first - 1])) first--;
  lines.splice(first, end - first);
  return latin1(lines.join(''));
}

function find(text: Buffer, title: string): Section {
  const section = sectionsIn(text).find(s => s.title === title);
  if (!section) throw new Error(`no section ${title}`);
  return section;
}

/** A comment behind the value stays. */
function withValue(line: string, value: string): string {
  const parts =
    /^([^=]*=[ \t]*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|.*?)((?:[ \t]+(?:;.*|#(?:[ \t].*)?))?[ \t]*\r?\n?)$/.exec(
      line,
    );
  return `${parts![1]!}${value}${parts![2]!}`;
}

/** With their ends. Octets stand for characters: what is ASCII can be found, the rest stays what it is. */
function linesOf(text: Buffer): string[] {
  return text.toString('latin1').split(/(?<=\n)/);
}

function endOfLine(text: Buffer): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
