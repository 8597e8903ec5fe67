// The events of a service: where they go, and that the mail does not care when they do not get there.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseEvent, type Event } from '../../src/events/event.js';
import { HookServer } from '../support/hook-server.js';
import { makePki } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { Postseal, postseal } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-events-'));
const ini = join(directory, 'postseal.ini');
const file = join(directory, 'events.json');
const secret = 'Bearer correct-horse-9';
let certificate: string;
let returnPort: ReturnPort;
let hook: HookServer;
let port: number;
let running: Postseal[] = [];

beforeAll(() => {
  certificate = makePki(join(directory, 'pki')).issue({ name: 'anna', addresses: ['anna@example.com'] }).pem;
});

beforeEach(async () => {
  returnPort = await ReturnPort.start();
  hook = await HookServer.start();
  port = await freePort();
  rmSync(file, { force: true });
  writeFileSync(join(directory, 'hook.auth'), `${secret}\nmore\n`, { mode: 0o600 });
});

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  for (const process of running) await process.end();
  running = [];
  await hook.close();
  await returnPort.close();
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function configure(events: string): void {
  writeFileSync(
    ini,
    `[service]
listen = 127.0.0.1:${port}
return = 127.0.0.1:${returnPort.port}
[events]
${events}
[certificate:anna]
file = ${certificate}
[rule:anna]
sender = anna@example.com
certificate = anna
[exception:phones]
recipient = *@phones.example
`,
  );
}

async function serve(events: string): Promise<Postseal> {
  configure(events);
  const process = Postseal.start(['serve', '--config', ini], [secret, 's3cret']);
  running.push(process);
  await process.says('ready');
  return process;
}

const send = (id: string, sender = 'anna@example.com', ...recipients: string[]): Promise<string> =>
  sendMail({
    port,
    sender,
    recipients: ['bob@example.net', ...recipients],
    xforward: `IDENT=${id}`,
    content: [Buffer.from(`From: ${sender}\r\nSubject: Hello\r\n\r\nGood morning.\r\n`)],
  });

const eventsIn = (path: string): Event[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => parseEvent(line)!);

describe('a file and a webhook', () => {
  test('get an event for each message and group, and the journal its lines as ever', async () => {
    const service = await serve(
      `file = ${file}\nwebhook = http://127.0.0.1:${hook.port}/s3cret\nwebhook_authorization_file = hook.auth`,
    );
    await send('4bQueue1', 'anna@example.com', 'kim@phones.example');
    await send('4bQueue2', 'carl@example.org');
    returnPort.fault({ at: 'dot', reply: '550 5.7.1 No', times: 1 });
    await expect(send('4bQueue3')).rejects.toThrow('550 5.7.1 No');
    returnPort.fault({ at: 'RCPT', reply: '450 4.2.0 Later', times: 1 });
    await expect(send('4bQueue4')).rejects.toThrow('450 4.2.0 Later');
    service.signal('SIGTERM');
    const { code, stdout, stderr } = await service.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/ 4bQueue\d: from=/g)).toHaveLength(4);

    const events = eventsIn(file);
    expect(events.map(e => [e.queueId, e.outcome, e.certificate, e.recipients, e.reply])).toEqual([
      ['4bQueue1', 'signed', 'anna', ['bob@example.net'], '250 2.0.0 Ok: queued as 2-2'],
      ['4bQueue1', 'unsigned', undefined, ['kim@phones.example'], '250 2.0.0 Ok: queued as 2-2'],
      ['4bQueue2', 'unsigned', undefined, ['bob@example.net'], expect.stringMatching(/^250 /)],
      ['4bQueue3', 'rejected', 'anna', ['bob@example.net'], '550 5.7.1 No'],
      ['4bQueue4', 'deferred', 'anna', ['bob@example.net'], '450 4.2.0 Later'],
    ]);
    const posted = hook.requests.flatMap(r => JSON.parse(r.body) as Event[]);
    expect(posted).toEqual(events);
    for (const { headers, path } of hook.requests) {
      expect(headers).toMatchObject({
        authorization: secret,
        'user-agent': expect.stringMatching(/^postseal\/\d+\./) as string,
      });
      expect(path).toBe('/s3cret');
    }
  });

  test('that take nothing do not keep the mail: all of it is answered, and what was lost is counted', async () => {
    hook.answer = () => undefined; // and nothing more, ever
    const service = await serve(`file = /dev/full\nwebhook = http://127.0.0.1:${hook.port}/s3cret`);
    const ids = Array.from({ length: 40 }, (_, i) => `4bQueue${i}`);
    for (const id of ids) expect(await send(id)).toMatch(/^250 /);
    await service.says('events do not reach /dev/full: ENOSPC');
    expect(await send('4bQueue40')).toMatch(/^250 /);
    service.signal('SIGTERM');
    const { code, stdout, stderr } = await service.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(returnPort.messages).toHaveLength(41);
    expect(stdout).toMatch(/ postseal: 41 events for \/dev\/full lost: the service ended \(ENOSPC.*\)\n/);
    expect(stdout).toMatch(
      / postseal: 41 events for http:\/\/127\.0\.0\.1:\d+ lost: the service ended.*\n(?:.*\n)*.* postseal: stopped\n$/,
    );
  });

  test('that come back get what waited', async () => {
    await hook.close();
    const service = await serve(`webhook = http://127.0.0.1:${hook.port}/s3cret`);
    await send('4bQueue1');
    await service.says(`events do not reach http://127.0.0.1:${hook.port}: connect ECONNREFUSED`);
    hook = await HookServer.start(hook.port);
    await service.says(`events reach http://127.0.0.1:${hook.port} again; 0 events lost meanwhile`);
    expect(hook.requests.flatMap(r => JSON.parse(r.body) as Event[])).toMatchObject([
      { queueId: '4bQueue1' },
    ]);
  });
});

describe('start', () => {
  test.each([
    ['/does/not/exist/events.json', '/does/not/exist is not a directory: make it, or name another place'],
    ['/etc', '/etc is a directory: name a file in it'],
    ['/dev/null/events.json', '/dev/null is not a directory: make it, or name another place'],
  ])('a file that cannot be written, %s: 78 with the line, from check as from serve', async (path, words) => {
    configure(`file = ${path}`);
    for (const command of ['check', 'serve']) {
      const { code, stdout, stderr } = await postseal([command, '--config', ini]);
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      expect(stderr).toBe(`${ini}:5: [events] file: ${words}\n`);
    }
  });

  test('a pipe is no file, and a name that is too long is told by serve', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    configure(`file = ${pipe}`);
    const found = await postseal(['check', '--config', ini]);
    expect(found).toMatchObject({
      code: 78,
      stderr: `${ini}:5: [events] file: ${pipe} is a pipe: name a file\n`,
    });
    configure(`file = ${directory}/${'x'.repeat(300)}`);
    const { code, stderr } = await postseal(['serve', '--config', ini]);
    expect(code).toBe(78);
    expect(stderr).toMatch(/^\[events\] file: .* cannot be written: ENAMETOOLONG: .*\n$/);
  });

  test.each([
    ['is not there', undefined, /hook\.auth: does not exist$/],
    ['is empty', '', /hook\.auth: its first line is not what stands .*, as in Bearer 0123$/],
    ['is binary', 'Bearer \0\xff', /hook\.auth: its first line is not what stands behind "Authorization:"/],
    ['holds the name too', 'Authorization: Bearer 0123', /its first line is not what stands behind/],
    ['holds quotes', '"Bearer 0123"', /its first line is not what stands behind/],
  ])('an authorization file that %s: 78 with the line of the ini file', async (_, content, words) => {
    const path = join(directory, 'hook.auth');
    rmSync(path);
    if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
    configure('webhook = https://hooks.example.com/s3cret\nwebhook_authorization_file = hook.auth');
    const { code, stdout, stderr } = await postseal(['check', '--config', ini]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain(`${ini}:6: [events] webhook_authorization_file: `);
    expect(stderr.trimEnd()).toMatch(words);
  });

  test('an authorization file that all may read is warned of, and not shown', async () => {
    chmodSync(join(directory, 'hook.auth'), 0o644);
    configure('webhook = https://hooks.example.com/s3cret\nwebhook_authorization_file = hook.auth');
    const { code, stderr } = await postseal(['check', '--config', ini], '', [secret]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /webhook_authorization_file: warning: .*hook\.auth: is a secret, but has the rights 0644/,
    );
  });

  test('without [events] there are none', async () => {
    const service = await serve('');
    await send('4bQueue1');
    service.signal('SIGTERM');
    expect((await service.end()).code).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect(hook.connections).toHaveLength(0);
  });
});
