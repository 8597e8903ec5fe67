// What the ini files lead to: such a file stays where it is, whatever becomes of the section that named it.
import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { sectionsIn } from '../../config/edit.js';
import { readText } from '../../service/load.js';
import type { Place } from './place.js';
import { moveAway, writeError } from './store.js';

const pathKeys = ['file', 'key', 'chain', 'password_file', 'directory'];

/** Files and directories by their real paths, each with who names it: `[certificate:billing]`. */
export type Needs = Map<string, string>;

/**
 * Of every ini file in the directory: the instances of the service share its certificates.
 * @param text what this ini file says, or is to say
 */
export async function needsOf({ ini, directory }: Place, text: Buffer): Promise<Needs> {
  const own = await realPath(ini);
  const names = await readdir(directory).catch((error: unknown) => {
    throw writeError(directory, error);
  });
  const needs: Needs = new Map();
  const add = async (content: Buffer, where: string): Promise<void> => {
    for (const { title, entries } of sectionsIn(content))
      for (const { key, value } of entries)
        if (value !== undefined && pathKeys.includes(key))
          needs.set(await realPath(resolve(directory, value)), `[${title}]${where}`);
  };
  for (const path of names.filter(name => name.endsWith('.ini')).map(name => join(directory, name)))
    if ((await realPath(path)) !== own) await add(await readText(path), ` of ${path}`);
  await add(text, '');
  return needs;
}

/** Why a file stays where it is; undefined for one that can be moved away. */
export async function whyItStays(
  path: string,
  { directory }: Place,
  needs: Needs,
): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (!status) return 'it is not there';
  // Whoever overwrites it then would overwrite what its other name stands for.
  if (!status.isFile() || status.nlink > 1) return 'it is a link, or no file';
  const real = await realPath(path);
  if (!real.startsWith((await realPath(directory)) + sep)) return `it is not below ${directory}`;
  const who = needs.get(real) ?? needs.get(dirname(real));
  return who === undefined ? undefined : `${who} leads to it`;
}

export interface Moves {
  /** The new paths. */
  readonly moved: readonly string[];
  /** A sentence for each file that stays. */
  readonly staying: readonly string[];
}

/** Moves away what can be. @param target the new path of a file, where nobody has it */
export async function moveUnneeded(
  paths: readonly string[],
  place: Place,
  needs: Needs,
  target: (path: string) => string,
): Promise<Moves> {
  const moved: string[] = [];
  const staying: string[] = [];
  for (const path of paths) {
    const why = await whyItStays(path, place, needs);
    if (why === undefined) moved.push(await moveAway(path, target(path)));
    else staying.push(`${path} is not moved: ${why}.`);
  }
  return { moved, staying };
}

/** As it is where there is no such file. */
export function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
