// An embedded return port: a small SMTP server over node:net that keeps what it gets, exactly, and
// does wrong at any step of the dialog what a test asks for. Not for the world: it checks nothing.
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

/**
 * A step of the dialog at which a fault can strike, in their order. `connect` is before the greeting,
 * `body` in the middle of the content, `dot` after it, with the message not kept, and `stored` after
 * it, with the message kept and the reply still to come. `NOOP`, `RSET` and `QUIT` have no place in it.
 */
export type Step =
  | 'connect'
  | 'greeting'
  | 'EHLO'
  | 'XFORWARD'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'body'
  | 'dot'
  | 'stored'
  | 'NOOP'
  | 'RSET'
  | 'QUIT';

/** What goes wrong: first the delay, then the reply, then the rest. */
export interface Fault {
  readonly at: Step;
  /** Only at a RCPT for this address. */
  readonly recipient?: string;
  /** For `body`: after so many bytes of content; default 0. A shorter message is spared. */
  readonly afterBytes?: number;
  /** Strikes so often; default: until cleared (for `body`: once a message). */
  readonly times?: number;
  /** Milliseconds before anything else. Alone it is a slow server that does nothing wrong. */
  readonly delay?: number;
  /** Instead of the usual reply, without CRLF: `450 4.2.0 Later`. A `body` reply comes early: content goes on. */
  readonly reply?: string;
  /** Closes the connection (FIN, or RST), or leaves it open and says nothing more, ever. */
  readonly then?: 'hang up' | 'reset' | 'hang';
}

/** A message that was received whole. The lines are as they came, without CRLF. */
export interface StoredMessage {
  /** XFORWARD lines since the transaction before: `XFORWARD NAME=client.example ADDR=192.0.2.1`. */
  readonly xforward: readonly string[];
  /** `MAIL FROM:<a@example.com> BODY=8BITMIME` */
  readonly mail: string;
  /** RCPT lines that were accepted: `RCPT TO:<b@example.com> NOTIFY=NEVER`. */
  readonly recipients: readonly string[];
  /** The content without the final dot, dots unstuffed, line ends as they came. */
  readonly content: Buffer;
  /** Counts connections from 1, to tell which came over the same. */
  readonly connection: number;
}

/** A transaction whose content began and did not come to its dot. */
export interface CutMessage {
  readonly mail: string;
  readonly recipients: readonly string[];
  readonly bytes: number;
}

export interface ReturnPortOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** An address of this machine; default 127.0.0.1. */
  readonly host?: string;
  /** Listen on this UNIX socket instead. */
  readonly path?: string;
  /** EHLO keywords after the name; default `defaultExtensions`. */
  readonly extensions?: readonly string[];
  /** The name in greeting and EHLO. */
  readonly name?: string;
}

export const defaultExtensions = [
  'PIPELINING',
  'SIZE 104857600',
  '8BITMIME',
  'SMTPUTF8',
  'DSN',
  'XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE',
  'ENHANCEDSTATUSCODES',
] as const;

/**
 * @example
 *   const port = await ReturnPort.start();
 *   port.fault({ at: 'RCPT', recipient: 'bad@example.com', reply: '550 5.1.1 No such user' });
 *   port.fault({ at: 'body', afterBytes: 1000, then: 'hang up', times: 1 });
 *   const [message] = await port.received(1);
 *   await port.close();
 */
export class ReturnPort {
  /** What was received whole, in order. */
  readonly messages: StoredMessage[] = [];
  /** What broke off in the middle of the content. */
  readonly cut: CutMessage[] = [];
  /** The dialogs of all connections: `1 -> EHLO x`, `1 <- 250-y`. Content is left out. */
  readonly transcript: string[] = [];
  extensions: readonly string[];
  readonly name: string;
  /** 0 before the first start, and for a UNIX socket. */
  port: number;
  private readonly host: string;
  private readonly path: string | undefined;

  private faults: { fault: Fault; left: number }[] = [];
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private connections = 0;
  private waiting: (() => void)[] = [];

  private constructor(options: ReturnPortOptions) {
    this.port = options.port ?? 0;
    this.host = options.host ?? '127.0.0.1';
    this.path = options.path;
    this.extensions = options.extensions ?? defaultExtensions;
    this.name = options.name ?? 'return-port.example';
  }

  /** A server that listens. */
  static async start(options: ReturnPortOptions = {}): Promise<ReturnPort> {
    const port = new ReturnPort(options);
    await port.resume();
    return port;
  }

  /** Adds a fault. Where several could strike at a step, the one added first does. */
  fault(fault: Fault): void {
    this.faults.push({ fault, left: fault.times ?? Infinity });
  }

  /** From now on nothing goes wrong; connections that hang go on hanging. */
  clearFaults(): void {
    this.faults = [];
  }

  /** Forgets messages, cut messages and transcript. */
  clear(): void {
    this.messages.length = 0;
    this.cut.length = 0;
    this.transcript.length = 0;
  }

  /** Drops every connection, and goes on listening. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Stops listening and drops every connection, as a server does that dies: connections are refused. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    this.drop();
    server.close();
    await once(server, 'close');
  }

  /** Listens again where it did. */
  async resume(): Promise<void> {
    if (this.server) return;
    const server = createServer({ allowHalfOpen: false }, socket => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      new Dialog(this.internals(), socket, ++this.connections);
    });
    server.listen(this.path === undefined ? { port: this.port, host: this.host } : { path: this.path });
    await once(server, 'listening');
    if (this.path === undefined) this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** For good. */
  async close(): Promise<void> {
    await this.stop();
  }

  /** How many connections are open now. */
  get open(): number {
    return this.sockets.size;
  }

  /** Waits until so many messages have been received whole. @returns all of them */
  async received(count: number, ms = 10_000): Promise<readonly StoredMessage[]> {
    const end = Date.now() + ms;
    while (this.messages.length < count) {
      if (Date.now() > end) {
        const dialog = this.transcript.slice(-30).join('\n');
        throw new Error(`${this.messages.length} of ${count} messages after ${ms} ms\n${dialog}`);
      }
      await new Promise<void>(resolve => {
        this.waiting.push(resolve);
        setTimeout(resolve, 100);
      });
    }
    return this.messages;
  }

  private internals(): Internals {
    return {
      port: this,
      strike: (step, where) => this.strike(step, where),
      keep: message => {
        this.messages.push(message);
        const waiting = this.waiting;
        this.waiting = [];
        for (const resolve of waiting) resolve();
      },
    };
  }

  /** The fault that strikes at this step, used up by one. */
  private strike(step: Step, { recipient, bytes = 0 }: Where = {}): Fault | undefined {
    const entry = this.faults.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.at === step &&
        (fault.recipient === undefined || fault.recipient === recipient) &&
        bytes >= (fault.afterBytes ?? 0),
    );
    if (entry) entry.left--;
    return entry?.fault;
  }
}

interface Where {
  readonly recipient?: string;
  readonly bytes?: number;
}

interface Internals {
  readonly port: ReturnPort;
  strike(step: Step, where?: Where): Fault | undefined;
  keep(message: StoredMessage): void;
}

/** One connection. Input is a buffer that one loop eats from, so that pipelined commands keep their order. */
class Dialog {
  private input = Buffer.alloc(0);
  private wake: (() => void) | undefined;
  private xforward: string[] = [];
  private mail: string | undefined;
  private recipients: string[] = [];
  /** A reply was sent in the middle of the content. */
  private answered = false;

  constructor(
    private readonly internals: Internals,
    private readonly socket: Socket,
    private readonly number: number,
  ) {
    socket.on('data', data => {
      this.input = Buffer.concat([this.input, data]);
      this.wake?.();
    });
    // A peer that resets the connection is nothing to tell.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.wake?.();
    });
    void this.serve();
  }

  private async serve(): Promise<void> {
    const { name } = this.internals.port;
    if (await this.step('connect')) return;
    if (!(await this.answer('greeting', `220 ${name} ESMTP`))) return;
    for (let line = await this.line(); line !== undefined; line = await this.line()) {
      this.note('->', line);
      if (!(await this.command(line))) return;
    }
  }

  /** @returns whether the dialog goes on */
  private async command(line: string): Promise<boolean> {
    const { name, extensions } = this.internals.port;
    const verb = (/^[A-Za-z]+/.exec(line)?.[0] ?? '').toUpperCase();
    switch (verb) {
      case 'EHLO':
      case 'LHLO':
      case 'HELO': {
        const lines = verb === 'HELO' ? [name] : [name, ...extensions];
        const reply = lines.map((text, i) => `250${i < lines.length - 1 ? '-' : ' '}${text}`);
        return this.answer('EHLO', reply.join('\r\n'));
      }
      case 'XFORWARD':
        return this.answer('XFORWARD', '250 2.0.0 Ok', () => this.xforward.push(line));
      case 'MAIL':
        return this.answer('MAIL', '250 2.1.0 Ok', () => (this.mail = line));
      case 'RCPT': {
        const recipient = /<(.*?)>(?: |$)/.exec(line)?.[1] ?? '';
        if (this.mail === undefined) return this.answer('RCPT', '503 5.5.1 Need MAIL', undefined);
        return this.answer('RCPT', '250 2.1.5 Ok', () => this.recipients.push(line), { recipient });
      }
      case 'DATA':
        return this.data();
      case 'RSET':
        this.reset();
        return this.answer('RSET', '250 2.0.0 Ok');
      case 'NOOP':
        return this.answer('NOOP', '250 2.0.0 Ok');
      case 'QUIT':
        await this.answer('QUIT', '221 2.0.0 Bye');
        this.socket.end();
        return false;
      default:
        this.send('502 5.5.2 Command not known');
        return true;
    }
  }

  private async data(): Promise<boolean> {
    const { mail, recipients, xforward, number: connection } = this;
    if (mail === undefined || recipients.length === 0) {
      return this.answer(
        'DATA',
        mail === undefined ? '503 5.5.1 Need MAIL' : '554 5.5.1 No valid recipients',
      );
    }
    const refusal = this.internals.strike('DATA');
    if (refusal && !(await this.act(refusal))) return false;
    if (refusal?.reply !== undefined) return true;
    this.send('354 End data with <CR><LF>.<CR><LF>');

    const content = await this.content();
    if (!Buffer.isBuffer(content)) {
      this.internals.port.cut.push({ mail, recipients, bytes: content.bytes });
      return false;
    }
    this.note('->', `(${content.length} bytes)`);
    this.reset();
    if (this.answered) {
      // Refused in the middle already; there is no second reply.
      this.answered = false;
      return true;
    }
    const fault = this.internals.strike('dot');
    if (fault && !(await this.act(fault))) return false;
    if (fault?.reply !== undefined) return true;
    this.internals.keep({ xforward, mail, recipients, content, connection });
    return this.answer(
      'stored',
      `250 2.0.0 Ok: queued as ${connection}-${this.internals.port.messages.length}`,
    );
  }

  /** Content up to the final dot, unstuffed; or how much of it came, if the connection ends before. */
  private async content(): Promise<Buffer | { bytes: number }> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    let struck = false;
    const take = (piece: Buffer): void => {
      pieces.push(Buffer.from(piece));
      bytes += piece.length;
    };
    for (let atLineStart = true; ;) {
      const fault = struck ? undefined : this.internals.strike('body', { bytes });
      if (fault) {
        struck = true;
        if (!(await this.act(fault))) return { bytes };
        this.answered ||= fault.reply !== undefined;
      }
      // Only CRLF ends a line: anything else is content (no smuggling).
      const end = this.input.indexOf('\r\n');
      if (end === -1) {
        // Keep back a CR whose LF may follow, and a line whose start is still to be looked at.
        const ready = atLineStart && this.input[0] === 0x2e ? 0 : this.input.length - 1;
        if (ready > 0) {
          take(this.input.subarray(0, ready));
          this.input = this.input.subarray(ready);
          atLineStart = false;
        }
        if (!(await this.more())) return { bytes };
        continue;
      }
      let line = this.input.subarray(0, end + 2);
      this.input = this.input.subarray(end + 2);
      if (atLineStart && line[0] === 0x2e) {
        if (line.length === 3) return Buffer.concat(pieces);
        line = line.subarray(1);
      }
      take(line);
      atLineStart = true;
    }
  }

  /** The usual reply and what follows from it, or what the fault at this step makes of it. */
  private async answer(step: Step, reply: string, accepted?: () => unknown, where?: Where): Promise<boolean> {
    const fault = this.internals.strike(step, where);
    if (fault && !(await this.act(fault))) return false;
    if (fault?.reply !== undefined) return true;
    accepted?.();
    this.send(reply);
    return true;
  }

  /** Delay, reply, end. @returns whether the dialog goes on */
  private async act({ delay, reply, then }: Fault): Promise<boolean> {
    if (delay !== undefined) await new Promise(resolve => setTimeout(resolve, delay));
    if (reply !== undefined) this.send(reply);
    if (then === 'hang up') {
      this.note('--', 'hangs up');
      if (reply === undefined) this.socket.destroy();
      else this.socket.end();
    }
    if (then === 'reset') {
      this.note('--', 'resets');
      this.socket.resetAndDestroy();
    }
    if (then === 'hang') this.note('--', 'hangs');
    return then === undefined;
  }

  private async step(step: Step): Promise<boolean> {
    const fault = this.internals.strike(step);
    return fault !== undefined && !(await this.act(fault));
  }

  private reset(): void {
    this.mail = undefined;
    this.recipients = [];
    this.xforward = [];
  }

  private send(reply: string): void {
    for (const line of reply.split('\r\n')) this.note('<-', line);
    if (!this.closed()) this.socket.write(`${reply}\r\n`);
  }

  private note(arrow: '->' | '<-' | '--', text: string): void {
    this.internals.port.transcript.push(`${this.number} ${arrow} ${text}`);
  }

  /** The next command, or undefined at the end of the connection. One character a byte of UTF-8. */
  private async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.input.indexOf('\r\n');
      if (end !== -1) {
        const line = this.input.subarray(0, end).toString('utf8');
        this.input = this.input.subarray(end + 2);
        return line;
      }
      if (!(await this.more())) return undefined;
    }
  }

  /** Closed by either side; what came before is in the input all the same. */
  private closed(): boolean {
    return this.socket.closed;
  }

  /** Waits for input. @returns false at the end of the connection */
  private async more(): Promise<boolean> {
    if (this.closed()) return false;
    await new Promise<void>(resolve => {
      this.wake = resolve;
    });
    this.wake = undefined;
    return !this.closed();
  }
}
