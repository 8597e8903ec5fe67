// `postseal serve`: how it starts, how it ends, and what it says meanwhile.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DialogClient } from '../support/dialog-client.js';
import { makePki, type Issued } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { Postseal, secretsOf } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-cli-serve-'));
const socket = join(directory, 'in.sock');
let anna: Issued;
let returnPort: ReturnPort;
let port: number;
let running: Postseal[] = [];

beforeAll(() => {
  anna = makePki(join(directory, 'pki')).issue({
    name: 'anna',
    addresses: ['anna@example.com'],
    password: 'correct-horse-7',
  });
  writeFileSync(join(directory, 'anna.pass'), `${anna.password}\n`, { mode: 0o600 });
});

beforeEach(async () => {
  returnPort = await ReturnPort.start();
  port = await freePort();
});

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  for (const process of running) await process.end();
  running = [];
  await returnPort.close();
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Starts it with these lines of [service] and further sections. */
function serve(
  listen: string,
  more = '',
  args: readonly string[] = [],
  returnTo = returnPort.port,
): Postseal {
  const ini = join(directory, 'postseal.ini');
  writeFileSync(
    ini,
    `[service]
listen = ${listen}
return = 127.0.0.1:${returnTo}
hostname = postseal.example.com
${more}
[certificate:anna]
file = ${anna.p12}
password_file = anna.pass
[rule:anna]
sender = anna@example.com
certificate = anna
`,
  );
  const process = Postseal.start(['serve', '--config', ini, ...args], secretsOf(anna));
  running.push(process);
  return process;
}

/** A client that has come as far as the 354. */
async function inContent(
  where: { host: string; port: number } | { path: string } = { host: '127.0.0.1', port },
): Promise<DialogClient> {
  const client = await DialogClient.connect(where);
  await client.hear();
  await client.ask('EHLO client.example');
  await client.ask('XFORWARD IDENT=4bQueue1');
  await client.ask('MAIL FROM:<anna@example.com>');
  await client.ask('RCPT TO:<bob@example.net>');
  expect(await client.ask('DATA')).toMatch(/^354/);
  client.send('From: anna@example.com\r\nSubject: Hello\r\n\r\n');
  return client;
}

describe('start', () => {
  test('one line on standard output says that it is ready, and how it is set up', async () => {
    const postseal = serve(`127.0.0.1:${port}`);
    await postseal.says('\n');
    postseal.signal('SIGTERM');
    const { stdout, stderr } = await postseal.end();
    expect(stderr).toBe('');
    expect(stdout.split('\n')[0]).toMatch(
      new RegExp(
        `^\\S+ postseal: ready, listening on 127\\.0\\.0\\.1:${port}, returning to 127\\.0\\.0\\.1:${returnPort.port}; 1 rule, 1 certificate$`,
      ),
    );
  });

  test('a port in use: 71, in one sentence with what to look for', async () => {
    const other = createServer();
    await new Promise<void>(resolve => other.listen(port, '127.0.0.1', resolve));
    const { code, stderr, stdout } = await serve(`127.0.0.1:${port}`).end();
    other.close();
    expect(code).toBe(71);
    expect(stderr).toBe(
      `postseal: cannot listen on 127.0.0.1:${port}: in use already; is another Postseal running?\n`,
    );
    expect(stdout).toBe('');
  });

  test('a debug journal that cannot be written: 78, in one sentence', async () => {
    const process = serve(`127.0.0.1:${port}`, '[journal]\ndebug = yes\ndebug_file = /dev/null/debug.json');
    const { code, stderr } = await process.end();
    expect(code).toBe(78);
    expect(stderr).toMatch(/debug_file.*\/dev\/null\/debug\.json/);
    expect(stderr).not.toContain('    at ');
  });

  test('a socket that a killed service left behind is no obstacle; who is in our group may connect to the new one', async () => {
    const first = serve(`unix:${socket}`);
    await first.says('ready');
    first.signal('SIGKILL');
    await first.end();
    expect(existsSync(socket)).toBe(true);

    const second = serve(`unix:${socket}`);
    await second.says('ready');
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    const client = await DialogClient.connect({ path: socket });
    expect(await client.hear()).toEqual(['220 postseal.example.com ESMTP Postseal']);
    client.hangUp();
    second.signal('SIGTERM');
    expect((await second.end()).code).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });

  test('a socket that somebody serves is left alone', async () => {
    const first = serve(`unix:${socket}`);
    await first.says('ready');
    const { code, stderr } = await serve(`unix:${socket}`).end();
    expect(code).toBe(71);
    expect(stderr).toContain(`cannot listen on unix:${socket}: in use already`);
    const client = await DialogClient.connect({ path: socket });
    expect(await client.hear()).toEqual(['220 postseal.example.com ESMTP Postseal']);
    client.hangUp();
  });

  test('a file in the place of the socket is left alone', async () => {
    const path = join(directory, 'precious');
    writeFileSync(path, 'precious');
    expect((await serve(`unix:${path}`).end()).code).toBe(71);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });
});

describe('end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets a message in flight finish, and ends with 0',
    async signal => {
      const postseal = serve(`127.0.0.1:${port}`);
      await postseal.says('ready');
      const client = await inContent();
      postseal.signal(signal);
      await postseal.says(`${signal}, finishing what is in flight`);
      await expect
        .poll(() => DialogClient.connect({ host: '127.0.0.1', port }).catch(String), { timeout: 5000 })
        .toContain('ECONNREFUSED');
      client.send('Good morning.\r\n.\r\n');
      expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
      client.send('QUIT\r\n');
      const { code, stdout } = await postseal.end();
      expect(code).toBe(0);
      expect(stdout).toMatch(
        / 4bQueue1: from=<anna@example\.com>, signed .*reply="250 2\.0\.0 Ok: queued as 1-1"\n/,
      );
      expect(stdout).toMatch(/ postseal: stopped\n$/);
      expect(returnPort.messages).toHaveLength(1);
    },
  );

  test('a message that does not come to its end within the limit is dropped, and told in the journal', async () => {
    const postseal = serve(`127.0.0.1:${port}`, 'shutdown_timeout = 1');
    await postseal.says('ready');
    const client = await inContent();
    client.send(`${'x'.repeat(78)}\r\n`.repeat(1000)); // so much that there is a decision
    client.send('Good mor');
    await until(() => returnPort.transcript.some(line => line.includes('<- 354')));
    postseal.signal('SIGTERM');
    const { code, stdout, stderr } = await postseal.end();
    expect(await client.hear()).toEqual([expect.stringMatching(/^421 |^\(closed\)/)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      / 4bQueue1: from=<anna@example\.com>, signed .*reply="451 .*\n.* postseal: stopped\n$/,
    );
    await until(() => returnPort.cut.length === 1);
    expect(returnPort.messages).toHaveLength(0);
  });

  test('a return port that does not answer QUIT holds nothing up', async () => {
    let said = '';
    // In between, to keep the QUIT from the return port and the end of the connection from us.
    const deaf = createServer({ allowHalfOpen: true }, near => {
      const far = connect(returnPort.port, '127.0.0.1');
      near.on('data', data => {
        said = data.toString();
        if (said !== 'QUIT\r\n') far.write(data);
      });
      for (const end of [near, far]) end.on('error', () => undefined);
      far.pipe(near);
    });
    await new Promise<void>(resolve => deaf.listen(0, '127.0.0.1', resolve));
    const postseal = serve(`127.0.0.1:${port}`, '', [], (deaf.address() as AddressInfo).port);
    await postseal.says('ready');
    const client = await inContent();
    client.send('Good morning.\r\n.\r\n');
    expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
    const began = Date.now();
    postseal.signal('SIGTERM');
    expect((await postseal.end()).code).toBe(0);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(said).toBe('QUIT\r\n');
    deaf.close();
  });

  test('the socket of a successor is left alone', async () => {
    const first = serve(`unix:${socket}`);
    await first.says('ready');
    const client = await inContent({ path: socket });
    first.signal('SIGTERM');
    await first.says('finishing what is in flight');
    await until(() => !existsSync(socket));
    const second = serve(`unix:${socket}`);
    await second.says('ready');
    client.send('Good morning.\r\n.\r\n');
    expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
    client.hangUp();
    expect((await first.end()).code).toBe(0);
    expect(existsSync(socket)).toBe(true);
  });

  test('a journal that nobody reads any more is not the end', async () => {
    const postseal = serve(`127.0.0.1:${port}`);
    await postseal.says('ready');
    postseal.closeOutput();
    for (const queued of ['1-1', '1-2']) {
      const client = await inContent();
      client.send('Good morning.\r\n.\r\n');
      expect(await client.hear()).toEqual([`250 2.0.0 Ok: queued as ${queued}`]);
      client.hangUp();
    }
    postseal.signal('SIGTERM');
    const { code, stderr } = await postseal.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('a return port that says nothing does not hold it up either', async () => {
    returnPort.fault({ at: 'greeting', then: 'hang' });
    const postseal = serve(`127.0.0.1:${port}`, 'shutdown_timeout = 1');
    await postseal.says('ready');
    const client = await inContent();
    client.send('Good morning.\r\n.\r\n');
    await until(() => returnPort.transcript.length > 0);
    const began = Date.now();
    postseal.signal('SIGTERM');
    const { code, stdout } = await postseal.end();
    expect(code).toBe(0);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(stdout).toMatch(/ 4bQueue1: .*reply="4/);
  });
});

describe('--debug', () => {
  test('tells each step, a JSON object a line, without content and without secrets', async () => {
    const postseal = serve(`127.0.0.1:${port}`, '', ['--debug']);
    await postseal.says('ready');
    const client = await inContent();
    client.send('Good morning.\r\n.\r\n');
    expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
    client.hangUp();
    postseal.signal('SIGTERM');
    const { stdout } = await postseal.end();
    const lines = stdout.split('\n').filter(line => line.startsWith('{'));
    const events = lines.map(line => JSON.parse(line) as Record<string, unknown>);
    expect(new Set(events.map(e => e['id']))).toEqual(new Set(['4bQueue1']));
    expect(events.map(e => e['message'])).toEqual(
      expect.arrayContaining(['envelope', 'decision', 'return port', 'signature', 'done']),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ copy: 'signed', sent: 'RCPT TO:<bob@example.net>' }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ copy: 'signed', received: '250 2.0.0 Ok: queued as 1-1' }),
    );
    expect(stdout).not.toContain('Good morning.');
  });
});

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 5000 }).toBe(true);
}
