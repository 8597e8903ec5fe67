// Edits of a Postfix: tried on a copy to show what they do, then made for real, or not at all.
import { copyFile, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escaped } from '../printable.js';
import { CommandError, exit } from '../exit.js';
import type { Change } from '../wiring/changes.js';
import { presentFor, type Edit } from '../wiring/edit.js';
import { unifiedDiff } from '../wiring/unified.js';
import { coloured, type Colour } from './colour.js';
import { apply, postfixProgram, readSettings } from './postconf.js';
import { readTexts, restoreTexts, writeRecord } from './wire-record.js';

/** The configuration of a Postfix. */
export interface Place {
  /** As the command line names it; undefined for that of the system. */
  readonly directory: string | undefined;
  readonly path: string;
}

/** What the edits would make of the files, as a difference. */
export async function preview({ path }: Place, edits: readonly Edit[]): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'postseal-wire-'));
  try {
    for (const name of ['main.cf', 'master.cf']) {
      await copyFile(join(path, name), join(copy, name));
      // Of a main.cf that has changed just now postconf waits for more.
      await utimes(join(copy, name), 0, 0);
    }
    const before = await readTexts(copy);
    await apply(copy, edits);
    const after = await readTexts(copy);
    const lines = (['main', 'master'] as const).flatMap(name =>
      unifiedDiff(join(path, `${name}.cf`), before[name].toString(), after[name].toString()),
    );
    return lines.map(line => `${inColour(escaped(line.replaceAll('\t', '        ')))}\n`).join('');
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

const colours: Readonly<Record<string, Colour>> = { '+': 'green', '-': 'red', '@': 'cyan' };

function inColour(line: string): string {
  const colour = colours[line[0] ?? ''];
  return colour ? coloured(colour, line) : line;
}

/** The record as it is, and as it is to be. */
export interface Records {
  readonly earlier: readonly Change[];
  readonly changes: readonly Change[];
}

/**
 * Makes the edits, and has Postfix check the result.
 * @throws CommandError (69) where it does not like it: then everything is as it was
 */
export async function applyChecked(
  { directory, path }: Place,
  edits: readonly Edit[],
  { earlier, changes }: Records,
): Promise<void> {
  const texts = await readTexts(path);
  // Before the first edit: whatever stops us in the middle, --undo knows.
  if (changes.length > 0) await writeRecord(path, changes);
  try {
    await apply(directory, edits);
    await postfixProgram('postfix', directory, ['check']);
  } catch (error) {
    await restoreTexts(path, texts);
    await writeRecord(path, earlier);
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      exit.unavailable,
      `${error.message}\nNothing was changed: main.cf and master.cf are as they were`,
    );
  }
  if (changes.length === 0) {
    await writeRecord(path, changes);
    return;
  }
  // As postconf writes them down, with the options that further edits gave an entry.
  const settings = await readSettings(directory);
  await writeRecord(
    path,
    changes.map(({ before, after }) => ({ before, after: presentFor(after, settings) })),
  );
}
