// What nodemailer's SMTPConnection does by itself, and session.ts works around or relies on without its being
// public: an upgrade that changes it is noticed here.
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ReturnPort } from '../../support/return-port.js';

/** As session.ts sees it. */
interface Internals {
  _socket: Socket;
  _onSocketData: (chunk: Buffer) => void;
  _ehloLines?: string[];
}

let port: ReturnPort;
let connection: SMTPConnection;
let internals: Internals;

beforeEach(async () => {
  port = await ReturnPort.start();
  await connect();
});

afterEach(async () => {
  connection.close();
  await port.close();
});

async function connect(options: ConstructorParameters<typeof SMTPConnection>[0] = {}): Promise<void> {
  connection = new SMTPConnection({
    ...options,
    host: '127.0.0.1',
    port: port.port,
    name: 'client.example',
    ignoreTLS: true,
  });
  connection.on('error', () => undefined);
  internals = connection as unknown as Internals;
  await new Promise<void>((resolve, reject) => {
    connection.connect(error => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Sends a message the public way. @returns its error, if there is one */
function send(
  message: string | Readable,
  envelope: Parameters<SMTPConnection['send']>[0] = { from: 'a@example.com', to: ['b@example.net'] },
): Promise<{ code?: string } | null> {
  return new Promise(resolve => {
    connection.send(envelope, message, error => {
      resolve(error as { code?: string } | null);
    });
  });
}

const commands = (): string[] =>
  port.transcript.filter(l => l.includes('-> ')).map(l => l.slice(l.indexOf('-> ') + 3));

describe('what is not public', () => {
  test('the socket is a plain one', () => {
    expect(internals._socket).toBeInstanceOf(Socket);
  });

  test('one listener reads what comes, and leaves it to ours once it is removed', async () => {
    const { _socket: socket, _onSocketData: theirs } = internals;
    expect(socket.listeners('data')).toEqual([theirs]);
    socket.removeListener('data', theirs);
    const heard = new Promise(resolve =>
      socket.once('data', chunk => {
        resolve(String(chunk));
      }),
    );
    socket.write('NOOP\r\n');
    expect(await heard).toBe('250 2.0.0 Ok\r\n');
    expect(connection.destroyed).toBe(false);
  });

  test('the lines of EHLO are there without the first, which names the server', () => {
    expect(internals._ehloLines).toEqual(port.extensions);
  });

  test('after HELO there are no lines of EHLO', async () => {
    connection.close();
    port.fault({ at: 'EHLO', reply: '502 5.5.1 Command not known', times: 1 });
    await connect();
    expect(commands().at(-1)).toBe('HELO client.example');
    expect(internals._ehloLines).toBeUndefined();
  });
});

describe('the end of a connection, which SMTPConnection sees and we do not look for', () => {
  test('is no error where the other side hangs up', async () => {
    const errors: unknown[] = [];
    connection.on('error', error => errors.push(error));
    const ended = new Promise(resolve => connection.once('end', resolve));
    port.drop();
    await ended;
    expect(connection.destroyed).toBe(true);
    expect(errors).toEqual([]);
  });

  test('is one after the time without an octet that was set', async () => {
    connection.close();
    await connect({ socketTimeout: 50 });
    const error = new Promise<Error>(resolve => connection.once('error', resolve));
    expect((await error).message).toBe('Timeout');
    expect(connection.destroyed).toBe(true);
  });
});

describe('the public `send`, which is not used', () => {
  test('rewrites line ends: what was hashed is not what arrives', async () => {
    await send('Subject: x\r\n\r\nbare LF\nbare CR\rend\r\n');
    expect(port.messages[0]!.content.toString()).toBe('Subject: x\r\n\r\nbare LF\r\nbare CR\r\nend\r\n');
  });

  test('leaves the connection in the middle of the content after an error of the source', async () => {
    const source = new Readable({ read: () => undefined });
    const sent = send(source);
    source.push('Subject: x\r\n\r\nhalf a li');
    await expect.poll(() => port.transcript.some(l => l.includes('<- 354'))).toBe(true);
    await expect.poll(() => source.readableLength).toBe(0);
    source.destroy(new Error('cut'));
    expect(await sent).toMatchObject({ code: 'ESTREAM' });
    expect(internals._socket.destroyed).toBe(false);
    expect(port.open).toBe(1);

    // What is said now becomes part of the message.
    internals._socket.write('RSET\r\n.\r\n');
    const [message] = await port.received(1);
    expect(message!.content.toString()).toBe('Subject: x\r\n\r\nhalf a liRSET\r\n');
  });

  test('shares DSN parameters between all recipients', async () => {
    const dsn = { notify: ['never'] } as unknown as string;
    await send('\r\n', { from: 'a@example.com', to: ['b@example.net', 'c@example.net'], dsn } as never);
    expect(port.messages[0]!.recipients).toEqual([
      'RCPT TO:<b@example.net> NOTIFY=NEVER',
      'RCPT TO:<c@example.net> NOTIFY=NEVER',
    ]);
  });

  test('goes on where some recipients are refused', async () => {
    port.fault({ at: 'RCPT', recipient: 'b@example.net', reply: '550 5.1.1 No such user' });
    expect(await send('\r\n', { from: 'a@example.com', to: ['b@example.net', 'c@example.net'] })).toBeNull();
    expect(port.messages[0]!.recipients).toEqual(['RCPT TO:<c@example.net>']);
  });

  test('drops 8BITMIME in silence where the server lacks it', async () => {
    connection.close();
    port.extensions = ['PIPELINING'];
    await connect();
    expect(
      await send('\r\nGrüße\r\n', {
        from: 'a@example.com',
        to: ['b@example.net'],
        use8BitMime: true,
      }),
    ).toBeNull();
    expect(port.messages[0]!.mail).toBe('MAIL FROM:<a@example.com>');
  });
});
