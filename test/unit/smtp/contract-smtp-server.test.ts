// What smtp-server does by itself, and inbound.ts works around: an upgrade that changes it is noticed here.
import { once } from 'node:events';
import * as fc from 'fast-check';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DotUnstuffer } from '../../../src/smtp/dot-stuffing.js';
import { DialogClient } from '../../support/dialog-client.js';
import { listening } from '../../support/inbound.js';

let closers: (() => unknown)[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers) await close();
  closers = [];
});

/** A stock server with these options, and a client that has not heard anything yet. */
async function stock(options: SMTPServerOptions = {}): Promise<DialogClient> {
  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    ...options,
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const client = await DialogClient.connect({ host: '127.0.0.1', port });
  closers.push(
    () => {
      client.hangUp();
    },
    () =>
      new Promise<void>(resolve => {
        server.close(resolve);
      }),
  );
  return client;
}

/** The same, past greeting and EHLO. */
async function greeted(options: SMTPServerOptions = {}): Promise<DialogClient> {
  const client = await stock(options);
  await client.hear();
  await client.ask('EHLO client.example');
  return client;
}

/** Takes messages, and notes what the session says of each. */
function noting(note: (session: SMTPServerSession) => void): SMTPServerOptions {
  return {
    onData: (stream, session, callback) => {
      stream.resume();
      stream.on('end', () => {
        note(session);
        callback();
      });
    },
  };
}

describe('the greeting', () => {
  test('waits for a timer of 100 ms; ours comes with all timers stopped', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const client = await stock();
    const heard = vi.fn<(lines: string[]) => void>();
    void client.hear().then(heard);
    // Of the two timers, one is that of the client, which waits for long.
    while (vi.getTimerCount() < 2) await new Promise(resolve => setImmediate(resolve));
    vi.advanceTimersByTime(99);
    await new Promise(resolve => setImmediate(resolve));
    expect(heard).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    while (heard.mock.calls.length === 0) await new Promise(resolve => setImmediate(resolve));

    const inbound = await listening();
    const ours = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
    expect(await ours.hear()).toEqual(['220 postseal.example.com ESMTP Postseal']);
    ours.hangUp();
    await inbound.close();
  });
});

describe('a client that talks before the greeting', () => {
  test('is sent away; ours is greeted in the same turn of the event loop, and nobody can be early', async () => {
    vi.useFakeTimers({ toFake: ['setImmediate'] });
    const inbound = await listening();
    const ours = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
    ours.send('NOOP\r\n');
    // The one turn that smtp-server waits before it reads anything; there is no other.
    while (vi.getTimerCount() === 0) await new Promise(resolve => setTimeout(resolve, 1));
    vi.runOnlyPendingTimers();
    expect(await ours.hear()).toEqual(['220 postseal.example.com ESMTP Postseal']);
    expect(await ours.hear()).toEqual(['250 OK']);
    vi.useRealTimers();
    ours.hangUp();
    await inbound.close();

    const client = await stock();
    client.send('NOOP\r\n');
    expect(await client.hear()).toEqual([expect.stringMatching(/^421 .*You talk too soon$/)]);
  });
});

describe('EHLO', () => {
  test('offers what the library itself can do', async () => {
    const client = await stock({ hideDSN: false });
    await client.hear();
    const reply = await client.ask('EHLO client.example');
    for (const keyword of ['8BITMIME', 'SMTPUTF8', 'DSN']) expect(reply).toContain(keyword);
  });

  test.each([
    ['smtp', 'EHLO'],
    ['lmtp', 'LHLO'],
  ] as const)('over %s, %s comes to our handler, and lets MAIL in', async (protocol, verb) => {
    const inbound = await listening({
      protocol,
      capabilities: () => Promise.resolve({ extensions: ['DSN'], maxMessageSize: 5000 }),
    });
    const client = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
    await client.hear();
    expect(await client.ask('MAIL FROM:<>')).toMatch(/^503 /);
    expect(await client.ask(verb)).toBe('501 5.5.4 Bad command parameter syntax');
    expect(await client.ask('MAIL FROM:<>')).toMatch(/^503 /);
    // The next command waits for the reply to the one before it.
    client.send(`${verb} client.example\r\nMAIL FROM:<>\r\n`);
    expect(await client.hear()).toEqual([
      '250-postseal.example.com',
      '250-PIPELINING',
      '250-DSN',
      '250-SIZE 5000',
      '250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE',
    ]);
    expect(await client.hear()).toEqual(['250 2.1.0 Ok']);
    client.hangUp();
    await inbound.close();
  });
});

describe('addresses', () => {
  const odd = [
    '"a b"@example.net',
    '"a@b"@example.net',
    'a..b@example.net',
    'user.@example.net',
    'a@under_score.org',
  ];

  test.each(odd)('%s is refused', async address => {
    const client = await greeted();
    expect(await client.ask(`MAIL FROM:<${address}>`)).toMatch(/^501 /);
  });

  test.each(odd.slice(0, 2))('%s is refused by the lenient parser too', async address => {
    const client = await greeted({ lenientAddressParsing: true });
    expect(await client.ask(`MAIL FROM:<${address}>`)).toMatch(/^501 /);
  });

  test('A-labels are turned into Unicode', async () => {
    const seen: string[] = [];
    const client = await greeted({
      onRcptTo: ({ address }, _, callback) => {
        seen.push(address);
        callback();
      },
    });
    await client.ask('MAIL FROM:<>');
    await client.ask('RCPT TO:<a@xn--bcher-kva.example>');
    expect(seen).toEqual(['a@bücher.example']);
  });

  test('recipients that differ in case are merged, and the last one wins', async () => {
    let recipients: unknown;
    const client = await greeted({
      hideDSN: false,
      ...noting(session => {
        recipients = session.envelope.rcptTo.map(r => r.address);
      }),
    });
    await client.ask('MAIL FROM:<>');
    await client.ask('RCPT TO:<bob@example.net>');
    await client.ask('RCPT TO:<BOB@example.net>');
    await client.ask('DATA');
    await client.ask('\r\n.');
    expect(recipients).toEqual(['BOB@example.net']);
  });

  test('DSN parameters are decoded from xtext', async () => {
    let envid: unknown;
    const client = await greeted({
      hideDSN: false,
      onMailFrom: ({ args }, _, callback) => {
        envid = (args as Record<string, unknown>)['ENVID'];
        callback();
      },
    });
    await client.ask('MAIL FROM:<> ENVID=a+2Bb');
    expect(envid).toBe('a+b');
  });
});

describe('XFORWARD', () => {
  test('attributes outlive the transaction', async () => {
    const names: unknown[] = [];
    const client = await greeted({ useXForward: true, ...noting(s => names.push(s.xForward.get('NAME'))) });
    await client.ask('XFORWARD NAME=first.example');
    for (let i = 0; i < 2; i++) {
      await client.ask('MAIL FROM:<>');
      await client.ask('RCPT TO:<bob@example.net>');
      await client.ask('DATA');
      await client.ask('\r\n.');
    }
    expect(names).toEqual(['first.example', 'first.example']);
  });

  test('[TEMPUNAVAIL] is refused', async () => {
    const client = await greeted({ useXForward: true });
    expect(await client.ask('XFORWARD ADDR=[TEMPUNAVAIL]')).toMatch(/^501 /);
  });
});

describe('replies', () => {
  test('to the end of DATA are one line, and 250 whatever the handler says', async () => {
    const client = await greeted({
      onData: (stream, _, callback) => {
        stream.resume();
        stream.on('end', () => {
          callback(Object.assign(new Error('one\r\ntwo'), { responseCode: 554 }));
        });
      },
    });
    await client.ask('MAIL FROM:<>');
    await client.ask('RCPT TO:<bob@example.net>');
    await client.ask('DATA');
    expect(await client.ask('\r\n.')).toBe('554 one  two');
  });

  test('an enhanced code is put before ours where it is offered', async () => {
    const client = await greeted({
      hideENHANCEDSTATUSCODES: false,
      onMailFrom: (_, __, callback) => {
        callback(Object.assign(new Error('4.3.1 Disk full'), { responseCode: 452 }));
      },
    });
    expect(await client.ask('MAIL FROM:<>')).toBe('452 4.2.2 4.3.1 Disk full');
  });
});

describe('the parser, which input.ts replaces', () => {
  test('hands content on in one piece for each line that begins with a dot', async () => {
    const pieces: string[] = [];
    const client = await greeted({
      onData: (stream, _, callback) => {
        stream.on('data', (piece: Buffer) => pieces.push(piece.toString()));
        stream.on('end', callback);
      },
    });
    await client.ask('MAIL FROM:<>');
    await client.ask('RCPT TO:<bob@example.net>');
    await client.ask('DATA');
    await client.ask('one\r\n..two\r\n..three\r\n..four\r\n.');
    expect(pieces.join('')).toBe('one\r\n.two\r\n.three\r\n.four\r\n');
    expect(pieces.length).toBeGreaterThanOrEqual(3);
  });

  test('takes the same for the end of a message, and the same for its content', async () => {
    const octets = fc
      .array(fc.constantFrom('.', '\r', '\n', '\r\n', '\n.', '\r\n..', '\r\n.\r', 'x'))
      // It overlooks a doubled dot behind a bare LF that is the first octet.
      .map(parts => parts.join(''))
      .filter(text => !text.startsWith('\n..'));
    await fc.assert(
      fc.asyncProperty(octets, async text => {
        const wire = Buffer.from(`${text}\r\n.\r\n`);
        const parser = new SMTPStream();
        const theirs: Buffer[] = [];
        const stream = parser.startDataMode();
        stream.on('data', (piece: Buffer) => theirs.push(piece));
        parser.write(wire);
        await once(stream, 'end');
        expect(new DotUnstuffer().write(wire).content.toString()).toBe(Buffer.concat(theirs).toString());
      }),
    );
  });
});

test('its options are the very object that it was given, so that ours may change', () => {
  const options: SMTPServerOptions = { logger: false, size: 1000 };
  expect((new SMTPServer(options) as unknown as { options: unknown }).options).toBe(options);
});

test('what a subclass overrides and calls is there', () => {
  const prototype = SMTPConnection.prototype as unknown as Record<string, unknown>;
  for (const method of [
    ...['init', 'connectionReady', 'send', 'close', '_createParser', '_resetSession', '_onCommand'],
    ...['_armTimeout', '_onTimeout', '_onCloseEvent', '_onClose', '_onError'],
    ...['handler_MAIL', 'handler_RCPT', 'handler_DATA', 'handler_RSET', 'handler_EHLO'],
  ])
    expect(prototype[method], method).toBeTypeOf('function');
  expect((SMTPServer.prototype as unknown as Record<string, unknown>)['connect']).toBeTypeOf('function');
});
