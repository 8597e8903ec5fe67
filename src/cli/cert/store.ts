// Keys and certificates onto the disk: whole or not at all, never over another file, and for root and one group alone.
import { randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { quoted } from '../../printable.js';
import { CommandError, exit } from '../../exit.js';

/** The service reads it. */
export const secretMode = 0o640;
/** Root alone reads it. */
export const rootMode = 0o600;

/** The error for people of one of the system. */
export function writeError(path: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST')
    return new CommandError(
      exit.cantCreate,
      `${path}: is there already, and nothing is overwritten; choose another name`,
    );
  if (code === 'EACCES' || code === 'EPERM')
    return new CommandError(
      exit.noPermission,
      `${path}: this user may not do that; run it as root, as with sudo`,
    );
  return new CommandError(exit.ioError, `${path}: cannot be written (${code ?? message})`);
}

/**
 * The group that may read what is stored beside the ini file: that of its directory, or where that is root's,
 * its own.
 */
export async function groupFor(ini: string): Promise<number | undefined> {
  const [directory, file] = await Promise.all(
    [dirname(ini), ini].map(path => stat(path).catch(() => undefined)),
  );
  return directory?.gid || file?.gid || undefined;
}

/** A warning where that group does not get into a directory, which was there already. */
export async function closedTo(directory: string, group = 0): Promise<string[]> {
  const { mode, gid } = await stat(directory);
  if ((mode & (gid === group ? 0o010 : 0o001)) !== 0) return [];
  const path = quoted(directory);
  return [
    `${directory}: the group of the ini file, and so the service, does not get in; "chgrp ${group} ${path} && chmod g+x ${path}"`,
  ];
}

/** Makes a directory where there is none; one that is there stays as it is. */
export async function makeDirectory(path: string, mode: number, group: number | undefined): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await give(path, mode, group);
    await sync(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(path, error);
  }
}

/** Writes a new file. @throws CommandError (73, 74, 77) */
export async function writeNew(
  path: string,
  content: Buffer,
  mode: number,
  group: number | undefined,
): Promise<void> {
  const temporary = beside(path);
  try {
    await writeSynced(temporary, content, () => give(temporary, mode, group));
    await link(temporary, path); // unlike rename, never over another file
    // What waits for it, as the key of a request, is deleted then.
    await sync(dirname(path)).catch(async (error: unknown) => {
      await unlink(path);
      throw error;
    });
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Writes a file in the place of one, for the same owner, with the same rights. @throws CommandError (74, 77) */
export async function replaceFile(path: string, content: Buffer): Promise<void> {
  const temporary = beside(path);
  try {
    const { uid, gid, mode } = await stat(path);
    await writeSynced(temporary, content, async () => {
      const made = await stat(temporary);
      if (made.uid !== uid || made.gid !== gid) await chown(temporary, uid, gid);
      await chmod(temporary, mode & 0o7777);
    });
    await rename(temporary, path);
    await trySync(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** Moves a file to a name that nobody has. @returns its new path */
export async function moveAway(path: string, to: string): Promise<string> {
  for (let n = 1; ; n++) {
    const target = n === 1 ? to : `${to}.${n}`;
    try {
      await link(path, target);
      await unlink(path);
      await trySync(dirname(target));
      await trySync(dirname(path));
      return target;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(path, error);
    }
  }
}

function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
}

/** @param ready before anybody can find it under its name */
async function writeSynced(path: string, content: Buffer, ready: () => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await ready();
    await file.sync();
  } finally {
    await file.close();
  }
}

async function give(path: string, mode: number, group: number | undefined): Promise<void> {
  if (group !== undefined && (await stat(path)).gid !== group) await chown(path, -1, group);
  await chmod(path, mode);
}

/** A name is on the disk once its directory is. */
async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

/** After what counts already: an error now would tell of what has not failed. */
async function trySync(directory: string): Promise<void> {
  await sync(directory).catch(() => undefined);
}
