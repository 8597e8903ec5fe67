// Edits of a Postfix: made on a copy to show what they do, and put in the place of the files, or not at all.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escaped } from '../printable.js';
import { CommandError } from '../exit.js';
import type { Change } from '../wiring/changes.js';
import { presentFor, type Edit } from '../wiring/edit.js';
import { unifiedDiff } from '../wiring/unified.js';
import { coloured, type Colour } from './colour.js';
import { apply, postfixProgram, readSettings } from './postconf.js';
import { readTexts, type Texts, writeRecord, writeTexts } from './wire-record.js';

/** The configuration of a Postfix. */
export interface Place {
  /** As the command line names it; undefined for that of the system. */
  readonly directory: string | undefined;
  readonly path: string;
}

/** What the edits would make of the files, as a difference. */
export async function preview({ path }: Place, edits: readonly Edit[]): Promise<string> {
  const before = await readTexts(path);
  const after = await edited(path, edits);
  const lines = (['main', 'master'] as const).flatMap(name =>
    unifiedDiff(join(path, `${name}.cf`), before[name].toString(), after[name].toString()),
  );
  return lines.map(line => `${inColour(escaped(line.replaceAll('\t', '        ')))}\n`).join('');
}

/**
 * What postconf makes of a copy that only this user can read. It would make another file of the original, for
 * everybody to read.
 */
async function edited(path: string, edits: readonly Edit[]): Promise<Texts> {
  const copy = await mkdtemp(join(tmpdir(), 'postseal-wire-'));
  try {
    for (const name of ['main.cf', 'master.cf']) await copyFile(join(path, name), join(copy, name));
    await apply(copy, edits);
    return await readTexts(copy);
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
 * @throws CommandError (69) where it does not like it, (74, 77) where a file cannot be written: then everything is as
 *   it was
 */
export async function applyChecked(
  { directory, path }: Place,
  edits: readonly Edit[],
  { earlier, changes }: Records,
): Promise<void> {
  const before = await readTexts(path);
  const after = await edited(path, edits);
  // Before the first edit: whatever stops us in the middle, --undo knows.
  if (changes.length > 0) await writeRecord(path, changes);
  try {
    await writeTexts(path, after);
    await postfixProgram('postfix', directory, ['check']);
  } catch (error) {
    await writeTexts(path, before);
    await writeRecord(path, earlier);
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      error.exitCode,
      ...error.lines,
      'Nothing was changed: main.cf and master.cf are as they were',
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
