// One connection to a return port that speaks out of turn, and how many packets a message costs.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/address.js';
import type { Reply } from '../../../src/failure.js';
import type { Transfer } from '../../../src/next-hop.js';
import { ReturnPort } from '../../../src/smtp/return-port.js';
import { Session, type SessionOptions } from '../../../src/smtp/session.js';

let server: Server;
let options: SessionOptions;
/** What came, packet by packet. */
let packets: string[];
/** The server's side of the connection. */
let socket: Socket;
/** What it says to a packet that begins so; to others nothing. */
let says: [beginning: string, reply: string][];

beforeEach(async () => {
  packets = [];
  says = [['EHLO', '250-return-port.example\r\n250 PIPELINING\r\n']];
  server = createServer(connection => {
    socket = connection;
    socket.on('error', () => undefined);
    socket.write('220 return-port.example ESMTP\r\n');
    socket.on('data', chunk => {
      const packet = chunk.toString('latin1');
      packets.push(packet);
      const [, reply] = says.find(([beginning]) => packet.startsWith(beginning)) ?? [];
      if (reply !== undefined) socket.write(reply);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  options = { address: { host: '127.0.0.1', port }, hostname: 'postseal.example', timeout: 5000 };
});

afterEach(async () => {
  socket.destroy();
  server.close();
  await once(server, 'close');
});

const open = (): Promise<Session> => Session.connect(options, new AbortController().signal);

const codes = async (replies: Promise<Reply>[]): Promise<number[]> =>
  (await Promise.all(replies)).map(reply => reply.code);

describe('replies', () => {
  test('to several commands in one packet go to each in turn', async () => {
    says.push(['MAIL', '250 2.1.0 Ok\r\n550-5.1.1 No\r\n550 5.1.1 such user\r\n354 Go on\r\n']);
    const session = await open();
    const replies = await Promise.all(session.pipeline(['MAIL FROM:<>', 'RCPT TO:<b@example.net>', 'DATA']));
    expect(replies).toEqual([
      { code: 250, text: '2.1.0 Ok' },
      { code: 550, text: '5.1.1 No\n5.1.1 such user' },
      { code: 354, text: 'Go on' },
    ]);
    expect(packets.slice(1)).toEqual(['MAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n']);
    session.destroy();
  });

  test('that come with the one before them are heard by who asks next', async () => {
    says.push(['DATA', '354 Go on\r\n552 5.3.4 No, too large\r\n']);
    const session = await open();
    expect((await session.command('DATA')).code).toBe(354);
    expect((await session.reply()).code).toBe(552);
    expect(session.usable).toBe(true);
    session.destroy();
  });

  test.each(['421 4.3.2 Shutting down', '250 2.0.0 Ok'])(
    'that nobody asked for, like %s, end the connection',
    async said => {
      const session = await open();
      socket.write(`${said}\r\n`);
      await expect.poll(() => session.usable).toBe(false);
      await expect(session.command('NOOP')).rejects.toMatchObject({
        kind: 'return-port-lost',
        detail: `it spoke unasked: ${said}`,
      });
      expect(packets).toHaveLength(1);
    },
  );

  test('421 answers its command, and is the reason that those behind it hear', async () => {
    says.push(['MAIL', '250 2.1.0 Ok\r\n421 4.3.2 Shutting down\r\n']);
    const session = await open();
    const [mail, rcpt, data] = session.pipeline(['MAIL FROM:<>', 'RCPT TO:<b@example.net>', 'DATA']);
    expect(await codes([mail!, rcpt!])).toEqual([250, 421]);
    await expect(data).rejects.toMatchObject({ detail: '421 4.3.2 Shutting down' });
    expect(session.usable).toBe(false);
  });

  test('without end are given up', async () => {
    const session = await open();
    const reply = session.command('NOOP');
    socket.write('250-more\r\n'.repeat(10_000));
    await expect(reply).rejects.toMatchObject({ detail: 'its reply does not come to an end' });
  });
});

test('(R36) who waits when the connection is lost hears of it', async () => {
  const session = await open();
  const reply = session.command('NOOP');
  // More than the buffers of both sides take.
  const write = session.write([Buffer.alloc(20_000_000)]);
  socket.pause();
  setTimeout(() => socket.destroy(), 20);
  await expect(reply).rejects.toMatchObject({ kind: 'return-port-lost' });
  await expect(write).rejects.toMatchObject({ kind: 'return-port-lost' });
});

test('QUIT is said, and its reply not waited for but for a second', async () => {
  const session = await open();
  const closed = once(socket, 'close');
  session.quit();
  await closed;
  expect(packets.at(-1)).toBe('QUIT\r\n');
});

test('a small message costs two packets: its envelope, and its content with the final dot', async () => {
  says.push(['MAIL', '250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on\r\n'], ['Subject', '250 2.0.0 Ok\r\n']);
  const { transfer, close } = await begin(options);
  await transfer.write(Buffer.from('Subject: x\r\n\r\n.\r\n'));
  // Nothing of it can be taken for a message as long as the other copies may still fail.
  expect(packets).toHaveLength(2);
  expect(await transfer.finish(Buffer.alloc(0))).toEqual({ code: 250, text: '2.0.0 Ok' });
  expect(packets.slice(1)).toEqual([
    'MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n',
    'Subject: x\r\n\r\n..\r\n.\r\n',
  ]);
  close();
});

test('with LMTP it says LHLO, and one recipient has one reply (RFC 2033 §4.1, §4.2)', async () => {
  says = [
    ['LHLO', '250-return-port.example\r\n250 PIPELINING\r\n'],
    ['MAIL', '250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on\r\n'],
    ['Subject', '250 2.1.5 Ok for b@example.net\r\n'],
  ];
  const { transfer, close } = await begin({ ...options, protocol: 'lmtp' });
  await transfer.write(Buffer.from('Subject: x\r\n\r\n'));
  expect(await transfer.finish(Buffer.alloc(0))).toEqual({ code: 250, text: '2.1.5 Ok for b@example.net' });
  expect(packets[0]).toBe('LHLO postseal.example\r\n');
  close();
});

/** A transaction that waits for its content. */
async function begin(to: SessionOptions): Promise<{ transfer: Transfer; close: () => void }> {
  const returnPort = new ReturnPort(to);
  const envelope = {
    sender: Address.parse('a@example.com')!,
    parameters: [],
    recipients: [{ address: Address.parse('b@example.net')!, parameters: [] }],
    forwarded: new Map(),
  };
  const transfer = await returnPort.open(envelope, () => undefined, false);
  return {
    transfer,
    close: () => {
      returnPort.close();
    },
  };
}
