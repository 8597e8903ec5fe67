// A connection of Postfix's. Wraps that of smtp-server, which pauses 100 ms before its greeting, alters addresses,
// merges recipients and keeps XFORWARD attributes too long: those commands are handled here. See input.ts, too.
import type { Socket } from 'node:net';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import type { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import type { Address } from '../address.js';
import type { Recipient } from '../envelope.js';
import { Failure, type Reply } from '../failure.js';
import { announcement, limited } from './capabilities.js';
import { parseHello, parseMail, parseRcpt, parseXforward, type MailCommand } from './commands.js';
import { Content } from './content.js';
import type { InboundOptions } from './inbound-options.js';
import { Input } from './input.js';
import { linesOf } from './replies.js';

/** The most that one message is taken for: ten times what etc/postfix/main.cf has Postfix hand over. */
const maxRecipients = 10_000;

/** The server that a connection belongs to. */
export interface Owner extends SMTPServer {
  readonly inbound: InboundOptions;
  /** Messages that are being delivered. */
  readonly inFlight: Map<Connection, Promise<unknown>>;
}

export class Connection extends SMTPConnection {
  private mail: MailCommand | undefined;
  private recipients: Recipient[] = [];
  private readonly forwarded = new Map<string, string>();
  /** The largest message that the client was told of, in octets; 0 for no limit. */
  private sizeLimit: number;
  /** Of the message that is being delivered. */
  private content: Content | undefined;

  constructor(
    private readonly owner: Owner,
    socket: Socket,
  ) {
    super(owner, socket);
    this.name = owner.inbound.hostname;
    this.sizeLimit = owner.inbound.maxMessageSize;
  }

  /** Runs before the fields above are there. */
  override _createParser(): SMTPStream {
    const input = new Input(this._socket, {
      command: (line, next) => {
        this._onCommand(line, next);
      },
      tooLong: () => {
        this.refuse(new Failure('command-too-long'));
      },
      tooSlow: () => {
        this._onTimeout();
      },
    });
    // All that smtp-server does with it by itself is to say that the connection is closed.
    return input as unknown as SMTPStream;
  }

  /** Only Postfix connects here: no pause to catch those who talk before the greeting. */
  override init(): void {
    const socket: Socket = this._socket;
    socket.on('close', hadError => {
      this._onCloseEvent(hadError);
    });
    socket.on('error', error => {
      this._onError(error);
    });
    this._armTimeout();
    this.input.start();
    const { maxConnections } = this.owner.inbound;
    if (this.owner.connections.size > maxConnections) this.refuse(new Failure('too-many-connections'));
    else this.connectionReady();
  }

  private get input(): Input {
    return this._parser as unknown as Input;
  }

  /** Runs at EHLO, RSET and the end of each message: the transaction is over. */
  override _resetSession(): void {
    super._resetSession();
    this.mail = undefined;
    this.recipients = [];
    this.forwarded.clear();
  }

  /** A client is not idle that cannot send because we do not read: then the return port's timeouts are what ends it. */
  override _onTimeout(): void {
    // Its FIN was sent, and no answer came.
    if (this._closing) this._socket.destroy();
    else if (this._handlerPending || this.content?.awaitsClient === false) this._armTimeout();
    else this.refuse(new Failure('timed-out'));
  }

  /** Offers what the return port has (R34), which may have to be asked first; smtp-server offers what itself has. */
  override handler_EHLO(command: Buffer, callback: () => void): void {
    const { hostname, capabilities, maxMessageSize } = this.owner.inbound;
    const answer = async (): Promise<void> => {
      const client = parseHello(command.toString());
      const offered = limited(await capabilities(), maxMessageSize);
      this.hostNameAppearsAs = client;
      this.sizeLimit = offered.maxMessageSize;
      this._resetSession(); // RFC 5321 §4.1.4
      this.send(250, [hostname, ...announcement(offered)], false);
    };
    void answer()
      .catch((error: unknown) => {
        this.explain(error);
      })
      .then(callback);
  }

  override handler_MAIL(command: Buffer, callback: () => void): void {
    this.attempt(callback, () => {
      if (this.mail) throw new Failure('bad-sequence', 'nested MAIL command');
      const mail = parseMail(command.toString());
      if (this.sizeLimit > 0 && mail.size > this.sizeLimit) {
        const failure = new Failure('message-too-large');
        this.tellRefusal(mail.sender, [], failure.reply);
        throw failure;
      }
      this.mail = mail;
      // For smtp-server, whose own idea of the sender nobody reads.
      this.session.envelope.mailFrom = { address: mail.sender.text, args: {} };
      this.send(250, '2.1.0 Ok', false);
    });
  }

  override handler_RCPT(command: Buffer, callback: () => void): void {
    this.attempt(callback, () => {
      if (!this.mail) throw new Failure('bad-sequence', 'need MAIL command');
      const recipient = parseRcpt(command.toString());
      if (this.session.envelope.rcptTo.length >= maxRecipients) throw new Failure('too-many-recipients');
      const refusal = this.owner.inbound.takeRefusal(this.forwarded, recipient);
      if (refusal) {
        this.tellRefusal(this.mail.sender, [recipient.address], refusal);
        this.send(refusal.code, linesOf(refusal), false);
        return;
      }
      this.recipients.push(recipient);
      this.session.envelope.rcptTo.push({ address: recipient.address.text, args: {} });
      this.send(250, '2.1.5 Ok', false);
    });
  }

  override handler_XFORWARD(command: Buffer, callback: () => void): void {
    this.attempt(callback, () => {
      if (this.mail) throw new Failure('bad-sequence', 'mail transaction in progress');
      parseXforward(command.toString(), this.forwarded);
      this.send(250, '2.0.0 Ok', false);
    });
  }

  override handler_DATA(_command: Buffer, callback: () => void): void {
    this.attempt(callback, () => {
      if (this.recipients.length === 0) throw new Failure('bad-sequence', 'need RCPT command');
      this.send(354, 'End data with <CR><LF>.<CR><LF>', false);
      void this.deliver();
    });
  }

  /** The message is cut where the client goes away. */
  override _onClose(): void {
    super._onClose();
    this.content?.cut();
  }

  /** Hands the message on, and tells the reply once all of it has come: SMTP has no way to stop it before. */
  private async deliver(): Promise<void> {
    const { inbound, inFlight } = this.owner;
    const content = new Content(inbound.maxMessageSize);
    this.content = content;
    const { input } = this;
    input.receive(content);
    const delivery = inbound.deliver({
      envelope: {
        sender: this.mail!.sender,
        parameters: this.mail!.parameters,
        recipients: this.recipients,
        forwarded: new Map(this.forwarded),
        ...(this.mail!.size > 0 && { size: this.mail!.size }),
      },
      content,
      repliesEach: inbound.protocol === 'lmtp',
      client: { helo: this.hostNameAppearsAs || 'unknown', address: this.remoteAddress },
    });
    inFlight.set(this, delivery);
    const replies = await delivery;
    inFlight.delete(this);
    content.discard();
    await content.whole;
    this.content = undefined;
    this._socket.cork();
    for (const reply of inbound.protocol === 'lmtp' ? replies : replies.slice(0, 1))
      this.send(reply.code, linesOf(reply), false);
    this._socket.uncork();
    this._unrecognizedCommands = 0;
    this._resetSession();
    input.proceed();
  }

  private tellRefusal(sender: Address, recipients: readonly Address[], reply: Reply): void {
    this.owner.inbound.onRefusal({ forwarded: this.forwarded, sender, recipients, reply });
  }

  /** Between two messages there is nothing to wait for. */
  closeIfIdle(): void {
    if (!this.mail) this.refuse(new Failure('shutting-down'));
  }

  /** Drops the connection: what it was sending is not complete, and will not be. */
  abandon(): void {
    this._socket.destroy();
  }

  private refuse({ reply }: Failure): void {
    this.send(reply.code, reply.text, false);
    this.close();
  }

  private attempt(callback: () => void, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.explain(error);
    }
    callback();
  }

  private explain(error: unknown): void {
    const { reply } = Failure.from(error);
    this.send(reply.code, reply.text, false);
  }
}
