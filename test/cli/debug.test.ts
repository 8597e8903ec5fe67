// The debug journal, switched in the running service: real messages, of which those are told that were asked for.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask } from '../../src/cli/control.js';
import { makePki, type Issued } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { Postseal, postseal, secretsOf, type Result } from './command.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-cli-debug-'));
let anna: Issued;
/** Of one test. */
let directory: string;
let ini: string;
let debugFile: string;
let returnPort: ReturnPort;
let port: number;
let service: Postseal;
let followers: Postseal[];

beforeAll(() => {
  const pki = makePki(join(root, 'pki'));
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
});

beforeEach(async () => {
  directory = mkdtempSync(join(root, 'case-'));
  ini = join(directory, 'postseal.ini');
  debugFile = join(directory, 'debug.json');
  returnPort = await ReturnPort.start();
  port = await freePort();
  followers = [];
});

afterEach(async () => {
  for (const process of [...followers, service]) process.signal('SIGKILL');
  for (const process of [...followers, service]) await process.end();
  await returnPort.close();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function configure(journal: string): void {
  writeFileSync(
    ini,
    `[service]
listen = 127.0.0.1:${port}
return = 127.0.0.1:${returnPort.port}
hostname = postseal.example.com
control = ${join(directory, 'control.sock')}
[journal]
${journal}
[events]
file = ${join(directory, 'events.json')}
[certificate:anna]
file = ${anna.p12}
password = '${anna.password}'
[rule:anna]
sender = anna@example.com
certificate = anna
envelope_sender = any
[exception:phones]
recipient = *@phones.example
`,
  );
}

async function start(journal = '', environment = {}): Promise<void> {
  configure(journal);
  service = Postseal.start(['serve', '--config', ini], secretsOf(anna), environment);
  await service.says('ready');
  // The control socket comes after that.
  const answers = (): Promise<boolean> =>
    ask('GET /debug', ini).then(
      () => true,
      () => false,
    );
  await expect.poll(answers).toBe(true);
}

async function reload(journal: string): Promise<void> {
  const count = (): number => service.output.split('reloaded in').length;
  const before = count();
  configure(journal);
  service.signal('SIGHUP');
  await expect.poll(count, { timeout: 15_000 }).toBe(before + 1);
}

/** `postseal journal`, which has to succeed. */
async function journal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await postseal(['journal', '--config', ini, ...args], '', secretsOf(anna));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** @param from where it is not the envelope sender */
async function send(sender: string, id?: string, from = sender): Promise<void> {
  const content = [
    Buffer.from(`From: ${from}\r\nSubject: Hello\r\n\r\nGrüß dich, dies bleibt unter uns.\r\n`),
  ];
  const xforward = id === undefined ? {} : { xforward: `IDENT=${id}` };
  const recipients = ['bob@example.net', 'kim@phones.example'];
  await sendMail({ port, sender, recipients, content, ...xforward });
}

const read = (path = debugFile): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** The queue ids of the messages that the file tells of. */
function told(path = debugFile): string[] {
  const details = read(path).split('\n').slice(0, -1);
  const parsed = details.map(line => JSON.parse(line) as { id: string; message: string });
  return parsed.filter(({ message }) => message === 'done').map(({ id }) => id);
}

describe('journal --debug', () => {
  test('on for a sender tells of the mail of that sender alone, through a reload, and off ends it', async () => {
    await start('', { LOGS_DIRECTORY: directory });
    await send('anna@example.com', 'before');
    const on = await journal('--debug', 'on', '--for', '10m', '--sender', 'anna@example.com');
    expect(on).toMatch(/^debug journal: on for mail from anna@example\.com until \S+Z, in /);
    expect(on).toContain(
      `, in ${debugFile}; "postseal journal --debug off" switches it off\n"postseal journal --follow" shows it\n`,
    );
    await service.says('postseal: the debug journal is on for mail from anna@example.com until ');
    await send('anna@example.com', 'first');
    await send('carl@example.org', 'other');
    await send('bounces@example.org', 'author', 'anna@example.com');
    await reload('');
    await send('carl@example.org', 'other2');
    await send('anna@example.com', 'second');
    await expect.poll(() => told(), { timeout: 5000 }).toEqual(['first', 'author', 'second']);
    expect(read()).not.toContain('carl');
    const { stdout } = await postseal(['status', '--config', ini]);
    expect(stdout).toMatch(/^ {2}debug journal {2}on for mail from anna@example\.com until /m);

    expect(await journal('--debug', 'off')).toMatch(/^debug journal: off\n3 messages, \d+ octets written\n$/);
    await service.says('postseal: the debug journal is off (switched off): 3 messages, ');
    await send('anna@example.com', 'after');
    expect(await journal('--debug', 'show')).toMatch(/^debug journal: off\n/);
    expect(told()).toHaveLength(3);

    await ask('PUT /debug', ini, { seconds: 1, senders: [] });
    await service.says('postseal: the debug journal is off (its time is over): ');
    await send('anna@example.com', 'later');
    expect(told()).toHaveLength(3);
    // What is in the mail is in neither journal; Postseal.end and `journal` look for passwords and keys.
    for (const text of [read(), service.output]) expect(text).not.toMatch(/unter uns|Subject: Hello/);
    for (const secret of secretsOf(anna)) expect(read()).not.toContain(secret);
    expect(statSync(debugFile).mode & 0o007).toBe(0);
  });

  test('off says what keeps it on, and where to mend that', async () => {
    await start(`debug = yes\ndebug_file = ${debugFile}`);
    await service.says(
      `postseal: the debug journal is on for all mail because of ${ini}:7: [journal] debug = yes`,
    );
    const [line] = (await journal('--debug', 'off')).split('\n');
    expect(line).toBe(
      `debug journal: on for all mail because of ${ini}:7: [journal] debug = yes, in ${debugFile}; write debug = no there and reload the service to switch it off`,
    );
    await send('anna@example.com', 'first');
    await expect.poll(() => told()).toEqual(['first']);
    await reload(`debug_file = ${debugFile}`);
    await send('anna@example.com', 'second');
    expect(await ask('GET /debug', ini)).toEqual({
      to: debugFile,
      messages: 1,
      octets: expect.any(Number) as number,
      lost: 0,
    });
    expect(told()).toEqual(['first']);
  });

  test('the file is rotated by the service, and never larger than its limit', async () => {
    await start(`debug_file = ${debugFile}\ndebug_limit = 24K`);
    await ask('PUT /debug', ini, { seconds: 60, senders: [] });
    const sent: string[] = [];
    for (let i = 0; !existsSync(`${debugFile}.1`) || i < 12; i++) {
      sent.push(`Q${i}Q`);
      await send('anna@example.com', sent.at(-1));
      const sizes = [debugFile, `${debugFile}.1`].map(path => Buffer.byteLength(read(path)));
      expect(sizes[0]! + sizes[1]!).toBeLessThanOrEqual(24 * 1024);
    }
    await expect.poll(() => told().at(-1), { timeout: 5000 }).toBe(sent.at(-1));
    const left = [...told(`${debugFile}.1`), ...told()];
    expect(left.length).toBeGreaterThan(2);
    expect(left).toEqual(sent.slice(-left.length));
    // Read as one, a message that begins in the one file and ends in the other is whole.
    const blocks = await journal('--debug-file', debugFile, '--last', String(left.length - 1));
    expect(blocks.match(/^ {4}from client\.example /gm)).toHaveLength(left.length - 1);
  });
});

describe('journal --follow', () => {
  function follow(...args: string[]): Postseal {
    const process = Postseal.start(['journal', '--follow', '--config', ini, ...args], secretsOf(anna));
    followers.push(process);
    return process;
  }

  async function end(process: Postseal): Promise<Result> {
    process.signal('SIGINT');
    return process.end();
  }

  test('shows whole messages with their chain of decisions while the debug journal is on', async () => {
    await start(`debug_file = ${debugFile}`);
    await ask('PUT /debug', ini, { seconds: 60, senders: [] });
    await send('anna@example.com', 'first');
    const process = follow();
    const filtered = follow('--outcome', 'unsigned', '--queue-id', 'second');
    await process.says('first');
    await send('carl@example.org');
    await send('anna@example.com', 'second');
    await process.says('  second  ');
    await filtered.says('  second  ');
    await ask('DELETE /debug', ini);
    await process.says('postseal: the debug journal is off now\n');
    const { code, stdout, stderr } = await end(process);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'postseal: the debug journal is off now\n' });
    expect(stdout.split('\n\n').map(block => block.split('  ')[1])).toEqual([
      'first',
      'NOQUEUE',
      'second',
      undefined,
    ]);
    const block = stdout.split('\n\n')[2]!;
    for (const line of [
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}second {2}signed, unsigned {2}<anna@example\.com> -> <bob@example\.net>, <kim@phones\.example>$/m,
      /^ {4}from client\.example \[127\.0\.0\.1\]$/m,
      /^ {4}<bob@example\.net>: signed rule=anna certificate=anna$/m,
      /^ {6}- rule anna: From anna@example\.com matches anna@example\.com$/m,
      /^ {4}<kim@phones\.example>: unsigned rule=anna \(exception phones\)$/m,
      /^ {4}re-encoded: text\/plain from /m,
      /^ {4}signature: certificate=anna, ECDSA/m,
      /^ {6}> RCPT TO:<bob@example\.net>$/m,
      /^ {6}< 250 2\.0\.0 Ok: queued as /m,
    ])
      expect(block).toMatch(line);
    expect((await end(filtered)).stdout.split('\n\n')).toEqual([block, '']);
  });

  test('follows the event log while it is off, and says how to have more', async () => {
    await start();
    const process = follow();
    await process.says(
      'postseal: the debug journal is off; "postseal journal --debug on" tells the chain of decisions\n',
    );
    await send('anna@example.com', 'first');
    await process.says('    rule=anna certificate=anna\n');
    expect((await end(process)).stdout).not.toContain('- rule anna');
  });
});
