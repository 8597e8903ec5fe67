// What the return port offers: when it is asked, by whom, and what becomes of the connection.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Address } from '../../../src/address.js';
import type { Envelope } from '../../../src/envelope.js';
import { everything } from '../../../src/smtp/capabilities.js';
import { ReturnPort } from '../../../src/smtp/return-port.js';
import { ReturnPort as Server } from '../../support/return-port.js';

let server: Server;
let port: ReturnPort;
let now: number;

beforeEach(async () => {
  now = 0;
  server = await Server.start({ extensions: ['DSN'] });
  port = new ReturnPort(
    { address: { host: '127.0.0.1', port: server.port }, hostname: 'postseal.example', timeout: 30_000 },
    () => now,
  );
});

afterEach(async () => {
  vi.restoreAllMocks();
  port.close();
  await server.close();
});

const none = Buffer.alloc(0);
const bob = { address: Address.parse('bob@example.net')!, parameters: [] };
const kim = { address: Address.parse('kim@example.net')!, parameters: [] };
const to = (...recipients: Envelope['recipients']): Envelope => ({
  sender: Address.parse('a@example.com')!,
  parameters: [],
  recipients,
  forwarded: new Map<string, string>(),
});
const offered = async (): Promise<readonly string[]> => (await port.capabilities()).extensions;
const asked = (): number => server.transcript.filter(line => line.includes('-> EHLO')).length;

test('(R34) many clients at once are one question, which is not asked again for a minute', async () => {
  expect(await Promise.all([offered(), offered(), offered()])).toEqual([['DSN'], ['DSN'], ['DSN']]);
  server.extensions = ['DSN', '8BITMIME'];
  now = 59_999;
  expect(await offered()).toEqual(['DSN']);
  expect(asked()).toBe(1);
  now = 60_000;
  expect(await offered()).toEqual(['8BITMIME', 'DSN']);
  expect(asked()).toBe(2);
});

test('the connection that was asked takes the next message', async () => {
  await offered();
  const transfer = await port.open(to(bob), () => undefined, false);
  expect((await transfer.finish(none)).text).toBe('2.0.0 Ok: queued as 1-1');
  expect(asked()).toBe(1);
});

test('a message begun for some, where all or nobody is to get it, ends by hanging up: nobody gets it', async () => {
  // Where DATA goes along with the recipients, it is taken for the other one.
  server.extensions = ['PIPELINING'];
  server.fault({ at: 'RCPT', recipient: 'kim@example.net', reply: '452 4.2.2 Mailbox full' });
  await expect(port.open(to(bob, kim), () => undefined, false)).rejects.toThrow('452 4.2.2 Mailbox full');
  await expect.poll(() => server.open).toBe(0);
  expect(server.transcript.at(-1)).toContain('354');
  expect(server.messages).toEqual([]);
});

describe('without an answer', () => {
  test('everything is promised, or what was known last; the next client asks again', async () => {
    await server.stop();
    expect(await port.capabilities()).toBe(everything);
    await server.resume();
    expect(await offered()).toEqual(['DSN']);
    await server.stop();
    now = 60_000;
    expect(await offered()).toEqual(['DSN']);
  });

  test('nobody waits longer than some seconds, and no connection is left', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
    expect(await port.capabilities()).toBe(everything);
    const controller = new AbortController();
    timeout.mockImplementation(() => controller.signal);
    server.fault({ at: 'greeting', then: 'hang', times: 1 });
    const waiting = port.capabilities();
    await expect.poll(() => server.transcript.join()).toContain('hangs');
    controller.abort();
    expect(await waiting).toBe(everything);
    await expect.poll(() => server.open).toBe(0);
    expect(timeout.mock.calls).toEqual([[3000], [3000]]);
    timeout.mockRestore();
    expect(await offered()).toEqual(['DSN']);
  });
});

describe('whether it is there', () => {
  const deliver = async (): Promise<unknown> =>
    (await port.open(to(bob), () => undefined, false)).finish(none);

  test('is asked where nothing was seen of it for a minute, once for all', async () => {
    expect(await Promise.all([port.contacted(), port.contacted(), offered()])).toMatchObject([
      { up: true, successAge: 0 },
      { up: true },
      ['DSN'],
    ]);
    now = 59_000;
    await deliver();
    now = 118_000;
    expect(await port.contacted()).toEqual({ up: true, successAge: 59_000 });
    expect(asked()).toBe(1);
    now = 119_000;
    expect(await port.contacted()).toEqual({ up: true, successAge: 0 });
    expect(asked()).toBe(2);
  });

  test('a connection that is lost in the middle is a failure, a refusal is none', async () => {
    server.fault({ at: 'dot', reply: '452 4.3.1 Full', times: 1 });
    await deliver();
    expect(await port.contacted()).toMatchObject({ up: true });
    server.fault({ at: 'dot', then: 'hang up', times: 1 });
    const transfer = await port.open(to(bob), () => undefined, false);
    await expect(transfer.finish(none)).rejects.toThrow('lost');
    transfer.abort();
    now = 10;
    expect(await port.contacted()).toEqual({
      up: false,
      successAge: 10,
      failureAge: 10,
      failure: expect.any(String) as string,
    });
  });

  test('one that says nothing is given some seconds', async () => {
    server.fault({ at: 'greeting', then: 'hang' });
    expect(await port.contacted()).toMatchObject({ up: false, failure: 'timed out' });
  });
});
