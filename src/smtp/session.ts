// One connection to the return port. Wraps nodemailer's SMTPConnection, whose `send` rewrites line ends, knows no
// XFORWARD and shares DSN parameters between recipients: it connects and says EHLO, all that follows is our own.
import { connect as connectSocket, type Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { Failure, type Reply } from '../failure.js';
import type { Trace } from '../next-hop.js';
import { parseReply, ReplyReader } from './replies.js';

/** The parts of SMTPConnection that are used and not public; a contract test holds them. */
interface Internals {
  _socket: Socket;
  _onSocketData: (chunk: Buffer) => void;
  /** Not there after HELO. */
  _ehloLines?: string[];
}

/** Milliseconds for the reply to QUIT, and for the return port to close its side. */
const quitTimeout = 1000;

export interface SessionOptions {
  /** For net.connect. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** With lmtp it says LHLO (RFC 2033 §4.1), and content has a reply for each recipient. Default: smtp. */
  readonly protocol?: 'smtp' | 'lmtp';
  /** Our name in EHLO. */
  readonly hostname: string;
  /** Milliseconds without an octet after which the connection is given up. */
  readonly timeout: number;
}

export class Session {
  trace: Trace = () => undefined;
  /** Why it is good for nothing any more. */
  lost: Failure | undefined;
  private readonly replies = new ReplyReader();
  /** Replies that wait for somebody to wait for them. */
  private readonly unread: string[] = [];
  /** Who waits for replies, in the order of the commands. */
  private readonly waiting: { resolve: (reply: Reply) => void; reject: (why: Failure) => void }[] = [];
  /** Who waits until more can be written. */
  private writing: ((why: Failure) => void) | undefined;
  private extensions: ReadonlyMap<string, readonly string[]> | undefined;
  private readonly internals: Internals;

  private constructor(private readonly connection: SMTPConnection) {
    this.internals = connection as unknown as Internals;
    connection.on('error', (error: Error) => {
      this.fail(new Failure('return-port-lost', error.message));
    });
    connection.on('end', () => {
      this.fail(new Failure('return-port-lost', 'it hung up'));
    });
  }

  /** Connects and says EHLO, unless told to give up. @throws Failure `return-port-unreachable` */
  static async connect(options: SessionOptions, signal: AbortSignal): Promise<Session> {
    const socket = connectSocket(options.address);
    const giveUp = (): void => {
      const late = (signal.reason as Error).name === 'TimeoutError';
      socket.destroy(new Error(late ? 'timed out' : 'shutting down'));
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

  private static async greeted(
    socket: Socket,
    { protocol, hostname, timeout }: SessionOptions,
  ): Promise<Session> {
    const connection = new SMTPConnection({
      connection: socket,
      lmtp: protocol === 'lmtp',
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
    session.takeOver();
    return session;
  }

  get usable(): boolean {
    return this.lost === undefined && !this.connection.destroyed;
  }

  /** The parameters of an extension in its EHLO reply, or undefined if it is not offered. */
  extension(name: string): readonly string[] | undefined {
    this.extensions ??= new Map(
      (this.internals._ehloLines ?? []).map(line => {
        const [keyword = '', ...parameters] = line.trim().split(/\s+/);
        return [keyword.toUpperCase(), parameters];
      }),
    );
    return this.extensions.get(name);
  }

  /** Sends several commands at once where the return port allows it (RFC 2920); see `command`. */
  pipeline(lines: readonly string[]): Promise<Reply>[] {
    const replies = lines.map(() => this.reply());
    // Whoever awaits the first one and fails leaves the others alone: not unhandled.
    for (const reply of replies) reply.catch(() => undefined);
    if (this.usable) {
      for (const line of lines) this.trace('sent', line);
      this.internals._socket.write(`${lines.join('\r\n')}\r\n`);
    }
    return replies;
  }

  /** Sends a command and resolves with its reply, whatever it says. @throws Failure `return-port-lost` */
  command(line: string): Promise<Reply> {
    return this.pipeline([line])[0]!;
  }

  /** The next reply that no command is waiting for. @throws Failure `return-port-lost` */
  reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.usable) this.waiting.push({ resolve, reject });
      else reject(this.lost ?? new Failure('return-port-lost'));
    });
  }

  /** Writes message octets; resolves when the system has them. @throws Failure `return-port-lost` */
  write(pieces: readonly Buffer[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.usable) {
        reject(this.lost ?? new Failure('return-port-lost'));
        return;
      }
      const socket = this.internals._socket;
      this.writing = reject;
      socket.cork();
      for (const piece of pieces.slice(0, -1)) socket.write(piece);
      socket.write(pieces.at(-1)!, error => {
        if (error) return; // told by the socket's own event, which every waiter hears
        this.writing = undefined;
        resolve();
      });
      socket.uncork();
    });
  }

  /** Says QUIT; for a connection between two transactions. Nothing depends on the reply: no process waits for it. */
  quit(): void {
    if (!this.usable) {
      this.destroy();
      return;
    }
    this.trace = () => undefined;
    const end = (): void => {
      this.destroy();
    };
    this.command('QUIT').then(end, end);
    this.internals._socket.unref();
    setTimeout(end, quitTimeout).unref();
  }

  /** Drops the connection at once: whatever was in flight is not delivered. */
  destroy(): void {
    const socket = this.internals._socket as Socket | null | false;
    this.connection.close();
    if (socket) socket.destroy();
  }

  /** Reads the replies from here on: SMTPConnection takes a turn of the event loop for each of them. */
  private takeOver(): void {
    const { _socket: socket, _onSocketData: theirs } = this.internals;
    socket.removeListener('data', theirs);
    socket.on('data', chunk => {
      const replies = this.replies.write(chunk);
      if (!replies) this.drop('its reply does not come to an end');
      else {
        this.unread.push(...replies);
        this.handOut();
      }
    });
  }

  private handOut(): void {
    while (this.unread.length > 0) {
      const waiter = this.waiting.shift();
      if (!waiter) {
        // Who has heard the reply before it just now may be about to wait.
        setImmediate(() => {
          if (this.waiting.length > 0) this.handOut();
          else if (this.unread.length > 0) this.drop(`it spoke unasked: ${this.unread[0]!}`);
        });
        return;
      }
      const raw = this.unread.shift()!;
      this.trace('received', raw);
      const reply = parseReply(raw);
      if (reply) waiter.resolve(reply);
      else waiter.reject(new Failure('return-port-lost', 'it answered with something that is no SMTP reply'));
      // Nobody answers what was sent after it: they are to hear why (RFC 5321 §4.2.3).
      if (reply?.code === 421) this.drop(`421 ${reply.text}`);
    }
  }

  private drop(why: string): void {
    this.fail(new Failure('return-port-lost', why));
    this.unread.length = 0;
    this.connection.close();
  }

  private fail(error: Failure): void {
    this.lost ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(this.lost);
    this.writing?.(this.lost);
    this.writing = undefined;
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

function describe(error: unknown): string {
  const { response, code, message } = error as { response?: unknown; code?: unknown; message?: unknown };
  if (typeof response === 'string') return response.trim();
  return code === 'ECONNREFUSED' ? 'connection refused' : String(message);
}
