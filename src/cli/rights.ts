// Who may do what with the files of the ini file: looks at their rights, and at the users who need them.
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isIssuerFile, isMemberFile } from '../certs/directory.js';
import { nodeIo, readBounded } from '../certs/files.js';
import { isPem } from '../certs/pem.js';
import type { Config, PasswordSource } from '../config/config.js';
import type { Finding } from '../wiring/finding.js';
import {
  findingsOfEntry,
  findingsOfMembers,
  type Entry,
  type Role,
  type User,
} from '../wiring/findings-rights.js';
import type { PostfixSettings } from '../wiring/settings.js';

/** As packaging/install.sh and the systemd unit have it, the user and the group. */
const serviceUser = 'postseal';

export async function findingsOfRights(config: Config, settings: PostfixSettings): Promise<Finding[]> {
  const service = await findUser(serviceUser);
  const postfix = await findUser(settings.main('mail_owner'));
  const { listen, return: back } = config.service;
  const files: [string, Role][] = [[resolve(config.file), 'ini'], ...(await filesOf(config))];
  const sockets: [string, Role, User | undefined, string][] = [];
  if (listen.kind === 'unix') sockets.push([listen.path, 'listen', postfix, settings.main('mail_owner')]);
  if (back.kind === 'unix') sockets.push([back.path, 'return', service, settings.main('setgid_group')]);
  const found = await Promise.all([
    ...files.map(async ([path, role]) =>
      findingsOfEntry(await look(path), role, service ? [service] : [], serviceUser),
    ),
    ...sockets.map(async ([path, role, user, group]) =>
      findingsOfEntry(await look(path), role, user ? [user] : [], group),
    ),
  ]);
  const members =
    service && postfix
      ? findingsOfMembers(
          service,
          postfix,
          sockets.some(([, role]) => role === 'listen'),
        )
      : [];
  return [...once(found.flat()), ...members];
}

/** The same directory holds many files. */
function once(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ subject, text }) => {
    const known = seen.has(`${subject}\0${text}`);
    seen.add(`${subject}\0${text}`);
    return !known;
  });
}

/** What the service reads, and whether it is to be kept from others. What systemd hands in, systemd guards. */
export async function filesOf({ certificates, directories, events }: Config): Promise<[string, Role][]> {
  const secret = (path: string): [string, Role] => [path, 'secret'];
  const passwords = (source: PasswordSource): string[] => (source.kind === 'file' ? [source.path] : []);
  const { authorization } = events.webhook ?? {};
  const named = certificates.flatMap(({ file, keyFile, chainFile }) => [file, keyFile, chainFile]);
  const inDirectories = directories.map(async ({ directory }) => {
    const names = await readdir(directory).catch(() => []);
    return names.filter(name => isMemberFile(name) || isIssuerFile(name)).map(name => join(directory, name));
  });
  const holders = [...named, ...(await Promise.all(inDirectories)).flat()]
    .filter(path => path !== undefined)
    .filter(path => !path.startsWith('credential:'));
  return [
    ...(await Promise.all(
      holders.map(async (path): Promise<[string, Role]> => [
        path,
        (await holdsKey(path)) ? 'secret' : 'public',
      ]),
    )),
    ...[...certificates, ...directories].flatMap(({ password }) => passwords(password)).map(secret),
    ...(authorization ? [secret(authorization.path)] : []),
  ];
}

/** Of what cannot be looked into, as PKCS#12, the worse is assumed. */
async function holdsKey(path: string): Promise<boolean> {
  try {
    const { bytes } = await readBounded(path, nodeIo);
    const text = bytes.toString('latin1');
    if (isPem(text)) return text.includes('PRIVATE KEY-----');
    new X509Certificate(bytes); // in DER
    return false;
  } catch {
    return true;
  }
}

/** Of a link also the way to that which it leads to. */
export async function look(path: string): Promise<Entry> {
  const target = await realpath(path).catch(() => undefined);
  const parts = new Set([path, target ?? path].flatMap(directoriesOf));
  const way: Entry['way'][number][] = [];
  for (const part of [...parts, path]) {
    const status = await stat(part).catch(() => undefined);
    if (!status || (part === path && status.isDirectory())) return { path, way, found: false };
    way.push({ path: part, mode: status.mode, uid: status.uid, gid: status.gid });
  }
  return { path, way, found: true };
}

/** Those above it, from / on. */
function directoriesOf(path: string): string[] {
  const up = dirname(path);
  return up === path ? [] : [...directoriesOf(up), up];
}

/** Undefined where there is no such user. */
async function findUser(name: string): Promise<User | undefined> {
  const id = async (option: string): Promise<number[]> => {
    const { stdout } = await promisify(execFile)('id', [option, '--', name]);
    return stdout.trim().split(' ').map(Number);
  };
  try {
    const [[uid], gids] = await Promise.all([id('-u'), id('-G')]);
    return { name, uid: uid!, gids };
  } catch {
    return undefined;
  }
}
