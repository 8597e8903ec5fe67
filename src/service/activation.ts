// The socket that systemd hands in when it listens for us (sd_listen_fds(3)): a restart then refuses no connection.
import { fstatSync, readFileSync } from 'node:fs';
import { CommandError, exit } from '../exit.js';

/** The first that is handed in; the next ones follow it. */
const first = 3;

export interface Handed {
  /** Its file descriptor. */
  readonly fd: number;
  /** The path of a UNIX socket. */
  readonly path?: string;
}

/**
 * Takes over the socket, and the variables of the environment that tell of it, which no child is to believe.
 * @returns undefined where none is handed in
 * @throws CommandError (78) where there are several, or it is none to listen on
 */
export function takeSocket(environment: NodeJS.ProcessEnv, pid: number): Handed | undefined {
  const { LISTEN_PID: to, LISTEN_FDS: count = '0' } = environment;
  delete environment['LISTEN_PID'];
  delete environment['LISTEN_FDS'];
  delete environment['LISTEN_FDNAMES'];
  if (Number(to) !== pid || Number(count) === 0) return undefined;
  if (count !== '1')
    throw unusable(`systemd hands in ${Number(count)} sockets: keep one Listen… line in postseal.socket`);
  let inode: number;
  try {
    const status = fstatSync(first);
    if (!status.isSocket()) throw new Error('it is no socket');
    inode = status.ino;
  } catch (error) {
    throw notOne((error as Error).message);
  }
  const path = unixPath(inode);
  return { fd: first, ...(path !== undefined && { path }) };
}

/** @param why it cannot be listened on */
export function notOne(why: string): CommandError {
  return unusable(
    `systemd hands in what is no listening stream socket (${why}): postseal.socket needs one ListenStream=, and no Accept=yes`,
  );
}

function unusable(sentence: string): CommandError {
  return new CommandError(exit.config, sentence);
}

/** Where a UNIX socket is bound: Node.js tells that only of those that it has bound itself. */
function unixPath(inode: number): string | undefined {
  // Num RefCount Protocol Flags Type St Inode Path, proc(5)
  const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n');
  for (const line of lines) {
    const [, found, path] = /^(?:\S+ +){6}(\d+) (\/.*)$/.exec(line) ?? [];
    if (Number(found) === inode) return path;
  }
  return undefined;
}
