// A small SMTP client that streams: sends one message as Postfix would, and says what the server answered.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

export interface Mail {
  readonly port: number;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** `IDENT=4XYZ ADDR=192.0.2.1` */
  readonly xforward?: string;
  /** Pieces of the message, each a number of whole lines that end in CRLF. */
  readonly content: Iterable<Buffer>;
}

/** Sends one message. @returns the last reply: `250 2.0.0 Ok: queued as …`. @throws Error with a reply that refuses */
export async function sendMail({ port, sender, recipients, xforward, content }: Mail): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (to: string): Promise<string> => {
    for (;;) {
      const { value, done } = (await lines.next()) as { value: string; done?: boolean };
      if (done) throw new Error(`connection lost after ${to}`);
      if (value[3] === '-') continue;
      if (!/^[23]/.test(value)) throw new Error(`${to}: ${value}`);
      return value;
    }
  };
  const command = (line: string): Promise<string> => {
    socket.write(`${line}\r\n`);
    return reply(line);
  };
  const failed = once(socket, 'close').then((): never => {
    throw new Error('connection closed');
  });
  failed.catch(() => undefined);
  try {
    await reply('connect');
    await command('EHLO client.example');
    if (xforward !== undefined) await command(`XFORWARD ${xforward}`);
    await command(`MAIL FROM:<${sender}> BODY=8BITMIME`);
    for (const recipient of recipients) await command(`RCPT TO:<${recipient}>`);
    await command('DATA');
    for (const piece of content) {
      if (!socket.write(stuffed(piece))) await Promise.race([once(socket, 'drain'), failed]);
    }
    const last = await command('.');
    await command('QUIT');
    return last;
  } finally {
    socket.destroy();
  }
}

/** RFC 5321 §4.5.2. */
function stuffed(lines: Buffer): Buffer {
  if (lines[0] !== 0x2e && !lines.includes('\n.')) return lines;
  return Buffer.from(lines.toString('latin1').replace(/^\./gm, '..'), 'latin1');
}
