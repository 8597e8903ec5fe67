// The door to the file system: reads certificate and password files with bounds, and looks at their rights.
import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../printable.js';
import { Fault, type CertificateProblem, type OptionKey } from './fault.js';

/** Everything that this package needs of the world. */
export interface CertificateIo {
  readFile(path: string): Promise<Buffer>;
  stat(path: string): Promise<FileStatus>;
  readdir(path: string): Promise<readonly string[]>;
  /** Where systemd puts the credentials of the service. */
  readonly credentialsDirectory: string;
  now(): Date;
}

/** The part of fs.Stats that is looked at. */
export interface FileStatus {
  readonly mode: number;
  readonly size: number;
  isDirectory(): boolean;
  isFile(): boolean;
}

/* eslint-disable @typescript-eslint/require-await -- the interface is that of others, who take their time */
/**
 * The real world. Files are small and read at once: the way through a thread and back, five times a file, takes longer.
 * @param unit of systemd, whose credentials count where this process has none itself
 */
export function realIo(unit: string): CertificateIo {
  return {
    readFile: async path => readFileSync(path),
    stat: async path => statSync(path),
    readdir: async path => readdirSync(path),
    get credentialsDirectory() {
      return process.env['CREDENTIALS_DIRECTORY'] ?? join('/run/credentials', unit);
    },
    now: () => new Date(),
  };
}
/* eslint-enable @typescript-eslint/require-await */

export const nodeIo: CertificateIo = realIo('postseal.service');

/** Where a password comes from; the same shape as in the configuration. */
export type PasswordSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'inline'; readonly password: string };

/** A thousand certificates fit; what is larger is something else. */
const maximumSize = 1_048_576;

/**
 * Reads a whole file.
 * @throws Fault without the path in front
 */
export async function readBounded(path: string, io: CertificateIo): Promise<{ bytes: Buffer; mode: number }> {
  try {
    const status = await io.stat(path);
    if (status.isDirectory()) throw new Fault('is a directory; name a file in it');
    // Reading a FIFO or a device might never end.
    if (!status.isFile()) throw new Fault('is not a regular file');
    if (status.size > maximumSize) {
      throw new Fault(
        `is too large for a certificate or a password (${status.size} bytes; at most ${maximumSize})`,
      );
    }
    return { bytes: await io.readFile(path), mode: status.mode };
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(reason(error, `chmod 0640 ${quoted(path)}`));
  }
}

const credentialPrefix = 'credential:';

/**
 * Reads what the ini file names.
 * @param place a path, or `credential:NAME`
 * @throws Fault without the place in front
 */
export async function readPlace(place: string, io: CertificateIo): Promise<{ bytes: Buffer; mode: number }> {
  if (!place.startsWith(credentialPrefix)) return readBounded(place, io);
  const path = await credentialPath(place.slice(credentialPrefix.length), io);
  const { bytes } = await readBounded(path, io);
  // systemd guards its credentials itself.
  return { bytes, mode: 0 };
}

/** The names in a directory, in code unit order. @throws Fault without the path in front */
export async function readDirectory(path: string, io: CertificateIo): Promise<string[]> {
  try {
    return [...(await io.readdir(path))].sort();
  } catch (error) {
    throw new Fault(reason(error, `chmod 0750 ${quoted(path)}`));
  }
}

function reason(error: unknown, chmod: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'ENOTDIR') return 'is not in a directory: a part of the path is a file';
  if (code !== 'EACCES' && code !== 'EPERM') return `cannot be read (${code})`;
  return `may not be read by this user; give it to the group of the service and "${chmod}"`;
}

/** A warning if others than owner and group may use a secret, or the group may change it. */
export function checkRights(path: string, mode: number, key: OptionKey): CertificateProblem[] {
  if ((mode & 0o077 & ~0o040) === 0) return [];
  const rights = (mode & 0o7777).toString(8).padStart(4, '0');
  const message = `${path}: is a secret, but has the rights ${rights}; restrict it with "chmod 0640 ${quoted(path)}"`;
  return [{ key, message }];
}

/** The option that names this source in the ini file. */
export function passwordOption(source: PasswordSource): OptionKey {
  if (source.kind === 'credential') return 'password_credential';
  return source.kind === 'inline' ? 'password' : 'password_file';
}

/**
 * Reads a password: the first line without its line end.
 * @returns the password, undefined where none is named
 * @throws Fault with the path in front
 */
export async function readPassword(
  source: PasswordSource,
  io: CertificateIo,
): Promise<{ password: string | undefined; warnings: CertificateProblem[] }> {
  if (source.kind === 'none') return { password: undefined, warnings: [] };
  if (source.kind === 'inline') return { password: source.password, warnings: [] };
  const place = source.kind === 'file' ? source.path : credentialPrefix + source.name;
  const { bytes, mode } = await readPlace(place, io).catch((error: unknown) => {
    throw new Fault(`${place}: ${(error as Error).message}`, 'password');
  });
  const password = firstLine(bytes);
  if (password === '') throw new Fault(`${place}: has no password in its first line`, 'password');
  return { password, warnings: checkRights(place, mode, 'password_file') };
}

/** A password as people save it: UTF-8 without a byte order mark, or Latin-1 where it cannot be that. */
export function firstLine(bytes: Buffer): string {
  const end = bytes.indexOf('\n');
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  const text = isUtf8(line) ? new TextDecoder().decode(line) : line.toString('latin1');
  return text.replace(/\r$/, '');
}

/** @throws Fault without the place in front */
async function credentialPath(name: string, io: CertificateIo): Promise<string> {
  // systemd.exec(5): an identifier is a valid file name; a path would lead out of the directory.
  if (name === '' || name.includes('/') || name === '.' || name === '..')
    throw new Fault('is no name of a credential: no "/" in it');
  const { credentialsDirectory } = io;
  const path = join(credentialsDirectory, name);
  const obstacle = async (path: string): Promise<string | undefined> =>
    io.stat(path).then(
      () => undefined,
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
  if ((await obstacle(credentialsDirectory)) !== undefined)
    throw new Fault(
      `${credentialsDirectory} does not exist: systemd makes it while the service runs, where its unit says LoadCredential=${name}:/path/of/it`,
    );
  const why = await obstacle(path);
  if (why === 'EACCES') throw new Fault('only root and the service may read it');
  if (why === 'ENOENT')
    throw new Fault(
      `not among what systemd hands in: say LoadCredential=${name}:/path/of/it in the unit, and restart the service`,
    );
  return path;
}
