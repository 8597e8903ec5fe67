// Whose silence ends a connection: that of a client that stalls, not that of one that our backpressure stops.
import { afterEach, expect, test } from 'vitest';
import type { Failure, Reply } from '../../../src/failure.js';
import type { Delivery } from '../../../src/envelope.js';
import type { Inbound } from '../../../src/smtp/inbound.js';
import { DialogClient } from '../../support/dialog-client.js';
import { listening } from '../../support/inbound.js';

const timeout = 500;
/** More than the buffers of both sides take. */
const large = `${'x'.repeat(78)}\r\n`.repeat(13e6 / 80);
let inbound: Inbound;
let client: DialogClient;
/** How the content ended. */
let end: 'whole' | Failure | undefined;

afterEach(async () => {
  client.hangUp();
  await inbound.close();
});

/** A client past the 354 of a service that treats its messages so. */
async function inContent(deliver: (delivery: Delivery) => Promise<Reply>): Promise<void> {
  end = undefined;
  inbound = await listening({ timeout, deliver: async delivery => [await deliver(delivery)] });
  client = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
  await client.hear();
  await client.ask('EHLO client.example');
  await client.ask('MAIL FROM:<a@example.com>');
  await client.ask('RCPT TO:<b@example.net>');
  expect(await client.ask('DATA')).toMatch(/^354 /);
}

/** Reads the content, and pauses after its first piece. */
async function read({ content }: Delivery, pause: number): Promise<Reply> {
  let pieces = 0;
  try {
    for await (const _ of content) if (pieces++ === 0) await sleep(pause);
    end = 'whole';
  } catch (error) {
    end = error as Failure;
  }
  return { code: 250, text: '2.0.0 Ok' };
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

test('a client whose message is not taken yet is not idle', async () => {
  await inContent(delivery => read(delivery, timeout * 4));
  client.send(large);
  client.send('.\r\n');
  expect(await client.hear()).toEqual(['250 2.0.0 Ok']);
  expect(end).toBe('whole');
});

test('a client that stops in the middle is, also after it was kept waiting', async () => {
  await inContent(delivery => read(delivery, timeout * 2));
  client.send(large);
  expect(await client.hear()).toEqual([expect.stringMatching(/^421 4\.4\.2 Timeout/)]);
  await expect.poll(() => end).toMatchObject({ kind: 'input-cut' });
});

test('and so is one that stops in a message that was refused already', async () => {
  await inContent(() => Promise.resolve({ code: 451, text: '4.3.0 Later' }));
  client.send('Subject: half a li');
  expect(await client.hear()).toEqual([expect.stringMatching(/^421 4\.4\.2 Timeout/)]);
});
