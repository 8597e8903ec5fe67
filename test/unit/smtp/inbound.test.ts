// What an earlier attempt left to say reaches the client at RCPT, and the others reach the filter.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/address.js';
import type { Failure, Reply } from '../../../src/failure.js';
import { Outcomes } from '../../../src/outcomes.js';
import type { Delivery } from '../../../src/envelope.js';
import { everything, type Capabilities } from '../../../src/smtp/capabilities.js';
import type { Inbound } from '../../../src/smtp/inbound.js';
import { DialogClient } from '../../support/dialog-client.js';
import { listening } from '../../support/inbound.js';

let outcomes: Outcomes;
let inbound: Inbound;
let client: DialogClient;
let deliveries: Delivery[];
/** How the content ended, where it did not come to its end. */
let cut: Failure | undefined;
/** What the filter will say. */
let reply: Reply;
/** Whether clients may connect. */
let open: boolean;
/** What there is behind the service. */
let capabilities: Promise<Capabilities>;

beforeEach(async () => {
  outcomes = new Outcomes();
  deliveries = [];
  cut = undefined;
  reply = { code: 250, text: '2.0.0 Ok' };
  open = true;
  capabilities = Promise.resolve(everything);
  inbound = await listening({
    admits: () => open,
    capabilities: () => capabilities,
    deliver: async delivery => {
      deliveries.push(delivery);
      try {
        for await (const _ of delivery.content);
      } catch (error) {
        cut = error as Failure;
      }
      return [reply];
    },
    takeRefusal: (envelope, recipient) => outcomes.takeRefusal(envelope, recipient),
  });
  client = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
  await client.hear();
  await client.ask('EHLO client.example');
});

afterEach(async () => {
  client.hangUp();
  await inbound.close();
});

/** Remembers a refusal as the filter does. */
function refuse(id: string, recipient: string, refusal: Reply): void {
  outcomes.rememberRefusal(
    {
      sender: Address.parse('a@example.com')!,
      parameters: [],
      recipients: [],
      forwarded: new Map([['IDENT', id]]),
    },
    { address: Address.parse(recipient)!, parameters: [] },
    refusal,
  );
}

async function begin(id: string): Promise<void> {
  await client.ask(`XFORWARD IDENT=${id}`);
  await client.ask('MAIL FROM:<a@example.com>');
}

const recipients = (): string[][] => deliveries.map(d => d.envelope.recipients.map(r => r.address.text));

describe('a refusal that is due', () => {
  test('is told at RCPT, in as many lines as it had, and the filter does not hear of that recipient', async () => {
    refuse('Q1', 'bob@example.net', { code: 550, text: '5.1.1 No such user,\n5.1.1 never was' });
    await begin('Q1');
    expect(await client.ask('RCPT TO:<bob@example.net>')).toBe(
      '550-5.1.1 No such user,\n550 5.1.1 never was',
    );
    expect(await client.ask('RCPT TO:<dora@example.net>')).toBe('250 2.1.5 Ok');
    await client.ask('DATA');
    expect(await client.ask('\r\n.')).toBe('250 2.0.0 Ok');
    expect(recipients()).toEqual([['dora@example.net']]);
  });

  test('is told once: then the return port is asked anew', async () => {
    refuse('Q1', 'bob@example.net', { code: 450, text: '4.2.0 Greylisted' });
    await begin('Q1');
    expect(await client.ask('RCPT TO:<bob@example.net>')).toBe('450 4.2.0 Greylisted');
    await client.ask('RSET');
    await begin('Q1');
    expect(await client.ask('RCPT TO:<bob@example.net>')).toBe('250 2.1.5 Ok');
  });

  test('is not told of another message with a queue id', async () => {
    refuse('Q1', 'bob@example.net', { code: 550, text: '5.1.1 No such user' });
    await begin('Q2');
    expect(await client.ask('RCPT TO:<bob@example.net>')).toBe('250 2.1.5 Ok');
  });

  test('leaves no transaction where it was about all recipients', async () => {
    refuse('Q1', 'bob@example.net', { code: 550, text: '5.1.1 No such user' });
    await begin('Q1');
    await client.ask('RCPT TO:<bob@example.net>');
    expect(await client.ask('DATA')).toMatch(/^503 /);
    expect(deliveries).toEqual([]);
  });
});

describe('the reply of the filter', () => {
  test.each<[Reply, string]>([
    [{ code: 250, text: '2.0.0 Ok: queued as 4bX' }, '250 2.0.0 Ok: queued as 4bX'],
    [{ code: 451, text: '4.3.0 Later' }, '451 4.3.0 Later'],
    [{ code: 554, text: '5.7.1 No,\n5.7.1 never' }, '554-5.7.1 No,\n554 5.7.1 never'],
  ])('%#: goes to the client as it is, line by line', async (answer, heard) => {
    reply = answer;
    await begin('Q1');
    await client.ask('RCPT TO:<bob@example.net>');
    await client.ask('DATA');
    expect(await client.ask('Subject: x\r\n\r\nx\r\n.')).toBe(heard);
  });
});

test('what a client may not say is not read, and takes nobody else a connection', async () => {
  open = false;
  const strangers = await Promise.all(
    Array.from({ length: 20 }, () =>
      DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port }),
    ),
  );
  for (const stranger of strangers) {
    expect(await stranger.hear()).toEqual(['421 4.7.1 Client is not allowed']);
    stranger.send('EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n\r\n.\r\n');
    expect(await stranger.hear()).toEqual(['(closed)']);
  }
  open = true;
  const another = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
  expect(await another.hear()).toEqual(['220 postseal.example.com ESMTP Postseal']);
  another.hangUp();
  expect(deliveries).toEqual([]);
});

describe('a client that waits for the reply to EHLO', () => {
  let answer: (capabilities: Capabilities) => void;

  beforeEach(() => {
    capabilities = new Promise(resolve => {
      answer = resolve;
    });
    client.send('EHLO again.example\r\nNOOP\r\n');
  });

  test('hears what is behind the service, and then the rest', async () => {
    answer({ extensions: ['SMTPUTF8'], maxMessageSize: 7 });
    expect((await client.hear()).slice(1, -1)).toEqual(['250-PIPELINING', '250-SMTPUTF8', '250-SIZE 7']);
    expect(await client.hear()).toEqual(['250 OK']);
  });

  test('can go away meanwhile, and so can the service', async () => {
    const other = await DialogClient.connect({ host: '127.0.0.1', port: inbound.address!.port });
    await other.hear();
    other.send('EHLO other.example\r\n');
    other.hangUp();
    const closed = inbound.close();
    expect(await client.hear()).toEqual([expect.stringMatching(/^421 4\.3\.2 /)]);
    expect(await client.hear()).toEqual(['(closed)']);
    answer(everything);
    await closed;
  });
});

test.each([
  ['SIZE=1234', 1234],
  ['SIZE=0', undefined],
  ['', undefined],
])('the size announced by MAIL FROM:<> %s reaches the filter as %s', async (parameter, size) => {
  await client.ask(`MAIL FROM:<a@example.com> ${parameter}`);
  await client.ask('RCPT TO:<bob@example.net>');
  await client.ask('DATA');
  await client.ask('Subject: x\r\n\r\nx\r\n.');
  expect(deliveries[0]!.envelope.size).toBe(size);
  expect(deliveries[0]!.envelope.parameters).toEqual([]);
});

test('a closed service has no message in flight, not even of a client that went away', async () => {
  await begin('Q1');
  await client.ask('RCPT TO:<bob@example.net>');
  await client.ask('DATA');
  client.send('Subject: x\r\n\r\nhalf a li');
  await expect.poll(() => deliveries.length).toBe(1);
  client.hangUp();
  await inbound.close();
  await inbound.settled();
  expect(cut?.kind).toBe('input-cut');
});
