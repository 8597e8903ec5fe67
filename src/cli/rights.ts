// Who may do what with the files of the ini file: looks at their rights, and at the users who need them.
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Config, PasswordSource } from '../config/config.js';
import type { Finding } from '../wiring/finding.js';
import { findingsOfEntry, type Entry, type Role, type User } from '../wiring/findings-rights.js';
import type { PostfixSettings } from '../wiring/settings.js';

/** As packaging/install.sh and the systemd unit have it, the user and the group. */
const serviceUser = 'postseal';

export async function findingsOfRights(config: Config, settings: PostfixSettings): Promise<Finding[]> {
  const service = await findUser(serviceUser);
  const postfix = await findUser(settings.main('mail_owner'));
  const { listen, return: back } = config.service;
  const files: [string, Role][] = [
    [resolve(config.file), 'ini'],
    ...(await secretsOf(config)).map((path): [string, Role] => [path, 'secret']),
  ];
  const sockets: [string, User | undefined, string][] = [
    ...(listen.kind === 'unix' ? ([[listen.path, postfix, serviceUser]] as const) : []),
    ...(back.kind === 'unix' ? ([[back.path, service, settings.main('setgid_group')]] as const) : []),
  ].map(([path, user, group]) => [path, user, group]);
  const found = await Promise.all([
    ...files.map(async ([path, role]) =>
      findingsOfEntry(await look(path), role, service ? [service] : [], serviceUser),
    ),
    ...sockets.map(async ([path, user, group]) =>
      findingsOfEntry(await look(path), 'socket', user ? [user] : [], group),
    ),
  ]);
  return once(found.flat());
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

/** Files with a key or a password in them. */
async function secretsOf({ certificates, directories, events }: Config): Promise<string[]> {
  const passwords = (source: PasswordSource): string[] => (source.kind === 'file' ? [source.path] : []);
  const inDirectories = directories.map(async ({ directory }) => {
    const names = await readdir(directory).catch(() => []);
    // Issuers may lie beside the keys.
    return names.filter(name => !/\.(?:crt|cer|der)$/.test(name)).map(name => join(directory, name));
  });
  return [
    ...certificates.flatMap(c => [c.keyFile ?? c.file, ...passwords(c.password)]),
    ...directories.flatMap(d => passwords(d.password)),
    ...(await Promise.all(inDirectories)).flat(),
    ...(events.webhook?.authorization ? [events.webhook.authorization.path] : []),
  ];
}

async function look(path: string): Promise<Entry> {
  const parts = [path];
  for (let up = dirname(path); up !== parts[0]; up = dirname(up)) parts.unshift(up);
  const way: Entry['way'][number][] = [];
  for (const part of parts) {
    const status = await stat(part).catch(() => undefined);
    if (!status) return { path, way, found: false };
    way.push({ path: part, mode: status.mode, uid: status.uid, gid: status.gid });
  }
  return { path, way, found: true };
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
