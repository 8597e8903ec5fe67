// Reads a dialog: an SMTP conversation as a file. What the notation means stands in dialog.test.ts.

/** One step of a dialog, in the order of the file; clients have names, the only one mostly the empty one. */
export interface DialogStep {
  /** Something that happens; what a client sends, in one packet; what it must hear. */
  readonly kind: 'stage' | 'send' | 'hear';
  readonly client: string;
  readonly lines: readonly string[];
  /** What the return port must receive because of it. */
  readonly returned: readonly ReturnLine[];
}

/** A line for the return port. */
export interface ReturnLine {
  readonly line: string;
  /** What it says to that; empty where it behaves as usual. */
  readonly answers: readonly string[];
}

export interface Dialog {
  readonly steps: readonly DialogStep[];
  /** Lines of the journal, in order. */
  readonly journal: readonly string[];
}

type Draft = Pick<DialogStep, 'kind' | 'client'> & {
  lines: string[];
  returned: { line: string; answers: string[] }[];
};

const kinds = { '!': 'stage', '->': 'send', '<-': 'hear' } as const;

/** @throws Error with the number of a line that cannot be read */
export function readDialog(text: string): Dialog {
  const steps: Draft[] = [];
  const journal: string[] = [];
  let previous = '';
  text.split('\n').forEach((line, index) => {
    const wrong = (why: string): Error => new Error(`line ${index + 1}: ${why}: ${line}`);
    if (/^(?:#|$)/.test(line)) {
      previous = '';
      return;
    }
    const [, client, mark, content = ''] = /^(\w*)(!|->|<-|=>|<=|::)(?: (.*))?$/.exec(line) ?? [];
    if (client === undefined || mark === undefined) throw wrong('no such notation');
    const last = steps.at(-1);
    const lines = repeated(content);
    if (mark === '::') journal.push(content);
    else if (mark === '=>') {
      if (!last) throw wrong('nothing went before it');
      last.returned.push(...lines.map(each => ({ line: each, answers: [] })));
    } else if (mark === '<=') {
      const asked = last?.returned.at(-1);
      if (!asked) throw wrong('it answers nothing');
      asked.answers.push(content);
    } else if (last && mark !== '!' && previous === client + mark) last.lines.push(...lines);
    else steps.push({ kind: kinds[mark as keyof typeof kinds], client, lines, returned: [] });
    previous = client + mark;
  });
  return { steps, journal };
}

/** `3 × RCPT TO:<b#@example.net>` as three lines, with # as the number of each. */
function repeated(content: string): string[] {
  const [, count, line = ''] = /^(\d+) × (.*)$/.exec(content) ?? [];
  if (count === undefined) return [content];
  return Array.from({ length: Number(count) }, (_, i) => line.replaceAll('#', String(i + 1)));
}

/** The octets of a line to send: escapes read, and CRLF behind it unless it ends in a lone backslash. */
export function encodeLine(line: string): Buffer {
  const open = /(?:^|[^\\])(?:\\\\)*\\$/.test(line);
  const pieces = (open ? line.slice(0, -1) : line).split(/(\\(?:[rn\\]|x[0-9a-fA-F]{2}))/).map(piece => {
    if (piece === '\\r') return Buffer.from('\r');
    if (piece === '\\n') return Buffer.from('\n');
    if (piece === '\\\\') return Buffer.from('\\');
    return piece.startsWith('\\x') ? Buffer.from(piece.slice(2), 'hex') : Buffer.from(piece);
  });
  return Buffer.concat([...pieces, Buffer.from(open ? '' : '\r\n')]);
}

/** Octets as lines of the notation. */
export function decodeLines(octets: Buffer): string[] {
  const lines = octets.toString('latin1').split('\r\n').map(decodeLine);
  const unfinished = lines.pop()!;
  return unfinished === '' ? lines : [...lines, `${unfinished}\\`];
}

function decodeLine(latin1: string): string {
  const utf8 = Buffer.from(latin1, 'latin1').toString();
  const isUtf8 = !utf8.includes('\ufffd');
  return (isUtf8 ? utf8 : latin1)
    .replace(/\\/g, '\\\\')
    .replace(/\r/g, '\\r')
    .replace(/\n/g, '\\n')
    .replace(
      isUtf8 ? /[\0-\x08\x0b-\x1f\x7f]/g : /[^\t\x20-\x7e]/g,
      c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}

/** Whether a line is as expected; `…` stands for any text. */
export function matchesLine(got: string, want: string): boolean {
  const pattern = want.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/…/g, '.*');
  return new RegExp(`^${pattern}$`, 's').test(got);
}

/** Whether lines are as expected; a line that is only `…` stands for any number of them. */
export function matchesLines(got: readonly string[], want: readonly string[]): boolean {
  const [first, ...rest] = want;
  if (first === undefined) return got.length === 0;
  if (first === '…') return [...got, ''].some((_, skip) => matchesLines(got.slice(skip), rest));
  return got.length > 0 && matchesLine(got[0]!, first) && matchesLines(got.slice(1), rest);
}
