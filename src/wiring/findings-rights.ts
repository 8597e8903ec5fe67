// What is wrong with the rights of files: who may read keys, who has to, and whether sockets can be reached.
import { quoted } from '../printable.js';
import { finding, type Finding, type Mend } from './finding.js';

/** A user as the kernel sees one. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gids: readonly number[];
}

/** The part of fs.Stats that is looked at. */
export interface Rights {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Entry {
  readonly path: string;
  /** Of the directories above it, from / on, and above what a link leads to; of itself last. Without what is missing. */
  readonly way: readonly (Rights & { readonly path: string })[];
  /** Whether it is there, and no directory. */
  readonly found: boolean;
}

/**
 * ini: the ini file; secret: a key or a password; public: certificates alone; listen: the socket of Postseal;
 * return: that of the return port.
 */
export type Role = 'ini' | 'secret' | 'public' | 'listen' | 'return';

function isSocket(role: Role): boolean {
  return role === 'listen' || role === 'return';
}

/** Bits of one class, inode(7). */
const bits = { read: 4, write: 2, search: 1 } as const;

function may({ mode, uid, gid }: Rights, user: User, what: keyof typeof bits): boolean {
  if (user.uid === 0) return true;
  const shift = uid === user.uid ? 6 : user.gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & bits[what]) !== 0;
}

/**
 * @param users who has to get at it
 * @param group that gives them access, for the mends
 */
export function findingsOfEntry(entry: Entry, role: Role, users: readonly User[], group: string): Finding[] {
  // What is missing, or a directory, is told by who opens it: `postseal check`, or the probe of the socket.
  if (!entry.found) return [];
  const self = entry.way.at(-1)!;
  return [...tooWide(entry, self, role), ...users.flatMap(user => tooNarrow(entry, self, role, user, group))];
}

/**
 * Postfix talks to everybody: it needs the socket, and not the keys, which the group would give it.
 * @param onSocket whether it may get at a UNIX socket by that group so far
 */
export function findingsOfMembers(service: User, postfix: User, onSocket: boolean): Finding[] {
  // id(1) names the own group of a user first.
  if (!postfix.gids.includes(service.gids[0]!)) return [];
  const text = `the user ${postfix.name} is in the group ${service.name}, which can read the keys`;
  const commands = [
    ...(onSocket
      ? [`systemctl edit postseal.socket, with SocketGroup=${postfix.name} (docs/systemd.md); then`]
      : []),
    `gpasswd -d ${postfix.name} ${service.name}`,
  ];
  return [
    finding(
      'warning',
      '/etc/group',
      text,
      commands.map((command): Mend => ({ kind: 'command', command })),
    ),
  ];
}

function tooWide({ path, way }: Entry, { mode }: Rights, role: Role): Finding[] {
  const mend: Mend[] = [{ kind: 'command', command: `chmod 0640 ${quoted(path)}` }];
  const rights = (mode & 0o7777).toString(8).padStart(4, '0');
  const found: Finding[] = [];
  // As "postseal check" has it.
  if (role === 'secret' && (mode & 0o077 & ~0o040) !== 0)
    found.push(finding('warning', path, `is a secret, but has the rights ${rights}`, mend));
  if (role === 'ini' && (mode & 0o002) !== 0)
    found.push(finding('error', path, `everybody on this host may change it (${rights})`, mend));
  // With the sticky bit nobody takes away what is another's, as in /tmp.
  const open = way.slice(0, -1).filter(directory => (directory.mode & 0o1002) === 0o002);
  if (!isSocket(role)) {
    const text = 'everybody on this host may put other files in the place of these';
    for (const directory of open)
      found.push(
        finding('error', directory.path, text, [
          { kind: 'command', command: `chmod o-w ${quoted(directory.path)}` },
        ]),
      );
  }
  return found;
}

function tooNarrow({ path, way }: Entry, self: Rights, role: Role, user: User, group: string): Finding[] {
  const closed = way.slice(0, -1).find(directory => !may(directory, user, 'search'));
  const command = (text: string): Mend[] => [{ kind: 'command', command: text }];
  const error = (text: string, mend: Mend[]): Finding[] => [finding('error', path, text, mend)];
  const member = command(`usermod -a -G ${group} ${user.name}`);
  if (closed) {
    const opened = `chgrp ${group} ${quoted(closed.path)} && chmod g+x ${quoted(closed.path)}`;
    return error(
      `the user ${user.name} does not get through ${closed.path}`,
      role === 'return' ? member : command(opened),
    );
  }
  if (may(self, user, isSocket(role) ? 'write' : 'read')) return [];
  const refused = `the user ${user.name} may not connect to this socket`;
  if (role === 'return') return error(refused, member);
  // In the group of the service that user could read the keys as well.
  if (role === 'listen')
    return error(
      `${refused}: let postseal.socket listen, with SocketGroup=${group}`,
      command('systemctl edit postseal.socket'),
    );
  return error(
    `the user ${user.name} may not read it`,
    command(`chgrp ${group} ${quoted(path)} && chmod 0640 ${quoted(path)}`),
  );
}
