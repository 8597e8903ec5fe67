// `postseal serve` reads its configuration again: on SIGHUP, and when a directory changes that it watches. All of
// it takes effect or nothing, and a message finishes under what was in force when it began.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DialogClient } from '../support/dialog-client.js';
import { HookServer } from '../support/hook-server.js';
import { makePki, type Issued, type Pki } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { Postseal, secretsOf } from './command.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-cli-reload-'));
let pki: Pki;
let anna: Issued;
let bert: Issued;
/** Of one test. */
let directory: string;
let ini: string;
let returnPort: ReturnPort;
let port: number;
let postseal: Postseal;

beforeAll(() => {
  pki = makePki(join(root, 'pki'));
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
  bert = pki.issue({ name: 'bert', addresses: ['bert@example.com'], key: 'p256' });
});

beforeEach(async () => {
  directory = mkdtempSync(join(root, 'case-'));
  ini = join(directory, 'postseal.ini');
  returnPort = await ReturnPort.start();
  port = await freePort();
});

afterEach(async () => {
  postseal.signal('SIGKILL');
  await postseal.end();
  await returnPort.close();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

interface Settings {
  readonly listen?: number;
  readonly returnTo?: number;
  /** Further lines of [service], and sections. */
  readonly more?: string;
  readonly sections?: string;
}

const section = (name: string, file: string, rule = ''): string => `[certificate:${name}]
file = ${file}
[rule:${name}]
sender = ${name}@example.com
certificate = ${name}
${rule}
`;

/** The ini file: where nothing is said, anna signs. */
function text({ listen = port, returnTo = returnPort.port, more = '', sections }: Settings = {}): string {
  return `[service]
listen = 127.0.0.1:${listen}
return = 127.0.0.1:${returnTo}
hostname = postseal.example.com
shutdown_timeout = 5
${more}
${sections ?? section('anna', anna.pem)}`;
}

function configure(settings: Settings = {}): void {
  writeFileSync(ini, text(settings));
}

const neverSigned = '[rule:anna]\nsender = anna@example.com\nsign = never\n';

async function start(settings: Settings = {}): Promise<void> {
  configure(settings);
  run();
  await postseal.says('ready, ');
}

function run(): void {
  postseal = Postseal.start(['serve', '--config', ini], secretsOf(anna, bert));
}

/** Lines of the journal with that in it, without their time. */
function lines(mark: string): string[] {
  return postseal.output
    .split('\n')
    .slice(0, -1)
    .filter(line => line.includes(mark))
    .map(line => line.replace(/^\d{4}-\S+ /, ''));
}

async function until(holds: () => boolean, ms = 15_000): Promise<void> {
  await expect.poll(holds, { timeout: ms }).toBe(true);
}

/** SIGHUP, and waits until that is done with. @returns what the journal says meanwhile */
async function reload(): Promise<string[]> {
  const before = lines('').length;
  const said = (): string[] => lines('').slice(before);
  postseal.signal('SIGHUP');
  await until(() => said().some(line => /: reloaded|kept the old/.test(line)));
  return said();
}

const done = /^postseal: reloaded in \d+ ms, listening on 127\.0\.0\.1:\d+, returning to 127\.0\.0\.1:\d+; /;
const begun = 'postseal: SIGHUP, reading the configuration again';

/** Sends one message. @returns whether it arrived signed, or the reply that refuses it */
async function send(sender = 'anna@example.com', to = returnPort): Promise<string> {
  const content = [Buffer.from(`From: ${sender}\r\nSubject: Hello\r\n\r\nGood morning.\r\n`)];
  try {
    await sendMail({ port, sender, recipients: ['bob@example.net'], content });
  } catch (error) {
    return (error as Error).message;
  }
  return signed(to);
}

function signed({ messages }: ReturnPort): string {
  return /^Content-Type: multipart\/signed/m.test(messages.at(-1)!.content.toString())
    ? 'signed'
    : 'unsigned';
}

/** A client that has come as far as the middle of a message. */
async function inContent(): Promise<DialogClient> {
  const client = await DialogClient.connect({ host: '127.0.0.1', port });
  await client.hear();
  await client.ask('EHLO client.example');
  await client.ask('MAIL FROM:<anna@example.com>');
  await client.ask('RCPT TO:<bob@example.net>');
  expect(await client.ask('DATA')).toMatch(/^354/);
  client.send('From: anna@example.com\r\nSub');
  return client;
}

/** Takes the place of the ini file: whoever reads it waits until it is written. */
function pipe(): void {
  rmSync(ini);
  execFileSync('mkfifo', [ini]);
}

/** Resolves when somebody reads the pipe. @returns what lets him have his way */
async function reader(): Promise<(content: string) => Promise<void>> {
  const file = await open(ini, 'w');
  return async content => {
    await file.write(content);
    await file.close();
  };
}

describe('what changes', () => {
  test('rules', async () => {
    await start();
    expect(await send()).toBe('signed');
    configure({ sections: `${neverSigned}${section('bert', bert.pem)}` });
    const [first, last, ...rest] = await reload();
    expect([first, rest]).toEqual([begun, []]);
    expect(last).toMatch(done);
    expect(last).toMatch(/; 2 rules, 1 certificate$/);
    expect(await send()).toBe('unsigned');
    expect(await send('bert@example.com')).toBe('signed');
    // What did not change is kept.
    expect(returnPort.messages.map(message => message.connection)).toEqual([1, 1, 1]);
  });

  test('certificates: a renewal beside the old one signs from the next message on', async () => {
    mkdirSync(join(directory, 'staff'));
    copyFileSync(anna.pem, join(directory, 'staff', 'old.pem'));
    await start({
      sections:
        '[certificates:staff]\ndirectory = staff\n[rule:staff]\nsender = *@example.com\ncertificates = staff\n',
    });
    expect(await send()).toBe('signed');
    const renewed = pki.issue({ name: 'new', addresses: ['anna@example.com'], key: 'p256', days: 900 });
    copyFileSync(renewed.pem, join(directory, 'staff', 'new.pem'));
    await reload();
    expect(await send()).toBe('signed');
    expect(lines('signed rule=staff').map(line => /certificate=(\S+)/.exec(line)![1])).toEqual([
      'staff/old.pem',
      'staff/new.pem',
    ]);
  });

  test('limits and our name, for a connection that is open too', async () => {
    await start();
    const client = await DialogClient.connect({ host: '127.0.0.1', port });
    await client.hear();
    expect(await client.ask('EHLO client.example')).not.toMatch(/SIZE 1000$/m);
    configure({ more: 'max_message_size = 1000' });
    writeFileSync(ini, readFileSync(ini, 'utf8').replace('postseal.example.com', 'renamed.example.com'));
    await reload();
    expect(await client.ask('EHLO client.example')).toMatch(/SIZE 1000$/m);
    expect(await client.ask('MAIL FROM:<anna@example.com> SIZE=2000')).toMatch(/^552 5\.3\.4 /);
    client.hangUp();
    expect(await send()).toBe('signed');
    expect(returnPort.messages.at(-1)!.content.toString()).toMatch(
      /^Received: .*\r\n\tby renamed\.example\.com/,
    );
  });

  test('the return port; the old one is left when the last message for it is through', async () => {
    await start();
    const client = await inContent();
    const other = await ReturnPort.start();
    configure({ returnTo: other.port });
    expect((await reload()).at(-1)).toContain(`returning to 127.0.0.1:${other.port}`);
    expect(await send('anna@example.com', other)).toBe('signed');
    expect(returnPort.messages).toHaveLength(0);
    client.send('ject: Hello\r\n\r\nGood morning.\r\n.\r\n');
    expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
    expect(signed(returnPort)).toBe('signed');
    await until(() => returnPort.open === 0);
    client.hangUp();
    await other.close();
  });

  test('the debug journal, whose file begins anew where it was rotated', async () => {
    const file = join(directory, 'debug.json');
    const debug = `[journal]\ndebug = yes\ndebug_file = ${file}\n${section('anna', anna.pem)}`;
    const events = (): number => readFileSync(file, 'utf8').match(/"message":"done"/g)?.length ?? 0;
    await start();
    configure({ sections: debug });
    await reload();
    await postseal.says('the debug journal is on');
    await send();
    await until(() => events() === 1);
    renameSync(file, `${file}.1`);
    await reload();
    await send();
    await until(() => events() === 1);
    configure();
    await reload();
    await send();
    expect(events()).toBe(1);
    expect(lines('{')).toEqual([]);
  });

  test('the event log, whose file begins anew where it was rotated, or is another one', async () => {
    const [file, other] = [join(directory, 'events.json'), join(directory, 'other.json')];
    const events = (path: string): string => `[events]\nfile = ${path}\n${section('anna', anna.pem)}`;
    const count = (path: string): number =>
      existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
    await start({ sections: events(file) });
    await send();
    await until(() => count(file) === 1);
    renameSync(file, `${file}.1`);
    await reload();
    await send();
    await until(() => count(file) === 1);
    configure({ sections: events(other) });
    await reload();
    await send();
    await until(() => count(other) === 1);
    configure({ sections: events(join(directory, 'missing', 'events.json')) });
    expect((await reload()).at(-1)).toMatch(
      /kept the old configuration: .*postseal\.ini:\d+: \[events\] file: .*missing is not a directory/,
    );
    await send();
    await until(() => count(other) === 2);
    expect([count(`${file}.1`), count(file)]).toEqual([1, 1]);
    // Though nothing else is taken from a broken ini file, whoever rotates the log is not left with the old one.
    renameSync(other, `${other}.1`);
    await reload();
    await send();
    await until(() => count(other) === 1);
  });

  test('the token of a webhook; the events that wait for it, and a file that comes to it, lose nothing', async () => {
    const hook = await HookServer.start();
    hook.answer = response => response.writeHead(401).end();
    const token = join(directory, 'hook.auth');
    const file = join(directory, 'beside.json');
    const webhook = `webhook = http://127.0.0.1:${hook.port}/in\nwebhook_authorization_file = ${token}\n`;
    const events = (more = ''): string => `[events]\n${more}${webhook}${section('anna', anna.pem)}`;
    writeFileSync(token, 'Bearer old\n', { mode: 0o600 });
    await start({ sections: events() });
    await send();
    await until(() => hook.requests.length > 0);
    hook.answer = response => response.writeHead(204).end();
    const before = hook.requests.length;
    writeFileSync(token, 'Bearer new\n', { mode: 0o600 });
    configure({ sections: events(`file = ${file}\n`) });
    await reload();
    await until(() => hook.requests.length > before);
    expect(hook.requests.at(-1)!.headers.authorization).toBe('Bearer new');
    expect(hook.requests.at(-1)!.body).toContain('anna@example.com');
    expect(lines('lost:')).toEqual([]);
    await hook.close();
  });
});

describe('what does not', () => {
  test('a message that has begun finishes under the policy that was in force then', async () => {
    await start();
    const client = await inContent();
    configure({ sections: neverSigned });
    await reload();
    client.send('ject: Hello\r\n\r\nGood morning.\r\n.\r\n');
    expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
    expect(signed(returnPort)).toBe('signed');
    // The next one over the same connection does not.
    await client.ask('MAIL FROM:<anna@example.com>');
    await client.ask('RCPT TO:<bob@example.net>');
    await client.ask('DATA');
    client.send('From: anna@example.com\r\n\r\nGood morning.\r\n.\r\n');
    expect(await client.hear()).toEqual([expect.stringMatching(/^250 /)]);
    expect(signed(returnPort)).toBe('unsigned');
    client.hangUp();
  });

  test('where it listens and what it speaks needs a restart, which is said; all else takes effect', async () => {
    await start();
    const other = await freePort();
    configure({ listen: other, more: 'protocol = lmtp', sections: neverSigned });
    const said = await reload();
    expect(said.filter(line => line.includes('restart'))).toEqual([
      `postseal: reload: listen = 127.0.0.1:${other} needs a restart, until then it is listen = 127.0.0.1:${port}`,
      'postseal: reload: protocol = lmtp needs a restart, until then it is protocol = smtp',
    ]);
    expect(said.at(-1)).toMatch(done);
    expect(said.at(-1)).toContain(`listening on 127.0.0.1:${port},`);
    expect(await send()).toBe('unsigned');
  });

  test('and mail is not returned to where it still listens', async () => {
    await start();
    configure({ listen: await freePort(), returnTo: port });
    expect(await reload()).toEqual([
      begun,
      `postseal: reload: kept the old configuration: [service] return: 127.0.0.1:${port} is where Postseal listens until it is restarted: mail would come back for ever`,
    ]);
    expect(await send()).toBe('signed');
  });

  test('with mistakes in the ini file nothing does, and each is told', async () => {
    await start();
    writeFileSync(ini, `${readFileSync(ini, 'utf8').replace('hostname', 'hostnam')}[rule:x]\nsender = x\n`);
    const kept = 'postseal: reload: kept the old configuration: ';
    expect((await reload())[0]).toBe(begun);
    await until(() => lines(kept).length >= 3);
    expect(lines(kept).map(line => line.replace(kept, '').replace(ini, 'INI'))).toEqual([
      expect.stringMatching(/^INI:4: \[service\] hostnam: unknown key/),
      expect.stringMatching(/^INI:13: \[rule:x\] certificate: is missing/),
      expect.stringMatching(/^INI:14: \[rule:x\] sender: /),
    ]);
    expect(await send()).toBe('signed');
    rmSync(ini);
    expect(await reload()).toEqual([begun, `${kept}${ini}: does not exist; name it with --config FILE`]);
    expect(await send()).toBe('signed');
    configure({ sections: neverSigned });
    expect((await reload()).at(-1)).toMatch(done);
    expect(await send()).toBe('unsigned');
  });

  test('with a debug journal that cannot be opened neither', async () => {
    await start();
    configure({ sections: `[journal]\ndebug = yes\ndebug_file = /dev/null/x\n${neverSigned}` });
    expect((await reload()).at(-1)).toMatch(
      /^postseal: reload: kept the old configuration: \[journal\] debug_file: \/dev\/null\/x cannot be written/,
    );
    expect(await send()).toBe('signed');
  });

  test('with one whose directory is gone neither, and the event log begins anew all the same', async () => {
    const [logs, file] = [join(directory, 'logs'), join(directory, 'events.json')];
    mkdirSync(logs);
    const debug = `[journal]\ndebug = yes\ndebug_file = ${join(logs, 'debug.json')}\n`;
    await start({ sections: `${debug}[events]\nfile = ${file}\n${section('anna', anna.pem)}` });
    await send();
    await until(() => existsSync(file));
    rmSync(logs, { recursive: true });
    renameSync(file, `${file}.1`);
    expect((await reload()).at(-1)).toMatch(/kept the old configuration: \[journal\] debug_file: /);
    await send();
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
  });
});

describe('a certificate that cannot be used', () => {
  const reason = '451 4.7.5 S/MIME certificate cannot be used: bert.pem: is empty';
  const told =
    /^postseal: rule bert does not sign until this is mended, and its mail is deferred: .*\[certificate:bert\] file: .*bert\.pem: is empty$/;

  test('keeps its own rule from signing, from the start or from a reload on, until it is mended', async () => {
    const file = join(directory, 'bert.pem');
    writeFileSync(file, '', { mode: 0o600 });
    await start({ sections: section('anna', anna.pem) + section('bert', 'bert.pem') });
    expect(lines('until this is mended')).toEqual([expect.stringMatching(told)]);
    expect(lines('ready')).toEqual([expect.stringMatching(/; 2 rules, 1 certificate$/)]);
    expect(await send('bert@example.com')).toContain(reason);
    expect(await send()).toBe('signed');

    copyFileSync(bert.pem, file);
    expect((await reload()).at(-1)).toMatch(/; 2 rules, 2 certificates$/);
    expect(await send('bert@example.com')).toBe('signed');

    writeFileSync(file, '');
    const said = await reload();
    expect(said).toContainEqual(expect.stringMatching(told));
    expect(said.at(-1)).toMatch(done);
    expect(await send('bert@example.com')).toContain(reason);
    expect(await send()).toBe('signed');
  });

  test('and what its rule says becomes of its mail', async () => {
    await start({ sections: section('anna', '/dev/null', 'failure = reject') });
    expect(await send()).toMatch(/: 554 5\.7\.5 S\/MIME certificate cannot be used: null: /);
    configure({ sections: section('anna', '/dev/null', 'failure = pass') });
    await reload();
    expect(await send()).toBe('unsigned');
  });
});

describe('signals', () => {
  test('as many as there may be: no message is lost, and the last change counts', async () => {
    await start();
    const replies: Promise<string>[] = [];
    for (let i = 0; i < 60; i++) {
      postseal.signal('SIGHUP');
      replies.push(send());
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    expect(new Set(await Promise.all(replies))).toEqual(new Set(['signed']));
    configure({ sections: neverSigned });
    for (let i = 0; i < 10; i++) postseal.signal('SIGHUP');
    await expect.poll(() => send(), { timeout: 15_000 }).toBe('unsigned');
    expect(lines('kept the old')).toEqual([]);
  });

  test('one during a reload is not lost: another reload follows', async () => {
    await start();
    pipe();
    postseal.signal('SIGHUP');
    const write = await reader();
    // What is being read now is out of date already.
    writeFileSync(`${ini}.new`, text({ sections: neverSigned }));
    renameSync(`${ini}.new`, ini);
    postseal.signal('SIGHUP');
    await write(text());
    await until(() => lines('reloaded in').length === 2);
    expect(await send()).toBe('unsigned');
  });

  test('one before it is ready does not end it, and is not lost either', async () => {
    configure();
    pipe();
    run();
    const write = await reader();
    postseal.signal('SIGHUP');
    writeFileSync(`${ini}.new`, text({ sections: neverSigned }));
    renameSync(`${ini}.new`, ini);
    await write(text());
    await postseal.says('reloaded in');
    expect(await send()).toBe('unsigned');
  });

  test('SIGTERM during a reload ends it as ever, and nothing changes any more', async () => {
    await start();
    const client = await inContent();
    pipe();
    postseal.signal('SIGHUP');
    const write = await reader();
    postseal.signal('SIGTERM');
    await postseal.says('SIGTERM, finishing what is in flight');
    client.send('ject: Hello\r\n\r\nGood morning.\r\n.\r\n');
    expect(await client.hear()).toEqual(['250 2.0.0 Ok: queued as 1-1']);
    client.send('QUIT\r\n');
    // What is still being read is not waited for.
    await postseal.says('stopped');
    await write(text({ sections: neverSigned }));
    const { code, stdout, stderr } = await postseal.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/ postseal: stopped\n$/);
    expect(lines('reloaded')).toEqual([]);
    expect(signed(returnPort)).toBe('signed');
  });
});

describe('watch = yes', () => {
  const staff =
    '[certificates:staff]\ndirectory = staff\nwatch = yes\n[rule:staff]\nsender = *@example.com\ncertificates = staff\n';

  test('a change in the directory is a reload, also after it was made anew and a reload said so', async () => {
    const path = join(directory, 'staff');
    const changed = `postseal: change in ${path}, reading the configuration again`;
    mkdirSync(path);
    await start({ sections: staff });
    expect(await send()).toMatch(/451 4\.7\.5 No S\/MIME certificate for the sender/);
    copyFileSync(anna.pem, join(path, 'anna.pem'));
    await until(() => lines('reloaded in').length === 1);
    expect(lines('reading the configuration again')).toEqual([changed]);
    expect(await send()).toBe('signed');

    rmSync(path, { recursive: true });
    await until(() => lines('reloaded in').length === 2);
    expect(lines('is not watched')).toEqual([`postseal: ${path} is not watched: does not exist`]);
    expect(await send()).toMatch(/451 4\.7\.5 S\/MIME certificate cannot be used: staff: does not exist/);

    mkdirSync(path);
    await reload();
    copyFileSync(anna.pem, join(path, 'anna.pem'));
    await until(() => lines('reloaded in').length === 4);
    expect(await send()).toBe('signed');
    postseal.signal('SIGTERM');
    expect((await postseal.end()).code).toBe(0);
  });
});
