// What a client sends, as command lines and as content. Takes the place of smtp-server's parser, which looks at
// each octet of a message, copies it twice on its way, and answers each of several commands with a packet.
import type { Socket } from 'node:net';
import type { Content } from './content.js';
import { DotUnstuffer } from './dot-stuffing.js';

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);

/** So many commands in one packet are handled at once; then others have their turn. */
const maxCommands = 100;
/** In octets; RFC 5321 §4.5.3.1.4 has 512, and extensions add to it. */
const maxLine = 16 * 1024;
/** Octets of content in a second, as Postfix's smtpd_min_data_rate: who sends fewer for long dawdles. */
const slowest = 500;

export interface InputHandlers {
  /** Takes a command line without its line end; `next` is called when the reply to it has been written. */
  command(line: Buffer, next: () => void): void;
  /** A line is longer than any command. */
  tooLong(): void;
  /** An octet now and then is not silence, but no command or message comes of it. */
  tooSlow(): void;
}

export class Input {
  /** Set by smtp-server once it has ended the connection: nothing is read any more. */
  isClosed = false;
  /** Octets that are not handled yet. */
  private rest: Buffer = NOTHING;
  private content: { readonly sink: Content; readonly dots: DotUnstuffer } | undefined;
  /** Something has yet to be done before more can be handled. */
  private busy = false;
  private running = false;
  /** When the client last got on, and what it has sent of content since. */
  private since = 0;
  private octets = 0;

  constructor(
    private readonly socket: Socket,
    private readonly handlers: InputHandlers,
  ) {}

  /** Begins to read. */
  start(): void {
    this.socket.on('data', (chunk: Buffer) => {
      if (this.isClosed) return;
      if (this.isLate) this.handlers.tooSlow();
      if (this.rest.length === 0 && !this.content) this.getsOn();
      this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
      if (this.busy) this.socket.pause();
      else this.run();
    });
  }

  /** From here on the octets are content. Once all of it has come, `proceed` leads back to commands. */
  receive(sink: Content): void {
    this.content = { sink, dots: new DotUnstuffer() };
    this.getsOn();
    sink.onRoom = () => {
      this.proceed();
    };
  }

  /** More can be handled. */
  proceed(): void {
    this.busy = false;
    if (this.running) return;
    if (this.socket.isPaused()) {
      this.socket.resume();
      // It was we who kept it waiting: its time to be idle begins now.
      this.socket.setTimeout(this.timeout);
    }
    this.getsOn();
    this.run();
  }

  private getsOn(): void {
    this.since = performance.now();
    this.octets = 0;
  }

  /** In the midst of a command or of content for longer than it may say nothing. */
  private get isLate(): boolean {
    const isWithin = !this.busy && (this.rest.length > 0 || this.content !== undefined);
    return isWithin && this.timeout > 0 && performance.now() - this.since > this.timeout;
  }

  /** Milliseconds; 0 for none. */
  private get timeout(): number {
    return this.socket.timeout ?? 0;
  }

  private run(): void {
    this.running = true;
    // The replies to commands that came in one packet leave in one (RFC 2920 §3.2).
    this.socket.cork();
    let left = maxCommands;
    while (this.rest.length > 0 && !this.busy && !this.isClosed) {
      if (this.content) this.takeContent(this.content);
      else if (left-- === 0) this.yield();
      else if (!this.takeLine()) break;
    }
    this.socket.uncork();
    this.running = false;
  }

  private yield(): void {
    this.busy = true;
    setImmediate(() => {
      this.proceed();
    });
  }

  /** @returns whether there was a whole line */
  private takeLine(): boolean {
    const { rest } = this;
    const lf = rest.indexOf(LF);
    if ((lf === -1 ? rest.length : lf) > maxLine) {
      this.rest = NOTHING;
      this.handlers.tooLong();
      return false;
    }
    if (lf === -1) return false;
    this.rest = rest.subarray(lf + 1);
    this.getsOn();
    this.busy = true;
    this.handlers.command(rest.subarray(0, rest[lf - 1] === CR ? lf - 1 : lf), () => {
      this.proceed();
    });
    return true;
  }

  private takeContent({ sink, dots }: { sink: Content; dots: DotUnstuffer }): void {
    const { content, rest } = dots.write(this.rest);
    this.rest = rest ?? NOTHING;
    this.octets += content.length;
    if (this.octets * 1000 >= slowest * this.timeout) this.getsOn();
    sink.take(content);
    if (rest === undefined) {
      this.busy = sink.full;
      return;
    }
    this.content = undefined;
    this.busy = true;
    sink.onRoom = undefined;
    sink.end();
  }
}
