// One connection to the return port. Wraps nodemailer's SMTPConnection, whose `send` rewrites line ends,
// knows no XFORWARD and shares DSN parameters between recipients: below, the commands are our own.
import { connect as connectSocket, type Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { Failure, type Reply } from '../failure.js';
import type { Trace } from '../next-hop.js';

/** The parts of SMTPConnection that are used and not public; a contract test holds them. */
interface Internals {
  _sendCommand(line: string): void;
  _responseActions: ((reply: string) => void)[];
  _socket: Socket;
  /** Not there after HELO. */
  _ehloLines?: string[];
}

/** Milliseconds for the reply to QUIT, and for the return port to close its side. */
const quitTimeout = 1000;

export interface SessionOptions {
  /** For net.connect. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Our name in EHLO. */
  readonly hostname: string;
  /** Milliseconds without an octet after which the connection is given up. */
  readonly timeout: number;
}

export class Session {
  trace: Trace = () => undefined;
  private readonly waiting = new Set<(error: Failure) => void>();
  private lost: Failure | undefined;
  private readonly internals: Internals;

  private constructor(private readonly connection: SMTPConnection) {
    this.internals = connection as unknown as Internals;
    connection.on('error', (error: Error) => {
      this.fail(new Failure('return-port-lost', error.message));
    });
    connection.on('end', () => {
      this.fail(new Failure('return-port-lost'));
    });
  }

  /** Connects and says EHLO, unless told to give up. @throws Failure `return-port-unreachable` */
  static async connect(options: SessionOptions, signal: AbortSignal): Promise<Session> {
    const socket = connectSocket(options.address);
    const giveUp = (): void => {
      socket.destroy(new Error('shutting down'));
    };
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    try {
      await opened(socket, options.timeout);
      return await Session.greeted(socket, options);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  private static async greeted(socket: Socket, { hostname, timeout }: SessionOptions): Promise<Session> {
    const connection = new SMTPConnection({
      connection: socket,
      name: hostname,
      ignoreTLS: true, // STARTTLS on loopback adds nothing, and would be mandatory once offered
      greetingTimeout: timeout,
      socketTimeout: timeout,
      socketCloseTimeout: quitTimeout,
    });
    const session = new Session(connection);
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: unknown): void => {
        connection.close();
        reject(new Failure('return-port-unreachable', describe(error), false, { cause: error }));
      };
      connection.once('error', refuse);
      connection.connect(error => {
        connection.removeListener('error', refuse);
        if (error) refuse(error);
        else resolve();
      });
    });
    return session;
  }

  get usable(): boolean {
    return this.lost === undefined && !this.connection.destroyed;
  }

  /** The parameters of an extension in its EHLO reply, or undefined if it is not offered. */
  extension(name: string): string[] | undefined {
    for (const line of this.internals._ehloLines ?? []) {
      const [keyword, ...parameters] = line.trim().split(/\s+/);
      if (keyword?.toUpperCase() === name) return parameters;
    }
    return undefined;
  }

  /** Sends several commands at once where the return port allows it (RFC 2920); see `command`. */
  pipeline(lines: readonly string[]): Promise<Reply>[] {
    const socket = this.internals._socket;
    socket.cork();
    const replies = lines.map(line => this.command(line));
    socket.uncork();
    // Whoever awaits the first one and fails leaves the others alone: not unhandled.
    for (const reply of replies) reply.catch(() => undefined);
    return replies;
  }

  /** Sends a command and resolves with its reply, whatever it says. @throws Failure `return-port-lost` */
  command(line: string): Promise<Reply> {
    const reply = this.reply();
    if (this.usable) {
      this.trace('sent', line);
      this.internals._sendCommand(line);
    }
    return reply;
  }

  /** The next reply that no command is waiting for. @throws Failure `return-port-lost` */
  reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (!this.usable) {
        reject(this.lost ?? new Failure('return-port-lost'));
        return;
      }
      this.waiting.add(reject);
      this.internals._responseActions.push(raw => {
        this.waiting.delete(reject);
        this.trace('received', raw);
        const reply = parseReply(raw);
        // Nobody answers what was sent after it: they are to hear why.
        if (reply?.code === 421) this.lost ??= new Failure('return-port-lost', `421 ${reply.text}`);
        if (reply) resolve(reply);
        else reject(new Failure('return-port-lost', 'it answered with something that is no SMTP reply'));
      });
    });
  }

  /** Writes message octets; resolves when the socket takes more. @throws Failure `return-port-lost` */
  write(pieces: readonly Buffer[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.usable) {
        reject(this.lost ?? new Failure('return-port-lost'));
        return;
      }
      const socket = this.internals._socket;
      let room = true;
      socket.cork();
      for (const piece of pieces) room = socket.write(piece);
      socket.uncork();
      if (room) {
        resolve();
        return;
      }
      const settled = (): void => {
        this.waiting.delete(failed);
        socket.removeListener('drain', drained);
      };
      const drained = (): void => {
        settled();
        resolve();
      };
      const failed = (error: Failure): void => {
        settled();
        reject(error);
      };
      this.waiting.add(failed);
      socket.once('drain', drained);
    });
  }

  /** Says QUIT; for a connection between two transactions. Nothing depends on the reply: no process waits for it. */
  quit(): void {
    if (!this.usable) {
      this.destroy();
      return;
    }
    this.connection.quit();
    this.internals._socket.unref();
    setTimeout(() => {
      this.destroy();
    }, quitTimeout).unref();
  }

  /** Drops the connection at once: whatever was in flight is not delivered. */
  destroy(): void {
    const socket = this.internals._socket as Socket | null | false;
    this.connection.close();
    if (socket) socket.destroy();
  }

  private fail(error: Failure): void {
    this.lost ??= error;
    for (const reject of this.waiting) reject(this.lost);
    this.waiting.clear();
  }
}

async function opened(socket: Socket, timeout: number): Promise<void> {
  socket.setNoDelay(true);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(timeout, () => {
        reject(new Error('timed out'));
      });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        socket.setTimeout(0);
        resolve();
      });
    });
  } catch (error) {
    socket.destroy();
    throw new Failure('return-port-unreachable', describe(error), false, { cause: error });
  }
}

/** `250-one\n250 two` as code and lines (RFC 5321 §4.2.1). */
function parseReply(raw: string): Reply | undefined {
  const lines = raw.trimEnd().split('\n');
  const code = Number(/^([2-5]\d\d)(?=[ -]|$)/.exec(lines.at(-1) ?? '')?.[1]);
  return code ? { code, text: lines.map(line => line.slice(4).trim()).join('\n') } : undefined;
}

function describe(error: unknown): string {
  const { response, code, message } = error as { response?: unknown; code?: unknown; message?: unknown };
  if (typeof response === 'string') return response.trim();
  return code === 'ECONNREFUSED' ? 'connection refused' : String(message);
}
