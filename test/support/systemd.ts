// What systemd is to a service, played by a few lines of Python: it hears datagrams, and holds a socket.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { peer } from './peers.js';

/** Prints what comes to the datagram socket, a line for each. */
const hearing = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

/** Where a service under test is told to notify systemd. */
export class NotifySocket {
  /** What was said, an item for each datagram: `READY=1 STATUS=…`. */
  readonly heard: string[] = [];
  private constructor(private readonly child: ChildProcessWithoutNullStreams) {}

  static async open(path: string): Promise<NotifySocket> {
    const child = spawn(peer('python3'), ['-c', hearing, path]);
    const socket = new NotifySocket(child);
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    lines.on('line', line => {
      // With a barrier systemd-notify waits until it is heard.
      if (line !== 'BARRIER=1') socket.heard.push(line);
    });
    return socket;
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}

/** Listens, then runs a command with the socket, and once more for each line of its own input. */
const holding = `
import os, socket, sys
kind = getattr(socket, sys.argv[1])
s = socket.socket(type=kind)
s.bind(('127.0.0.1', 0))
if kind == socket.SOCK_STREAM: s.listen()
print('port', s.getsockname()[1], flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(s.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
        os.execvp(sys.argv[2], sys.argv[2:])
    print('pid', child, flush=True)
    print('ended', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
`;

/** Holds a socket for a service, which comes and goes. */
export class SocketUnit {
  output = '';
  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  static hold(command: readonly string[], kind = 'SOCK_STREAM'): SocketUnit {
    // Where tsx is found.
    const cwd = join(import.meta.dirname, '..');
    return new SocketUnit(spawn(peer('python3'), ['-c', holding, kind, ...command], { cwd }));
  }

  /** Starts the service, once it has ended. */
  start(): void {
    this.child.stdin.write('start\n');
  }

  async close(): Promise<void> {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, 'close');
  }
}
