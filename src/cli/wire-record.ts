// What `postseal wire` changed, beside the files that it changed: the record for `--undo`.
import { existsSync } from 'node:fs';
import { readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, exit } from '../exit.js';
import type { Change } from '../wiring/changes.js';
import type { Edit } from '../wiring/edit.js';
import { replaceFile, rootMode, writeError, writeNew } from './cert/store.js';
import { settle } from './postconf.js';

const fileName = 'postseal-wire.json';

export function recordPath(directory: string): string {
  return join(directory, fileName);
}

/** Empty where there is none. @throws CommandError (66) where it cannot be read or is something else */
export async function readRecord(directory: string): Promise<readonly Change[]> {
  const path = recordPath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new CommandError(exit.noInput, `${path}: cannot be read (${code})`);
  }
  try {
    const { changes } = JSON.parse(text) as { changes: Change[] };
    if (changes.every(({ before, after }) => isEdit(before) && isEdit(after))) return changes;
  } catch {
    // Told below.
  }
  throw new CommandError(
    exit.noInput,
    `${path}: is not what "postseal wire" writes; put it aside to go on without`,
  );
}

/** What is undone is what the record says, by root: whatever is in it has to be an edit, and no more. */
function isEdit(value: Edit): boolean {
  const words = value.kind === 'main' ? [value.name] : [value.service];
  if (value.kind === 'option') words.push(value.name);
  return (
    ['main', 'option', 'service'].includes(value.kind) &&
    words.every(word => typeof word === 'string' && /^[^\s=-]\S*$/.test(word)) &&
    (value.value === undefined || (typeof value.value === 'string' && !value.value.includes('\n')))
  );
}

/** Without changes it is taken away. @throws CommandError (74, 77) */
export async function writeRecord(directory: string, changes: readonly Change[]): Promise<void> {
  const path = recordPath(directory);
  if (changes.length === 0) {
    return rm(path, { force: true }).catch((error: unknown) => {
      throw writeError(path, error);
    });
  }
  const content = Buffer.from(`${JSON.stringify({ changes }, undefined, 2)}\n`);
  if (existsSync(path)) return replaceFile(path, content);
  return writeNew(path, content, rootMode, undefined);
}

/** main.cf and master.cf as they are. */
export interface Texts {
  readonly main: Buffer;
  readonly master: Buffer;
}

export async function readTexts(directory: string): Promise<Texts> {
  const read = (name: string): Promise<Buffer> => readFile(join(directory, name));
  const [main, master] = await Promise.all([read('main.cf'), read('master.cf')]);
  return { main, master };
}

/** Each where it is: a link stays one. Owner and rights stay as well. @throws CommandError (74, 77) */
export async function writeTexts(directory: string, texts: Texts): Promise<void> {
  const present = await readTexts(directory);
  for (const name of ['main', 'master'] as const) {
    if (present[name].equals(texts[name])) continue;
    const path = await realpath(join(directory, `${name}.cf`));
    await replaceFile(path, texts[name]);
    await settle(path);
  }
}
