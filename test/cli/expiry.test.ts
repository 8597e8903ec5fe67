// `postseal serve` warns of a certificate that expires soon: in its journal and by mail, over a reload and a restart.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makePki, type Issued } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { Postseal, secretsOf } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-cli-expiry-'));
const state = join(directory, 'state');
const ini = join(directory, 'postseal.ini');
let anna: Issued;
let returnPort: ReturnPort;
let port: number;
let postseal: Postseal;

beforeAll(async () => {
  anna = makePki(join(directory, 'pki')).issue({ name: 'anna', addresses: ['anna@example.com'], days: 20 });
  mkdirSync(state);
  returnPort = await ReturnPort.start();
  port = await freePort();
  writeFileSync(
    ini,
    `[service]
listen = 127.0.0.1:${port}
return = 127.0.0.1:${returnPort.port}
hostname = postseal.example.com
[journal]
warn_to = anna@example.com, gone@example.com
warn_from = anna@example.com
[certificate:anna]
file = ${anna.pem}
[rule:all]
sender = *@example.com
certificate = anna
no_certificate = reject
`,
  );
});

afterEach(async () => {
  postseal.signal('SIGKILL');
  await postseal.end();
});

afterAll(async () => {
  await returnPort.close();
  rmSync(directory, { recursive: true, force: true });
});

function start(): void {
  postseal = Postseal.start(['serve', '--config', ini], secretsOf(anna), { STATE_DIRECTORY: state });
}

const warning =
  /certificate anna \(anna@example\.com\) expires on \S+, in (?:19|20) days, and rule all has no other: /g;
const warnings = (): number => postseal.output.match(warning)?.length ?? 0;

test('one mail, from nobody, past the rules; the journal hears it once a run', async () => {
  returnPort.fault({ at: 'RCPT', recipient: 'gone@example.com', reply: '550 5.1.1 No such user' });
  start();
  const [message] = await returnPort.received(1);
  expect(message).toMatchObject({
    mail: 'MAIL FROM:<>',
    recipients: ['RCPT TO:<anna@example.com>'],
    xforward: [],
  });
  const content = message!.content.toString();
  expect(content).toMatch(/^From: Postseal <anna@example\.com>\r\n/);
  expect(content).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(content).not.toMatch(/^Received:|multipart\/signed/m);
  await postseal.says('was refused to gone@example.com: 550 5.1.1 No such user');
  expect(warnings()).toBe(1);

  postseal.signal('SIGHUP');
  await postseal.says('reloaded');
  postseal.signal('SIGTERM');
  const { code } = await postseal.end();
  expect(code).toBe(0);
  expect(warnings()).toBe(1);
  expect(Object.values(JSON.parse(readFileSync(join(state, 'warned.json'), 'utf8')) as object)).toEqual([30]);
});

test('after a restart the journal hears it again, and nobody gets a mail', async () => {
  start();
  await postseal.says('ready');
  await postseal.says('has no other');
  await sendMail({
    port,
    sender: 'anna@example.com',
    recipients: ['kim@example.net'],
    content: [Buffer.from('From: anna@example.com\r\n\r\nHello\r\n')],
  });
  const [, after, ...more] = await returnPort.received(2);
  expect(after!.mail).toMatch(/^MAIL FROM:<anna@example\.com>/);
  expect(more).toEqual([]);
});
