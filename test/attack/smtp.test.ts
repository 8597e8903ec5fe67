// Attack: the SMTP port, by a client that may connect but is no Postfix. What it says is one message to the server behind,
// or none, and commands are only what stands between messages.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/envelope.js';
import type { Inbound } from '../../src/smtp/inbound.js';
import { listening } from '../support/inbound.js';

let inbound: Inbound;
let delivered: { readonly sender: string; readonly content: string }[];

afterEach(() => inbound.close());

async function deliver({ envelope, content }: Delivery) {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  delivered.push({ sender: envelope.sender.text, content: Buffer.concat(pieces).toString('latin1') });
  return [{ code: 250, text: '2.0.0 Ok' }];
}

/** Sends all at once. @returns the replies, until the server closes */
async function say(text: string): Promise<string[]> {
  delivered = [];
  inbound = await listening({ deliver });
  const socket = connect(inbound.address!.port, '127.0.0.1').on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return answer.split('\r\n').filter(line => /^\d{3} /.test(line));
}

const transaction = 'EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n';
const injected = 'MAIL FROM:<evil@example.org>\r\nRCPT TO:<v@example.net>\r\nDATA\r\nevil\r\n';

const ends = ['\n', '\r', '\r\r', '\n\r', '\r\0\n', '\0\r\n', '\r\r\n', '\x85', '\u2028', '\r\n'];
const pairs = ends
  .flatMap(a => ends.map(b => [a, b] as const))
  .filter(([a, b]) => a !== '\r\n' || b !== '\r\n');
/** It ends in CRLF before the dot, and begins with one behind it: that is the end itself. */
const smuggling = pairs.filter(([a, b]) => !(a.endsWith('\r\n') && b.startsWith('\r\n')));

test.each(smuggling)('the message does not end in %j.%j', async (before, after) => {
  await say(`${transaction}Subject: x\r\n\r\nx${before}.${after}${injected}.\r\nQUIT\r\n`);
  expect(delivered.map(({ sender }) => sender)).toEqual(['a@example.com']);
  expect(delivered[0]!.content).toContain('evil\r\n');
});

test.each([
  'BDAT 5 LAST\r\nevil\n',
  'AUTH PLAIN AGEAYg==\r\n',
  'STARTTLS\r\n',
  'VRFY root\r\n',
  'EXPN all\r\n',
  'ETRN x\r\n',
  'XCLIENT ADDR=127.0.0.1\r\n',
  'NO\0OP\r\n',
  '\0\0\0\r\n',
  '\x16\x03\x01\r\n',
])('%j gets the client no further, and ends nothing', async command => {
  const replies = await say(`EHLO x\r\n${command}QUIT\r\n`);
  expect(replies.at(-1)).toMatch(/^221 /);
  expect(replies.slice(2, -1).join('\n')).toMatch(/^(?:50\d|25[02]|550) /);
  expect(delivered).toEqual([]);
});

test.each([
  'MAIL FROM:<a@example.com>\rRCPT TO:<v@example.net>',
  'MAIL FROM:<a@example.com\r\r\nRCPT TO:<v@example.net>>',
  'MAIL FROM:<"a\rb"@example.com>',
  'MAIL FROM:<a@example.com> ENVID=x\rRCPT',
  'XFORWARD NAME=a\rMAIL',
  'XFORWARD IDENT=a\x1b[2J',
  'MAIL FROM:<a\x1b[2J@example.com>',
])('%j is no command with another in it', async command => {
  const [, , reply] = await say(`EHLO x\r\n${command}\r\nQUIT\r\n`);
  expect(reply).toMatch(/^50\d |^55\d /);
});

test('a browser that was sent here by a page is sent away at once', async () => {
  const replies = await say(`POST / HTTP/1.1\r\nHost: x\r\n\r\n${injected}.\r\n`);
  expect(replies.at(-1)).toMatch(/^421 /);
  expect(delivered).toEqual([]);
});

test('a client that only talks nonsense is sent away', async () => {
  const replies = await say(`EHLO x\r\n${'NONSENSE\r\n'.repeat(1000)}`);
  expect(replies.length).toBeLessThan(50);
});

test('a command of 1 MB without an end is not waited for', async () => {
  const replies = await say('A'.repeat(1_000_000));
  expect(replies.at(-1)).toMatch(/^421 4\.5\.2 /);
});
