// The commands that look at a file or a message and end: check, sign, explain.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePki, openssl, type Issued, type Pki } from '../support/pki.js';
import { Postseal, postseal, secretsOf, type Result } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-cli-'));
const ini = join(directory, 'postseal.ini');
let pki: Pki;
let anna: Issued;
let expired: Issued;

beforeAll(() => {
  pki = makePki(join(directory, 'pki'));
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], password: 'correct-horse-7' });
  expired = pki.issue({
    name: 'expired',
    addresses: ['old@example.com'],
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2021-01-01'),
  });
  writeFileSync(join(directory, 'anna.pass'), `${anna.password}\n`, { mode: 0o600 });
  writeFileSync(
    ini,
    `[service]
hostname = postseal.example.com

[certificate:anna]
file = ${anna.p12}
password_file = anna.pass

[certificate:expired]
file = ${expired.pem}

[rule:anna]
sender = anna@example.com
certificate = anna

[rule:old]
sender = old@example.com
certificate = expired

[rule:strangers]
sender = *@strangers.example
certificate = anna
mismatch = reject

[exception:phones]
recipient = *@phones.example
`,
  );
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a command on a message with this From and these To. */
function run(command: string, from: string, to: string, ...options: string[]): Promise<Result> {
  return runOn(command, `From: ${from}\r\nTo: ${to}\r\nSubject: Hello\r\n\r\nGood morning.\r\n`, ...options);
}

function runOn(command: string, message: string, ...options: string[]): Promise<Result> {
  return postseal([command, '--config', ini, ...options], message, secretsOf(anna, expired));
}

/** Verifies with openssl. @returns the entity that was signed */
function verified(message: string): string {
  const input = Buffer.from(message, 'latin1');
  return openssl(['cms', '-verify', '-CAfile', pki.root.certificate], input).toString();
}

describe.concurrent('check', () => {
  test('shows rules, exceptions and certificates as tables', async () => {
    const { code, stdout, stderr } = await postseal(['check', '-c', ini], '', secretsOf(anna, expired));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}anna +anna@example\.com +signed with certificate anna, sha256$/m);
    expect(stdout).toMatch(/^ {2}phones +to \*@phones\.example$/m);
    expect(stdout).toMatch(/^ {2}anna +anna@example\.com +RSA 2048 +36\d +anna, strangers$/m);
    expect(stdout).toMatch(/^ {2}expired +old@example\.com +RSA 2048 +expired +old$/m);
    // A warning is told, and changes nothing.
    expect(stderr).toMatch(
      /postseal\.ini:\d+: \[certificate:expired\] file: warning: .*expired on 2021-01-01/,
    );
  });

  test('shows every problem, with file and line, and nothing else', async () => {
    const bad = join(directory, 'bad.ini');
    const inline = 'battery-staple-9';
    writeFileSync(
      bad,
      `[service]
lisen = 127.0.0.1:10025

[certificate:anna]
file = ${anna.p12}
password = ${inline}

[rule:anna]
sender = anna@example.com
certificate = sales
`,
    );
    const { code, stdout, stderr } = await postseal(['check', '-c', bad], '', [...secretsOf(anna), inline]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/bad\.ini:2: \[service\] .*lisen/);
    expect(stderr).toMatch(/bad\.ini:\d+: \[rule:anna\] .*sales/);
  });

  test('a wrong password is told without the password', async () => {
    const wrong = join(directory, 'wrong.ini');
    const inline = 'battery-staple-9';
    writeFileSync(
      wrong,
      `[certificate:anna]\nfile = ${anna.p12}\npassword = ${inline}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`,
    );
    const message = 'From: anna@example.com\r\nTo: bob@example.net\r\n\r\nGood morning.\r\n';
    const tell = (command: string): Promise<Result> =>
      postseal([command, '-c', wrong], message, [...secretsOf(anna), inline]);
    const [checked, signed, explained] = await Promise.all(['check', 'sign', 'explain'].map(tell));
    expect(checked).toMatchObject({ code: 78, stdout: '' });
    expect(checked!.stderr).toMatch(/wrong\.ini:\d+: \[certificate:anna\] .*password/);
    // As the service, which signs for others meanwhile.
    const reason = 'S/MIME certificate cannot be used: anna.p12: the password does not open it';
    expect(signed).toMatchObject({ code: 75, stdout: '' });
    expect(signed!.stderr).toContain(`reply="451 4.7.5 ${reason}"`);
    expect(explained).toMatchObject({ code: 0, stderr: '' });
    expect(explained!.stdout).toContain(`deferred rule=anna (${reason})`);
  });
});

describe.concurrent('sign', () => {
  test('0 and a signed message that openssl verifies; the decision on standard error', async () => {
    const { code, stdout, stderr } = await run('sign', 'anna@example.com', 'bob@example.net');
    expect(code).toBe(0);
    expect(verified(stdout)).toMatch(/Good morning\.\r\n$/);
    expect(stderr).toMatch(
      /^NOQUEUE: from=<anna@example\.com>, signed rule=anna certificate=anna to=<bob@example\.net>, .*reply="250 .*"\n$/,
    );
  });

  test('0 and the message as it was, under one Received field, where nothing is to be signed', async () => {
    const { code, stdout, stderr } = await run('sign', 'carl@example.org', 'bob@example.net');
    expect(code).toBe(0);
    expect(stdout.replace(/^Received: .*\r\n\t.*\r\n\t.*\r\n/, '')).toBe(
      'From: carl@example.org\r\nTo: bob@example.net\r\nSubject: Hello\r\n\r\nGood morning.\r\n',
    );
    expect(stderr).toContain('unsigned (no rule for this sender)');
  });

  test('75 and nothing on standard output where the service would defer', async () => {
    const { code, stdout, stderr } = await run('sign', 'old@example.com', 'bob@example.net');
    expect({ code, stdout }).toEqual({ code: 75, stdout: '' });
    expect(stderr).toContain('reply="451 4.7.5 S/MIME certificate is expired');
  });

  test('69 and nothing on standard output where it would refuse for good', async () => {
    const { code, stdout, stderr } = await run('sign', 'x@strangers.example', 'bob@example.net');
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toContain('reply="554 5.7.5 S/MIME certificate does not name the sender');
  });

  test('64 and nothing on standard output where recipients need different copies; one can be named', async () => {
    const mixed = await run('sign', 'anna@example.com', 'bob@example.net, emil@phones.example');
    expect({ code: mixed.code, stdout: mixed.stdout }).toEqual({ code: 64, stdout: '' });
    expect(mixed.stderr).toContain('name with --recipient whose copy you want');
    expect(mixed.stderr).not.toContain('internal error');

    const to = 'bob@example.net, emil@phones.example';
    const one = await run('sign', 'anna@example.com', to, '-r', 'emil@phones.example');
    expect(one.code).toBe(0);
    expect(one.stdout).not.toContain('multipart/signed');
  });

  test('a file with LF line ends, as sendmail(1) takes it, is mail', async () => {
    const lf = 'From: anna@example.com\nTo: bob@example.net\n\nGood\nmorning.\n';
    const { code, stdout } = await runOn('sign', lf);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/(?<!\r)\n|\r(?!\n)/);
    expect(verified(stdout)).toMatch(/Good\r\nmorning\.\r\n$/);
  });

  test('the line that a mailbox puts before a message is no part of it', async () => {
    const message =
      'From anna@example.com Thu Nov 26 10:00:00 2026\nFrom: anna@example.com\nTo: kim@example.net\n\nHello\n';
    const { code, stdout } = await postseal(['sign', '--config', ini], message);
    expect(code).toBe(0);
    expect(stdout).toContain('multipart/signed');
    expect(stdout).not.toMatch(/^From anna/m);
  });

  test('--sender and --recipient stand for the envelope', async () => {
    const options = ['-f', '<bounces@example.com>', '-r', 'emil@phones.example'];
    const { stderr } = await run('sign', 'anna@example.com', 'bob@example.net', ...options);
    expect(stderr).toMatch(/^NOQUEUE: from=<bounces@example\.com>, unsigned .* to=<emil@phones\.example>/);
  });

  test('--debug tells the steps as well, a JSON object a line', async () => {
    const { code, stdout, stderr } = await run('sign', 'anna@example.com', 'bob@example.net', '--debug');
    expect(code).toBe(0);
    expect(verified(stdout)).toContain('Good morning.');
    const events = jsonLines(stderr);
    expect(events[0]).toMatchObject({ message: 'envelope', client: 'localhost' });
    expect(events.map(e => e['message'])).toEqual(
      expect.arrayContaining(['envelope', 'decision', 'signature', 'done']),
    );
    expect(stderr).not.toContain('Good morning.');
  });
});

describe.concurrent('explain', () => {
  test('tells in words what would be decided for each recipient, and why', async () => {
    const { code, stdout, stderr } = await run(
      'explain',
      'anna@example.com',
      'bob@example.net, emil@phones.example',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Sender <anna@example\.com>$/m);
    expect(stdout).toMatch(/^Recipient <bob@example\.net>: signed rule=anna certificate=anna$/m);
    expect(stdout).toMatch(/^Recipient <emil@phones\.example>: unsigned rule=anna \(exception phones\)$/m);
    expect(stdout).toMatch(/- rule anna: From anna@example\.com matches anna@example\.com$/m);
    expect(stdout).toMatch(/- exception phones: recipient matches \*@phones\.example$/m);
  });

  test('a refusal is a decision like others: 0, with the reply that it would get', async () => {
    const { code, stdout } = await run('explain', 'x@strangers.example', 'bob@example.net');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}reply: 554 5\.7\.5 S\/MIME certificate does not name the sender/m);
  });

  test('shows nothing of an address that a terminal would obey', async () => {
    for (const options of [[], ['--json']]) {
      const { stdout } = await run(
        'explain',
        '<a\x9b31m\u202eb@example.com>',
        '<x\x9bk@y.example>',
        ...options,
      );
      expect(stdout).toContain('a\\u009b31m\\u202eb@example.com');
      expect(stdout).not.toMatch(/[\x80-\x9f\u202e]/);
    }
  });

  test('--json gives one object, with the same decisions', async () => {
    const to = 'bob@example.net, emil@phones.example';
    const { code, stdout } = await run('explain', 'anna@example.com', to, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      sender: 'anna@example.com',
      recipients: [
        {
          recipient: 'bob@example.net',
          action: 'sign',
          rule: 'anna',
          certificate: { name: 'anna' },
          digest: 'sha256',
        },
        { recipient: 'emil@phones.example', action: 'pass', reason: 'exception phones' },
      ],
    });
  });

  test('--json tells a refusal with code and text', async () => {
    const { stdout } = await run('explain', 'old@example.com', 'bob@example.net', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      recipients: [{ action: 'refuse', rule: 'old', reply: { code: 451 } }],
    });
  });
});

describe.concurrent('a policy of requests, sizes and rules', () => {
  const policy = join(directory, 'policy.ini');
  const on = (command: string, message: string, ...options: string[]): Promise<Result> =>
    postseal([command, '--config', policy, ...options], message, secretsOf(anna));
  const message = (...header: string[]): string =>
    [...header, 'From: anna@example.com', 'To: bob@example.net', '', 'Good morning.', ''].join('\r\n');

  beforeAll(() => {
    writeFileSync(
      policy,
      `[signing]
no_rule = defer
[certificate:anna]
file = ${anna.p12}
password_file = anna.pass
[rule:asked]
sender = *@asked.example
certificate = anna
sign = on-request
require_certificate = yes
[rule:anna]
sender = anna@example.com
certificate = anna
sign = by-default
[exception:large]
larger_than = 100K
rule = anna
`,
    );
  });

  test('is shown by check', async () => {
    const { code, stdout, stderr } = await on('check', '');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^ {2}asked .* signed with certificate anna if X-Postseal-Sign asks, sha256, certificate required$/m,
    );
    expect(stdout).toMatch(
      /^ {2}anna .* signed with certificate anna unless X-Postseal-Sign refuses, sha256$/m,
    );
    expect(stdout).toMatch(/^ {2}- +any other +deferred$/m);
    expect(stdout).toMatch(/^ {2}large +larger than 102400 octets and of rule anna$/m);
    expect(stdout).toMatch(/ asked, anna$/m);
  });

  test('is told by explain, requests that make no sense too', async () => {
    const refused = await on('explain', message('X-Postseal-Sign: no'));
    expect(refused.stdout).toMatch(/: unsigned rule=anna \(X-Postseal-Sign asks for no signature\)$/m);
    const strange = message('X-Postseal-Sign: \x1b[1mhm');
    expect((await on('explain', strange)).stdout).toMatch(
      /^ {2}- request: X-Postseal-Sign is neither true nor false: " \[1mhm"$/m,
    );
    const nonsense = await on('explain', strange, '--json');
    expect(JSON.parse(nonsense.stdout)).toMatchObject({
      recipients: [{ action: 'sign', warning: 'X-Postseal-Sign is neither true nor false: "\x1b[1mhm"' }],
    });
  });

  test('is told by explain with the size of all of standard input', async () => {
    const large = message() + 'x\r\n'.repeat(50_000);
    const { stdout } = await on('explain', large);
    expect(stdout).toContain(': unsigned rule=anna (exception large)\n');
    expect(stdout).toContain(`- exception large: size ${large.length} is larger than 102400\n`);
    expect((await on('sign', large)).stderr).toContain('unsigned rule=anna (exception large)');
  });

  test('is what sign does: the request is taken away', async () => {
    const { code, stdout } = await on('sign', message('X-Postseal-Sign: off'));
    expect(code).toBe(0);
    expect(stdout.slice(stdout.indexOf('From:'))).toBe(message());
  });
});

/** The lines that are JSON objects. */
function jsonLines(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter(line => line.startsWith('{'));
  return lines.map(line => JSON.parse(line) as Record<string, unknown>);
}

describe.concurrent('standard output that nobody reads any more', () => {
  test.each(['check', 'sign', 'explain'])('ends %s with 74, and without a word about it', async command => {
    const process = Postseal.start([command, '--config', ini], secretsOf(anna, expired));
    process.closeOutput();
    process.write('From: carl@example.org\r\nTo: bob@example.net\r\n\r\nGood morning.\r\n');
    const { code, stderr } = await process.end();
    expect(code).toBe(74);
    expect(stderr).not.toMatch(/EPIPE|internal error|^ +at /m);
  });
});
