// The way back into Postfix: transactions over reused connections, the envelope exactly as it came (R35).
import { setMaxListeners } from 'node:events';
import type { Envelope, Recipient } from '../envelope.js';
import { Failure, outcome, type Reply } from '../failure.js';
import { Refused, type NextHop, type Trace, type Transfer } from '../next-hop.js';
import { capabilitiesOf, everything, type Capabilities } from './capabilities.js';
import { ContactLog, type Contact } from './contact.js';
import { DotStuffer } from './dot-stuffing.js';
import { lackingExtension, xforwardCommands } from './extensions.js';
import { Session, type SessionOptions } from './session.js';

/** Seconds that a connection is kept without work: it occupies a process of Postfix meanwhile. */
const idleSeconds = 10;

/** Milliseconds after which it is asked anew what it offers, or whether it is there. */
const maxAge = 60_000;
/** Milliseconds that a client waits for that. */
const patience = 3000;

export class ReturnPort implements NextHop {
  private readonly idle: { session: Session; timer: NodeJS.Timeout }[] = [];
  private readonly busy = new Set<Session>();
  private readonly closing = new AbortController();
  private readonly contact: ContactLog;
  /** What its last EHLO reply offered, and when. */
  private known: { readonly capabilities: Capabilities; readonly at: number } = {
    capabilities: everything,
    at: -Infinity,
  };
  private asking: Promise<void> | undefined;

  /** @param clock milliseconds */
  constructor(
    private readonly options: SessionOptions,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.contact = new ContactLog(clock);
    // Each connection that is being made listens; Node takes more than ten for a leak, and warns.
    setMaxListeners(Infinity, this.closing.signal);
  }

  get connections(): { readonly idle: number; readonly busy: number } {
    return { idle: this.idle.length, busy: this.busy.size };
  }

  /** As far as is known. */
  get seen(): Contact {
    return this.contact.state;
  }

  /** Whether it is there: by what was last seen of it, or by asking where that is long ago; never rejects. */
  async contacted(): Promise<Contact> {
    if (this.contact.age >= maxAge) {
      this.asking ??= this.ask();
      await this.asking;
    }
    return this.seen;
  }

  /**
   * What it offers, as far as is known or can be learned soon; never rejects. A message is held against what its
   * own connection offers all the same.
   */
  async capabilities(): Promise<Capabilities> {
    if (this.clock() - this.known.at >= maxAge) {
      this.asking ??= this.ask();
      await this.asking;
    }
    return this.known.capabilities;
  }

  async open(envelope: Envelope, trace: Trace, some: boolean): Promise<Transfer> {
    for (;;) {
      const reused = this.take();
      const session = reused ?? (await this.connect(this.closing.signal));
      session.trace = trace;
      this.busy.add(session);
      try {
        const refused = await begin(session, envelope, some);
        return new SmtpTransfer(
          session,
          refused,
          () => {
            this.contact.worked();
            this.release(session);
          },
          () => {
            if (session.lost) this.contact.failed(session.lost);
            this.drop(session);
          },
        );
      } catch (error) {
        if (error instanceof Refused && (await reset(session))) this.release(session);
        else this.drop(session);
        // Postfix may have closed a kept connection just now: nothing was transferred, so ask again.
        const lost = error instanceof Failure && error.kind === 'return-port-lost';
        if (reused && lost) continue;
        if (lost) this.contact.failed(error);
        throw error;
      }
    }
  }

  /** Ends all connections: those in use in the middle of their transaction, which delivers nothing. */
  close(): void {
    this.closing.abort();
    for (let session = this.take(); session; session = this.take()) session.quit();
    for (const session of this.busy) session.destroy();
  }

  private async connect(signal: AbortSignal): Promise<Session> {
    const session = await Session.connect(this.options, signal).catch((error: unknown) => {
      this.contact.failed(error as Failure);
      throw error;
    });
    this.contact.worked();
    const capabilities = capabilitiesOf(keyword => session.extension(keyword));
    this.known = { capabilities, at: this.clock() };
    return session;
  }

  /** Opens a connection, which is kept for the message to come. */
  private async ask(): Promise<void> {
    try {
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(patience)]);
      this.release(await this.connect(signal));
    } catch {
      // What was known holds on; the message itself will tell.
    } finally {
      this.asking = undefined;
    }
  }

  private take(): Session | undefined {
    for (let kept = this.idle.pop(); kept; kept = this.idle.pop()) {
      clearTimeout(kept.timer);
      if (kept.session.usable) return kept.session;
    }
    return undefined;
  }

  private drop(session: Session): void {
    this.busy.delete(session);
    session.destroy();
  }

  private release(session: Session): void {
    this.busy.delete(session);
    if (this.closing.signal.aborted || !session.usable) {
      session.quit();
      return;
    }
    const kept = {
      session,
      timer: setTimeout(() => {
        this.idle.splice(this.idle.indexOf(kept), 1);
        session.quit();
      }, idleSeconds * 1000).unref(),
    };
    this.idle.push(kept);
  }
}

/** Ends a transaction that was refused and may be open still. @returns whether the connection is good for another */
async function reset(session: Session): Promise<boolean> {
  try {
    return session.usable && outcome(await session.command('RSET')) === 'accepted';
  } catch {
    return false;
  }
}

/**
 * XFORWARD, MAIL, RCPT and DATA; resolves when the return port waits for the message.
 * @param some whether to go on where it refuses some of the recipients
 * @returns those
 */
async function begin(
  session: Session,
  envelope: Envelope,
  some: boolean,
): Promise<ReadonlyMap<Recipient, Reply>> {
  const lacking = lackingExtension(session, envelope);
  if (lacking) throw new Failure('return-port-lacks', lacking);
  const preparation = xforwardCommands(session, envelope);
  const mail = `MAIL FROM:<${envelope.sender.text}>${joinParameters(envelope.parameters)}`;
  const rcpts = envelope.recipients.map(r => `RCPT TO:<${r.address.text}>${joinParameters(r.parameters)}`);
  const lines = [...preparation, mail, ...rcpts, 'DATA'];
  const pipelining = session.extension('PIPELINING') !== undefined;
  const pending = pipelining ? session.pipeline(lines) : undefined;
  const ask = (i: number): Promise<Reply> => (pending ? pending[i]! : session.command(lines[i]!));

  let next = 0;
  // A refused XFORWARD costs a name in a log line, as between Postfix and Postfix: no reason to keep the mail.
  while (next < preparation.length) await ask(next++);
  const mailReply = await ask(next++);
  if (outcome(mailReply) !== 'accepted' && !pending) throw no(mailReply);
  const refused = new Map<Recipient, Reply>();
  for (const recipient of envelope.recipients) {
    const reply = await ask(next++);
    if (outcome(reply) === 'accepted') continue;
    if (reply.code < 400) throw no(reply);
    refused.set(recipient, reply);
  }
  const missing = some ? refused.size === envelope.recipients.length : refused.size > 0;
  const ends = outcome(mailReply) !== 'accepted' || missing;
  if (ends && !pending) throw refusal(envelope, mailReply, refused, some);
  const dataReply = await ask(next);
  if (ends) {
    // Having taken DATA for the other recipients, it can only be stopped by hanging up.
    if (dataReply.code < 400) session.destroy();
    throw refusal(envelope, mailReply, refused, some);
  }
  // Whom it refused before that hears so all the same.
  if (dataReply.code >= 400) throw new Refused(dataReply, refused);
  if (dataReply.code !== 354) throw no(dataReply);
  return refused;
}

function refusal(
  envelope: Envelope,
  mailReply: Reply,
  refused: ReadonlyMap<Recipient, Reply>,
  some: boolean,
): Error {
  if (outcome(mailReply) !== 'accepted') return no(mailReply);
  const replies = [...refused.values()];
  const all = replies.length === envelope.recipients.length && new Set(replies.map(outcome)).size === 1;
  return all && !some ? no(replies[0]!) : new Refused(replies[0]!, refused);
}

/** A refusal is passed on. Any other reply where it can mean nothing must not be: to the client it might mean yes. */
function no(reply: Reply): Error {
  return reply.code >= 400
    ? new Refused(reply)
    : new Failure('return-port-lost', `it answered out of place: ${reply.code} ${reply.text}`);
}

function joinParameters(parameters: readonly string[]): string {
  return parameters.map(p => ` ${p}`).join('');
}

class SmtpTransfer implements Transfer {
  private readonly stuffer = new DotStuffer();
  private readonly finalReply: Promise<Reply>;
  private early: Reply | undefined;
  private done = false;

  constructor(
    private readonly session: Session,
    readonly refused: ReadonlyMap<Recipient, Reply>,
    private readonly release: () => void,
    private readonly drop: () => void,
  ) {
    this.finalReply = session.reply();
    this.finalReply.then(
      reply => (this.early = reply),
      () => undefined, // reported by the write or finish that meets it
    );
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.early) throw no(this.early);
    await this.session.write(this.stuffer.write(bytes));
  }

  /** The last octets go with the final dot, in one packet where that is all there is. */
  async finish(bytes: Buffer): Promise<Reply> {
    if (this.early) throw no(this.early);
    await this.session.write([...this.stuffer.write(bytes), this.stuffer.end()]);
    const reply = await this.finalReply;
    if (reply.code >= 300 && reply.code < 400) throw no(reply);
    this.done = true;
    this.release();
    return reply;
  }

  abort(): void {
    if (!this.done) this.drop();
  }
}
