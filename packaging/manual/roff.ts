// Manual pages in the man(7) macros that groff and mandoc both know. Text goes in as it is to be read: whatever roff
// would take for its own is escaped here, and nowhere else.

/** Hyphens as well, all of them: an option or a value may be copied from the page. */
const special: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

export function escaped(text: string): string {
  return text.replace(
    /[\\\-'`^~]|[^\n\x20-\x7e]/gu,
    c => special[c] ?? `\\[u${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}

export const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;
export const italic = (text: string): string => `\\fI${escaped(text)}\\fR`;

/** A macro with its arguments, each one argument whatever is in it. */
export function macro(name: string, ...args: readonly string[]): string {
  return [`.${name}`, ...args.map(arg => `"${escaped(arg).replaceAll('"', '\\(dq')}"`)].join(' ');
}

/** What of a text is bold and what italic, each by a regular expression with the flag g. */
export interface Marks {
  readonly bold: RegExp;
  readonly italic?: RegExp;
}

/** Text with marks, which do not overlap; a line for each sentence, so that a change is seen in its own. */
export function prose(text: string, marks: Marks): string[] {
  return text.split(/(?<=[a-z)"]\.) (?=[A-Z("])/).map(sentence => atLineStart(marked(sentence, marks)));
}

/** On one line, for the heads of lists and for usages. */
export function marked(text: string, { bold: strong, italic: stands }: Marks): string {
  const found = [
    ...[...text.matchAll(strong)].map(match => ({ match, as: bold })),
    ...(stands ? [...text.matchAll(stands)].map(match => ({ match, as: italic })) : []),
  ].sort((a, b) => a.match.index - b.match.index);
  let line = '';
  let end = 0;
  for (const { match, as } of found) {
    if (match.index < end) continue;
    line += escaped(text.slice(end, match.index)) + as(match[0]);
    end = match.index + match[0].length;
  }
  return line + escaped(text.slice(end));
}

/** As it stands, indented: an example, a listing. */
export function verbatim(lines: readonly string[]): string[] {
  return ['.PP', '.RS 4', '.EX', ...lines.map(line => atLineStart(escaped(line))), '.EE', '.RE'];
}

/** A list of heads with paragraphs; a paragraph may have several heads. */
export function item(heads: readonly string[], body: readonly string[]): string[] {
  return ['.TP', ...heads.flatMap((head, i) => [...(i > 0 ? ['.TQ'] : []), atLineStart(head)]), ...body];
}

export function paragraphs(texts: readonly string[], marks: Marks): string[] {
  return texts.flatMap((text, i) => [...(i > 0 ? ['.PP'] : []), ...prose(text, marks)]);
}

export type Entries = readonly (readonly [head: string, text: string])[];

export function list(entries: Entries, marks: Marks): string[] {
  return entries.flatMap(([head, text]) => item([bold(head)], prose(text, marks)));
}

/** A dot there would make it a request; so would an apostrophe, which is escaped by now. */
function atLineStart(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line;
}

export interface Title {
  readonly name: string;
  readonly section: 5 | 8;
  readonly manual: string;
  /** What whatis(1) tells. */
  readonly summary: string;
}

export interface Release {
  readonly version: string;
  /** Empty before it. */
  readonly date: string;
}

export function page(
  { name, section, manual, summary }: Title,
  { version, date }: Release,
  body: readonly (readonly string[])[],
): string {
  const lines = [
    '.\\" Made of the sources by: npm run generate',
    macro('TH', name.toUpperCase(), String(section), date, `Postseal ${version}`, manual),
    // Neither stretched nor broken within words: names and values stand in the text.
    '.nh',
    '.ad l',
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(summary)}`,
    ...body.flat(),
  ];
  return lines.map(line => `${line}\n`).join('');
}
