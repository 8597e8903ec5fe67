// Text that may hold anything, made fit for a journal or a terminal.

/** What a terminal would obey or show in another order, beyond what JSON escapes. */
const beyondJson = /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
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
