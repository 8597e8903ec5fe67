// Files of the corpora as the messages that they hold, each once, as Postfix would hand them over.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Fetched } from './fetch.js';

export interface Message {
  /** The package that it comes from. */
  readonly source: string;
  /** Its file below the package's directory, with a number where the file holds several. */
  readonly name: string;
  /** With CRLF line ends. */
  readonly bytes: Buffer;
}

/** The messages of all sources without doubles; the first source that has one keeps it. */
export function* readMessages(fetched: readonly Fetched[]): Generator<Message> {
  const seen = new Set<string>();
  for (const { source, directory } of fetched) {
    for (const file of filesBelow(directory)) {
      const found = messagesIn(readFileSync(file));
      for (const [i, bytes] of found.entries()) {
        const hash = createHash('sha256').update(bytes).digest('base64');
        if (seen.has(hash)) continue;
        seen.add(hash);
        const name = relative(directory, file) + (found.length > 1 ? `#${i + 1}` : '');
        yield { source: source.package, name, bytes };
      }
    }
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

/** Nothing, one message, or those of a mailbox file. */
export function messagesIn(file: Buffer): Buffer[] {
  const text = file.toString('latin1');
  const parts = text.startsWith('From ') ? text.split(mboxLine).slice(1) : [text];
  return parts.filter(looksLikeMessage).map(asTransported);
}

/** `From sender Tue Nov 24 10:30:00 2026`, at the beginning or after an empty line, which belongs to it. */
const mboxLine = /(?:^|(?<=\n)\r?\n)From [^\n]*\d\d:\d\d[^\n]*\n/g;

/** A header block of at least two fields that messages have. */
function looksLikeMessage(text: string): boolean {
  const header = /^(?:[!-9;-~]{1,60}[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+(?=\r?\n|$)/.exec(text)?.[0] ?? '';
  const names = header
    .split('\n')
    .map(
      line =>
        /^(from|to|cc|subject|date|received|mime-version|content-type|message-id)[ \t]*:/i.exec(line)?.[1],
    )
    .filter(name => name !== undefined);
  return new Set(names.map(name => name.toLowerCase())).size >= 2;
}

/** Lines end in CRLF and the last one ends, as after SMTP; a bare CR stays what it is. */
function asTransported(text: string): Buffer {
  const lines = text.replace(/\r?\n/g, '\r\n');
  return Buffer.from(lines.endsWith('\r\n') ? lines : `${lines}\r\n`, 'latin1');
}
