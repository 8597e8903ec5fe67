// `postseal test`: what it tells of every kind of rule, what verifiers say, and --send through a running service.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { coloured } from '../../src/cli/colour.js';
import { envelopeOf } from '../../src/cli/arguments.js';
import { send } from '../../src/cli/send.js';
import { inWords } from '../../src/cli/test-report.js';
import { testHelp } from '../../src/cli/test.js';
import type { ServiceSection } from '../../src/config/config.js';
import { Failure } from '../../src/failure.js';
import { address } from '../support/golden-filter.js';
import { makePki, openssl, type Issued, type Pki } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { Postseal, secretsOf, type Result } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-test-'));
const at = (name: string): string => join(directory, name);
let pki: Pki;
let issued: Record<'anna' | 'expired' | 'ed' | 'carl' | 'dora', Issued>;

beforeAll(() => {
  pki = makePki(at('pki'));
  const dates = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
  issued = {
    anna: pki.issue({ name: 'anna', addresses: ['anna@example.com'], password: 'correct-horse-7' }),
    expired: pki.issue({ name: 'expired', addresses: ['old@example.com', 'older@example.com'], ...dates }),
    ed: pki.issue({ name: 'ed', addresses: ['ed@example.com'], key: 'ed25519' }),
    carl: pki.issue({ name: 'carl', addresses: ['carl@staff.example'], key: 'p256' }),
    dora: pki.issue({ name: 'dora', addresses: ['dora@example.org'] }),
  };
  mkdirSync(at('staff'));
  copyFileSync(issued.carl.pem, at('staff/carl.pem'));
  writeFileSync(at('anna.pass'), `${issued.anna.password}\n`, { mode: 0o600 });
  writeFileSync(at('postseal.ini'), iniFile('127.0.0.1:10025', 10026));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function iniFile(listen: string, returnPort: number): string {
  const rules: [name: string, sender: string, certificate: string, ...more: string[]][] = [
    ['exact', '*@invoices.example, anna@example.com', 'certificate = anna', 'form = opaque'],
    ['named', '*@example.org', 'certificate = dora', 'match = envelope'],
    ['wildcard', 'n?-*@elsewhere.example', 'certificate = dora', 'mismatch = warn'],
    ['regex', '/^ed@/', 'certificate = ed'],
    ['directory', '*@staff.example', 'certificates = staff'],
    ['shadowed', 'anna@example.com', 'certificate = anna'],
    ['never', 'noreply@example.com', 'sign = never'],
    ['deferred', 'old@example.com', 'certificate = expired'],
    ['rejected', 'older@example.com', 'certificate = expired', 'expired = reject'],
    ['passed', 'oldest@example.com', 'certificate = dora', 'mismatch = pass'],
    ['unguessed', '/^[xy]@example\\.com$/', 'certificate = dora'],
  ];
  return `[service]
listen = ${listen}
return = 127.0.0.1:${returnPort}
hostname = mail.example.com
[certificate:anna]
file = ${issued.anna.p12}
password_file = anna.pass
[certificate:expired]
file = ${issued.expired.pem}
[certificate:ed]
file = ${issued.ed.pem}
[certificate:dora]
file = ${issued.dora.pem}
[certificates:staff]
directory = staff
${rules.map(([name, sender, ...lines]) => `[rule:${name}]\nsender = ${sender}\n${lines.join('\n')}\n`).join('')}
[exception:phones]
recipient = *@phones.example
`;
}

interface Run {
  readonly ini?: string;
  /** The root of our certificates, another file, or none. */
  readonly ca?: string | undefined;
  /** Of the process. */
  readonly path?: string;
}

async function run(options: readonly string[], { ini, path, ...others }: Run = {}): Promise<Result> {
  const ca = 'ca' in others ? others.ca : pki.root.certificate;
  const args = ['test', '--config', ini ?? at('postseal.ini'), ...(ca === undefined ? [] : ['--ca', ca])];
  const environment = path === undefined ? {} : { PATH: path };
  const process = Postseal.start([...args, ...options], secretsOf(...Object.values(issued)), environment);
  process.write('');
  return process.end();
}

const good = 'signature: good; signer: trusted; From: named by the certificate';
const lastLine = ({ stdout }: Result): string => stdout.trimEnd().split('\n').at(-1)!;

/** The blocks by their first line, without the summary. */
function blocksOf({ stdout }: Result): Record<string, string[]> {
  const blocks = stdout.trimEnd().split('\n\n').slice(0, -1);
  return Object.fromEntries(blocks.map(block => [block.split('\n')[0]!, block.split('\n').slice(1)]));
}

describe.concurrent('every rule', () => {
  test('gets a message from one of its senders, in the order of the file', async () => {
    const result = await run([]);
    expect(result).toMatchObject({ code: 69, stderr: '' });
    const blocks = blocksOf(result);
    const to = 'to <recipient@example.com>';
    expect(Object.keys(blocks)).toEqual([
      `Rule exact, from <anna@example.com> ${to}`,
      `Rule named, from <dora@example.org> ${to}`,
      `Rule wildcard, from <nx-test@elsewhere.example> ${to}`,
      `Rule regex, from <ed@example.com> ${to}`,
      `Rule directory, from <carl@staff.example> ${to}`,
      'Rule shadowed',
      `Rule never, from <noreply@example.com> ${to}`,
      `Rule deferred, from <old@example.com> ${to}`,
      `Rule rejected, from <older@example.com> ${to}`,
      `Rule passed, from <oldest@example.com> ${to}`,
      'Rule unguessed',
    ]);
    const [exact, named, wildcard, regex, staff, shadowed, never, deferred, rejected, passed, unguessed] =
      Object.values(blocks).map(lines => lines.map(line => line.slice(2)));
    expect(exact).toEqual([
      'signed rule=exact certificate=anna form=opaque',
      `Postseal: ${good}`,
      'OpenSSL: good',
    ]);
    expect(named).toEqual(['signed rule=named certificate=dora', `Postseal: ${good}`, 'OpenSSL: good']);
    expect(wildcard).toEqual([
      'signed rule=wildcard certificate=dora (warning: dora does not name nx-test@elsewhere.example)',
      'Postseal: signature: good; signer: trusted; From: not the signer (the certificate names dora@example.org, From is nx-test@elsewhere.example), which the rule allows',
      'OpenSSL: good',
    ]);
    expect(regex).toEqual([
      'signed rule=regex certificate=ed',
      `Postseal: ${good}`,
      'OpenSSL: not asked, it does not verify Ed25519 signatures',
    ]);
    expect(staff!.slice(1)).toEqual([`Postseal: ${good}`, 'OpenSSL: good']);
    expect(shadowed).toEqual([
      'not tested: rule exact takes anna@example.com first; name another sender with --sender',
    ]);
    expect(never![0]).toBe('unsigned rule=never (rule never signs)');
    expect(never).toContain('- rule never: From noreply@example.com matches noreply@example.com');
    expect(deferred!.slice(0, 2)).toEqual([
      'deferred rule=deferred (S/MIME certificate is expired: expired since 2021-01-01)',
      'reply: 451 4.7.5 S/MIME certificate is expired: expired since 2021-01-01',
    ]);
    expect(rejected![1]).toBe('reply: 554 5.7.5 S/MIME certificate is expired: expired since 2021-01-01');
    expect(passed![0]).toMatch(/^unsigned rule=passed \(S\/MIME certificate does not name the sender/);
    expect(unguessed).toEqual([
      'not tested: no sender can be guessed from /^[xy]@example\\.com$/; name one with --sender',
    ]);
    expect(lastLine(result)).toBe('5 of 11 rules sign, all signatures verify, 2 not tested');
  });

  test.each([
    ['signed', 'named', 0, '1 of 1 rule signs, all signatures verify'],
    ['passed', 'passed', 0, '0 of 1 rule signs'],
    ['never signed', 'never', 0, '0 of 1 rule signs'],
    ['deferred', 'deferred', 75, '0 of 1 rule signs'],
    ['rejected', 'rejected', 69, '0 of 1 rule signs'],
  ])('named by --rule can be tried alone: %s', async (_, name, status, words) => {
    const result = await run(['--rule', name]);
    expect({ code: result.code, last: lastLine(result) }).toEqual({ code: status, last: words });
  });

  test('that cannot be tested alone is an error, so that nobody takes it for a success', async () => {
    const { code, stdout, stderr } = await run(['--rule', 'unguessed', '--rule', 'shadowed']);
    expect(code).toBe(64);
    expect(stdout).toMatch(/^Rule shadowed\n {2}not tested: .*\n\nRule unguessed\n {2}not tested: /);
    expect(stderr).toContain('nothing was tested: name a sender with --sender');
  });
});

test('a rule that signs on request is asked, by the header of the ini file', async () => {
  const ini = at('on-request.ini');
  const certificate = `[certificate:anna]\nfile = ${issued.anna.p12}\npassword_file = anna.pass\n`;
  const rule = '[rule:asked]\nsender = anna@example.com\ncertificate = anna\nsign = on-request\n';
  writeFileSync(ini, `[signing]\nrequest_header = X-Please-Sign\n${certificate}${rule}`);
  const result = await run([], { ini });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(lastLine(result)).toBe('1 of 1 rule signs, all signatures verify');
  // A sender is tried as it is: its mail asks for nothing.
  expect(lastLine(await run(['--sender', 'anna@example.com'], { ini }))).toBe('0 of 1 message is signed');
});

describe.concurrent('a sender', () => {
  test('is tried on whatever rule takes it', async () => {
    const result = await run(['-f', 'y@example.com', '--sender', '<nobody@example.net>']);
    expect(result.code).toBe(75);
    const blocks = blocksOf(result);
    expect(blocks['From <y@example.com> to <recipient@example.com>']![0]).toMatch(
      /^ {2}deferred rule=unguessed /,
    );
    expect(blocks['From <nobody@example.net> to <recipient@example.com>']![0]).toBe(
      '  unsigned (no rule for this sender)',
    );
    expect(lastLine(result)).toBe('0 of 2 messages are signed');
  });

  test('sends to the recipient that is given, whom an exception may name', async () => {
    const result = await run(['-f', 'anna@example.com', '-r', 'kim@phones.example']);
    expect(result.code).toBe(0);
    const lines = blocksOf(result)['From <anna@example.com> to <kim@phones.example>']!;
    expect(lines[0]).toBe('  unsigned rule=exact (exception phones)');
    expect(lines.at(-1)).toBe('  - exception phones: recipient matches *@phones.example');
  });
});

describe.concurrent('whom to trust', () => {
  const signedBy = 'O=Postseal Test, CN=Postseal Test intermediate';
  const unknown = `not trusted (chain ends at ${signedBy}, and its issuer O=Postseal Test, CN=Postseal Test root is not known; name the root with --ca)`;

  test('without --ca a root that the system does not know is no fault, and is told', async () => {
    const result = await run(['--rule', 'named'], { ca: undefined });
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(
      `  Postseal: signature: good; signer: ${unknown}; From: named by the certificate\n` +
        '  OpenSSL: good; the chain was not asked for: name your root with --ca FILE\n',
    );
  });

  test('with --ca it is one, for both: 69', async () => {
    const other = at('other.pem');
    const subject = ['-subj', '/CN=other', '-keyout', at('other.key'), '-out', other];
    openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject]);
    const result = await run(['--rule', 'named'], { ca: other });
    expect(result.code).toBe(69);
    expect(result.stdout).toContain(`Postseal: signature: good; signer: ${unknown}; From: `);
    expect(result.stdout).toContain(
      'OpenSSL: certificate verify error, Verify error: unable to get local issuer certificate\n',
    );
    expect(lastLine(result)).toBe('1 of 1 rule signs, 1 of 1 signature does not verify');
  });

  test('--ca that is missing: 66', async () => {
    const result = await run([], { ca: '/does/not/exist.pem' });
    expect(result).toEqual({
      code: 66,
      stdout: '',
      stderr: 'postseal: /does/not/exist.pem: does not exist\n',
    });
  });
});

describe.concurrent('the openssl command', () => {
  /** A PATH with this script as openssl, or with nothing. */
  function pathWith(name: string, script?: string): string {
    mkdirSync(at(name));
    if (script === undefined) return at(name);
    writeFileSync(join(at(name), 'openssl'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(at(name), 'openssl'), 0o755);
    return at(name);
  }

  test('that is not there is not asked, and nothing fails for that', async () => {
    const result = await run(['--rule', 'named'], { path: pathWith('empty') });
    expect(result.code).toBe(0);
    expect(
      blocksOf(result)['Rule named, from <dora@example.org> to <recipient@example.com>']!.slice(1),
    ).toEqual([`  Postseal: ${good}`, '  OpenSSL: not installed, not asked']);
  });

  test.each([
    [
      'refuses',
      "echo '80:error:1700009E:CMS routines:CMS_verify:content verify error:a.c:1:' >&2; exit 4",
      'content verify error',
    ],
    ['refuses in other words', "echo 'cms: Unknown option' >&2; exit 1", 'cms: Unknown option'],
    ['recovers something else', 'echo Hello', 'good, but what it recovers is not what was signed'],
  ])('that %s: 69', async (name, script, words) => {
    const result = await run(['--rule', 'named'], { path: pathWith(name.replaceAll(' ', '-'), script) });
    expect(result.code).toBe(69);
    expect(result.stdout).toContain(`  OpenSSL: ${words}\n`);
    expect(lastLine(result)).toBe('1 of 1 rule signs, 1 of 1 signature does not verify');
  });
});

test('--json gives one object, with the same findings', async () => {
  const names = ['named', 'rejected', 'shadowed'];
  const { code, stdout } = await run(['--json', ...names.flatMap(name => ['--rule', name])]);
  expect(code).toBe(69);
  expect(JSON.parse(stdout)).toMatchObject({
    tests: [
      {
        rule: 'named',
        sender: 'dora@example.org',
        recipient: 'recipient@example.com',
        decision: { action: 'sign', rule: 'named', certificate: { name: 'dora' }, form: 'clear' },
        verification: { postseal: { result: 'good', text: good }, openssl: { result: 'good', text: 'good' } },
      },
      { rule: 'rejected', decision: { action: 'refuse' }, reply: { code: 554 } },
    ],
    untested: [{ rule: 'shadowed' }],
  });
});

describe('--send', () => {
  let returnPort: ReturnPort;
  let service: Postseal | undefined;
  let listen: string;
  const ini = at('running.ini');

  beforeEach(async () => {
    returnPort = await ReturnPort.start();
    listen = `127.0.0.1:${await freePort()}`;
  });

  afterEach(async () => {
    service?.signal('SIGTERM');
    await service?.end();
    service = undefined;
    await returnPort.close();
  });

  async function serve(protocol = 'smtp'): Promise<void> {
    const text = iniFile(listen, returnPort.port);
    writeFileSync(ini, text.replace('[service]\n', `[service]\nprotocol = ${protocol}\n`));
    service = Postseal.start(['serve', '--config', ini]);
    await service.says('ready');
  }

  test('hands every message to the running service, and what arrives verifies', async () => {
    await serve();
    const result = await run(['--rule', 'named', '--rule', 'never', '--send', 'bob@example.net'], { ini });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(
      new RegExp(`^Sending 2 messages to <bob@example\\.net> through ${listen}\n\n`),
    );
    expect(result.stdout.match(/^ {2}service: 250 2\.0\.0 Ok: queued as \S+$/gm)).toHaveLength(2);
    expect(result.stdout).toMatch(
      /\n1 of 2 rules sign, all signatures verify\n2 of 2 messages taken by the service\n.*journalctl -u postseal \| grep NOQUEUE\n$/,
    );
    const [signed, unsigned] = await returnPort.received(2);
    expect(signed).toMatchObject({
      mail: 'MAIL FROM:<dora@example.org>',
      recipients: ['RCPT TO:<bob@example.net>'],
    });
    const text = openssl(['cms', '-verify', '-CAfile', pki.root.certificate], signed!.content).toString();
    expect(text).toContain('This is a test of Postseal');
    expect(unsigned!.mail).toBe('MAIL FROM:<noreply@example.com> BODY=8BITMIME');
    expect(unsigned!.content.toString()).toContain('Subject: Postseal test of rule never\r\n');
    await service!.says(
      'NOQUEUE: from=<dora@example.org>, signed rule=named certificate=dora to=<bob@example.net>',
    );
  });

  test.each(['smtp', 'lmtp'])('over a UNIX socket too, with protocol = %s', async protocol => {
    listen = `unix:${at('in.sock')}`;
    await serve(protocol);
    const { code } = await run(['--rule', 'named', '--send', 'bob@example.net'], { ini });
    expect(code).toBe(0);
    expect(returnPort.messages).toHaveLength(1);
  });

  test.each([
    ['deferred', '450 4.2.0 Later', 75],
    ['refused for good', '550 5.1.1 No such user', 69],
  ])('tells what the service answers: %s', async (_, reply, status) => {
    returnPort.fault({ at: 'RCPT', recipient: 'bob@example.net', reply });
    await serve();
    const { code, stdout } = await run(['--rule', 'named', '--json', '--send', 'bob@example.net'], { ini });
    expect(code).toBe(status);
    const { tests } = JSON.parse(stdout) as { tests: { service: { code: number; text: string } }[] };
    expect(tests.map(t => `${t.service.code} ${t.service.text}`)).toEqual([reply]);
  });

  test('without a service: 69, and where to look', async () => {
    writeFileSync(ini, iniFile(listen, returnPort.port));
    const { code, stderr } = await run(['--send', 'bob@example.net'], { ini });
    expect(code).toBe(69);
    expect(stderr).toBe(
      `postseal: the service at ${listen} is not available: connection refused\npostseal: Is the service running? systemctl status postseal\n`,
    );
  });

  test('to something that hangs up: 75', async () => {
    returnPort.fault({ at: 'MAIL', then: 'hang up' });
    listen = `127.0.0.1:${returnPort.port}`;
    writeFileSync(ini, iniFile(listen, 10026));
    const { code, stderr } = await run(['--rule', 'named', '--send', 'bob@example.net'], { ini });
    expect(code).toBe(75);
    expect(stderr).toBe(`postseal: the service at ${listen} gave no reply: it hung up\n`);
  });
});

test('over LMTP it says LHLO', async () => {
  const port = await ReturnPort.start();
  const service = {
    ...{ listen: { kind: 'tcp', host: '127.0.0.1', port: port.port }, protocol: 'lmtp' },
    ...{ hostname: 'mail.example.com', timeout: 10 },
  } as unknown as ServiceSection;
  const envelope = envelopeOf(address('a@example.com'), [address('b@example.net')]);
  const reply = await send(service, envelope, Buffer.from('Subject: x\r\n\r\n'));
  expect(reply.code).toBe(250);
  expect(port.transcript).toContain('1 -> LHLO mail.example.com');
  await port.close();
});

test('a fault that no rule asked for is told with what the journal has of it', () => {
  const words = inWords({
    message: { rule: undefined, sender: address('a@example.com'), recipient: address('b\u202e@example.net') },
    decision: { action: 'pass', reason: 'no rule for this sender' },
    steps: [],
    reply: new Failure('internal').reply,
    journal: 'NOQUEUE: internal error: Error: no space left\nNOQUEUE: from=<a@example.com>\n',
  });
  expect(words).toBe(`From <a@example.com> to <b\\u202e@example.net>
  unsigned (no rule for this sender)
  reply: 451 4.3.0 Internal error, try again later
  NOQUEUE: internal error: Error: no space left
  NOQUEUE: from=<a@example.com>

`);
});

describe.concurrent('the command line', () => {
  test('its help tells options and exit status', () => {
    for (const word of [
      '--rule',
      '--sender',
      '--recipient',
      '--ca FILE',
      '--json',
      '--send',
      'Exit status: 0',
    ])
      expect(testHelp).toContain(word);
  });

  test.each([
    [['--rule', 'nosuch'], 'no rule named "nosuch" (have: exact, named, '],
    [['--sender', 'a@b@'], '"a@b@" is not a mail address'],
    [['--sender', ''], '"" is not a mail address'],
    [['--sender', 'nonsense'], '--sender "nonsense" has no domain'],
    [['-r', 'a@example.com', '--send', 'b@example.com'], '--recipient and --send: keep one of the two'],
  ])('%j is a usage error', async (args, words) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(words);
  });
});

test('colour is for terminals, and not where NO_COLOR is set', () => {
  const { isTTY } = process.stdout;
  const { NO_COLOR } = process.env;
  try {
    delete process.env['NO_COLOR'];
    process.stdout.isTTY = true;
    expect(coloured('green', 'good')).toBe('\x1b[32mgood\x1b[0m');
    process.env['NO_COLOR'] = '1';
    expect(coloured('green', 'good')).toBe('good');
    delete process.env['NO_COLOR'];
    process.stdout.isTTY = false;
    expect(coloured('green', 'good')).toBe('good');
  } finally {
    process.stdout.isTTY = isTTY;
    if (NO_COLOR !== undefined) process.env['NO_COLOR'] = NO_COLOR;
  }
});
