// What `postseal wire` changed, beside the files that it changed: the record for `--undo`.
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, exit } from '../exit.js';
import type { Change } from '../wiring/changes.js';
import type { Edit } from '../wiring/edit.js';

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

/** Without changes it is taken away. */
export async function writeRecord(directory: string, changes: readonly Change[]): Promise<void> {
  const path = recordPath(directory);
  if (changes.length === 0) await rm(path, { force: true });
  else await writeAtomically(path, Buffer.from(`${JSON.stringify({ changes }, undefined, 2)}\n`), 0o600);
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

export async function restoreTexts(directory: string, texts: Texts): Promise<void> {
  for (const name of ['main', 'master'] as const) {
    const path = join(directory, `${name}.cf`);
    const { mode } = await stat(path);
    await writeAtomically(path, texts[name], mode & 0o7777);
  }
}

/** Whole or not at all, whatever happens meanwhile. */
async function writeAtomically(path: string, content: Buffer, mode: number): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    const file = await open(beside, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new CommandError(exit.osError, `${path}: cannot be written: ${(error as Error).message}`);
  }
}
