// Text that may hold anything, made fit for a journal or a terminal.

/** What a terminal would obey or show in another order, beyond what JSON escapes. */
const beyondJson = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const unprintable = new RegExp(`[\\0-\\x1f]|${beyondJson.source}`, 'g');
const unprintableRun = new RegExp(`(?:${unprintable.source})+`, 'g');

/** With a space for what cannot be printed: what is left is one line. */
export function oneLine(text: string): string {
  return text.replace(unprintableRun, ' ');
}

/** With escapes as in JSON for what cannot be printed. */
export function escaped(text: string): string {
  return text.replace(unprintable, escape);
}

/** JSON, with the rest of it escaped too. */
export function printableJson(json: string): string {
  return json.replace(beyondJson, escape);
}

/** The beginning of what is long: a value may have megabytes. @param most so many characters are told */
export function shortened(text: string, most = 200): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** A value in a sentence. */
export function inQuotes(text: string): string {
  return `"${shortened(text)}"`;
}

/** As one word of a shell command. */
export function quoted(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `1 rule`, `2 rules`. */
export function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `2026-11-22`, in UTC. */
export function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}
