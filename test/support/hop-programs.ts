// Real programs that mail passes on its way: a private Postfix in several roles, and a program that parses each
// message and writes it anew, as mailing lists do.
//
//   sendMail, sendChunks ──► smtpd ─┬─► virtual ──► maildir, mbox
//   sendmail ──► pickup ──► smtp ──►┘─► smtp ──► a server without 8BITMIME
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { peer, type Peer } from './peers.js';
import { Postfix, freePort, until } from './postfix.js';
import { ReturnPort } from './return-port.js';
import { sendMail } from './smtp-client.js';
import { canonical } from './verifiers.js';

/** The peers that `HopPrograms` need. */
export const hopPeers = ['postfix', 'python3'] as const satisfies readonly Peer[];

const sender = 'anna@example.com';

export class HopPrograms {
  private count = 0;
  /** How many messages the maildir will have got. */
  private kept = 0;

  private constructor(
    private readonly postfix: Postfix,
    private readonly next: ReturnPort,
  ) {}

  static async start(): Promise<HopPrograms> {
    const next = await ReturnPort.start({ extensions: ['PIPELINING', 'SIZE 104857600'] });
    const port = await freePort();
    const postfix = await Postfix.start({
      // Straight on to the return port, where Postseal would be.
      postsealPort: port,
      returnPort: port,
      main: {
        virtual_mailbox_maps: 'inline:{ {@example.net=box/}, {@example.org=mbox} }',
        transport_maps: `inline:{ {old.example=smtp:[127.0.0.1]:${next.port}} }`,
      },
    });
    return new HopPrograms(postfix, next);
  }

  async close(): Promise<void> {
    await this.postfix.remove();
    await this.next.close();
  }

  /** Postfix's smtp client to a server that does not announce 8BITMIME. */
  async withoutEightBitMime(messages: readonly Buffer[]): Promise<Buffer[]> {
    const before = this.next.messages.length;
    const recipients = await this.sent(messages, 'old.example');
    const received = await this.next.received(before + messages.length);
    return recipients.map(
      recipient => received.find(m => m.recipients[0]!.includes(`<${recipient}>`))!.content,
    );
  }

  async throughMaildir(messages: readonly Buffer[]): Promise<Buffer[]> {
    return this.fromMaildir(await this.sent(messages, 'example.net'));
  }

  /** Delivered to an mbox, and taken out of it by a reader that leaves `>From ` as it is. */
  async throughMbox(messages: readonly Buffer[]): Promise<Buffer[]> {
    const recipients = await this.sent(messages, 'example.org');
    await this.postfix.drained();
    const mbox = readFileSync(join(this.postfix.directory, 'mail', 'mbox'), 'latin1');
    const found = mbox.split(/^From \S+ {2}\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\n/m).slice(1);
    return recipients.map(recipient => {
      const message = found.find(m => m.includes(`X-Original-To: ${recipient}\n`))!;
      // The empty line before the next one.
      return canonical(Buffer.from(message.replace(/\n$/, ''), 'latin1'));
    });
  }

  /** Handed to the sendmail command with LF, as by a filter or a .forward. */
  async throughSendmail(messages: readonly Buffer[]): Promise<Buffer[]> {
    const recipients = this.recipients(messages, 'example.net');
    for (const [i, message] of messages.entries()) {
      const kept = Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
      const { status, output } = await this.postfix.sendmail(sender, [recipients[i]!], kept);
      if (status !== 0) throw new Error(output);
    }
    return this.fromMaildir(recipients);
  }

  /** Sent with BDAT in small chunks (RFC 3030). */
  async inChunks(messages: readonly Buffer[]): Promise<Buffer[]> {
    const recipients = this.recipients(messages, 'example.net');
    for (const [i, message] of messages.entries())
      await sendChunks(this.postfix.returnPort, recipients[i]!, message);
    return this.fromMaildir(recipients);
  }

  private recipients(messages: readonly Buffer[], domain: string): string[] {
    return messages.map(() => `m${++this.count}@${domain}`);
  }

  /** @returns the recipient of each */
  private async sent(messages: readonly Buffer[], domain: string): Promise<string[]> {
    const recipients = this.recipients(messages, domain);
    for (const [i, message] of messages.entries()) {
      const port = this.postfix.returnPort;
      await sendMail({ port, sender, recipients: [recipients[i]!], content: [message] });
    }
    return recipients;
  }

  private async fromMaildir(recipients: readonly string[]): Promise<Buffer[]> {
    this.kept += recipients.length;
    await until(
      () => `${this.kept} messages\n${this.postfix.tail()}`,
      () => this.postfix.count() >= this.kept,
    );
    const messages = this.postfix.messages();
    return recipients.map(recipient => canonical(messages.find(m => m.recipient === recipient)!.raw));
  }
}

async function sendChunks(port: number, recipient: string, message: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (): Promise<void> => {
    for (;;) {
      const { value, done } = (await lines.next()) as { value: string; done?: boolean };
      if (done === true || !/^2/.test(value)) throw new Error(`${recipient}: ${value}`);
      if (value[3] !== '-') return;
    }
  };
  try {
    await reply();
    for (const command of ['EHLO client.example', `MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`]) {
      socket.write(`${command}\r\n`);
      await reply();
    }
    const octets = 333;
    for (let at = 0; at < message.length; at += octets) {
      const chunk = message.subarray(at, at + octets);
      const last = at + octets >= message.length ? ' LAST' : '';
      socket.write(Buffer.concat([Buffer.from(`BDAT ${chunk.length}${last}\r\n`), chunk]));
      await reply();
    }
  } finally {
    socket.destroy();
  }
}

const relay = `
import base64, email, email.policy, sys
policy = getattr(email.policy, sys.argv[1])
for line in sys.stdin:
    message = email.message_from_bytes(base64.b64decode(line), policy=policy)
    subject = str(message['Subject'])
    del message['Subject']
    message['Subject'] = '[kim] ' + subject
    message['List-Id'] = 'Kim <kim.example.net>'
    print(base64.b64encode(message.as_bytes()).decode())
`;

/**
 * Parses and writes each with Python's email package, and does to the header what a mailing list does.
 * @param policy `compat32` as Mailman has it, or `SMTP`
 */
export function throughPython(messages: readonly Buffer[], policy: 'compat32' | 'SMTP'): Buffer[] {
  const input = messages.map(message => `${message.toString('base64')}\n`).join('');
  const { stdout, stderr } = spawnSync(peer('python3'), ['-c', relay, policy], { input, encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  if (lines.length !== messages.length) throw new Error(stderr);
  return lines.map(line => canonical(Buffer.from(line, 'base64')));
}
