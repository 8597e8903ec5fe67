// From a hundred certificates on, in sections or in a directory, other threads read the files: with the same words, and for the same signatures.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entry } from '../support/entry.js';
import { addressOf, makePems } from '../support/many.js';
import { makePki, type Issued, type Pki } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { dissect } from '../support/verifiers.js';
import { Postseal, secretsOf } from './command.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-cli-many-'));
let pki: Pki;
let anna: Issued;
let bert: Issued;
/** A few files with something wrong in each. */
let faulty: string;

beforeAll(() => {
  pki = makePki(join(root, 'pki'));
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256', freshKey: true });
  bert = pki.issue({ name: 'bert', addresses: ['bert@example.com'], key: 'p256', freshKey: true });
  faulty = join(root, 'faulty');
  mkdirSync(faulty);
  const put = (name: string, ...pieces: readonly (string | Buffer)[]): string => {
    const file = join(faulty, name);
    writeFileSync(file, Buffer.concat(pieces.map(piece => Buffer.from(piece))), { mode: 0o600 });
    return file;
  };
  put('opened.p12', readFileSync(bert.p12));
  const locked = ['pkcs12', '-export', '-in', anna.pem, '-passout', 'pass:other'];
  put('locked.p12', execFileSync('openssl', locked));
  put('damaged.pem', readFileSync(anna.pem).subarray(0, 300));
  put('strange.pem', readFileSync(bert.key), readFileSync(anna.certificate));
  chmodSync(put('open.pem', readFileSync(bert.pem)), 0o666);
  const encrypted = execFileSync('openssl', ['pkcs8', '-topk8', '-in', anna.key, '-passout', 'pass:other']);
  put('encrypted.pem', encrypted, readFileSync(anna.certificate));
  put('authority.crt', readFileSync(pki.intermediate.certificate));
  put('alone.key', readFileSync(anna.key));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Lines of private keys; the password is a word of the warnings too. */
function keys(): string[] {
  return secretsOf(anna, bert).filter(secret => secret !== bert.password);
}

/** A directory of the faulty files and so many good ones. */
function directoryOf(name: string, good: number): string {
  const directory = join(root, name);
  cpSync(faulty, directory, { recursive: true });
  makePems(directory, good);
  return directory;
}

function iniOf(directory: string, service = 'listen = 127.0.0.1:1\nreturn = 127.0.0.1:2'): string {
  const ini = `${directory}.ini`;
  const password = join(root, 'password');
  writeFileSync(password, bert.password, { mode: 0o600 });
  const text = `[service]\n${service}
[certificates:all]
directory = ${directory}
password_file = ${password}
[rule:all]
sender = *
certificates = all
`;
  writeFileSync(ini, text, { mode: 0o600 });
  return ini;
}

test('what is wrong with files is told in the same words', async () => {
  const told = async (directory: string): Promise<string[]> => {
    const postseal = Postseal.start(['check', '--config', iniOf(directory)], keys());
    const { stdout, stderr } = await postseal.end();
    return `${stdout}${stderr}`
      .replaceAll(directory, 'DIRECTORY')
      .split('\n')
      .filter(line => line.startsWith('DIRECTORY'));
  };
  const few = await told(directoryOf('few', 3));
  const files = few.map(line => /DIRECTORY\/(\S+):/.exec(line)?.[1]);
  expect(files).toEqual([
    'damaged.pem',
    'encrypted.pem',
    'locked.p12',
    'strange.pem',
    'alone.key',
    'open.pem',
  ]);
  expect(await told(directoryOf('many', 120))).toEqual(few);
});

test('mail is signed with any of them, and after a reload with what has changed since', async () => {
  const returnPort = await ReturnPort.start();
  const port = await freePort();
  const directory = directoryOf('service', 120);
  for (const name of ['damaged.pem', 'encrypted.pem', 'locked.p12', 'strange.pem'])
    rmSync(join(directory, name));
  // Its issuer is in a file of its own.
  writeFileSync(
    join(directory, 'anna.pem'),
    [anna.key, anna.certificate].map(f => readFileSync(f, 'utf8')).join(''),
  );
  const ini = iniOf(directory, `listen = 127.0.0.1:${port}\nreturn = 127.0.0.1:${returnPort.port}`);
  // What was written a moment ago would be read again.
  await setTimeout(2100);
  const postseal = Postseal.start(['serve', '--config', ini], keys());
  /** Who signed, and with how many issuers, as OpenSSL prints it. */
  const signer = async (sender: string): Promise<string[]> => {
    const content = [Buffer.from(`From: ${sender}\r\nSubject: Hello\r\n\r\nGood morning.\r\n`)];
    await sendMail({ port, sender, recipients: ['bob@example.net'], content });
    const { signature } = dissect(returnPort.messages.at(-1)!.content);
    const args = ['pkcs7', '-inform', 'DER', '-print_certs', '-noout'];
    const printed = execFileSync('openssl', args, { input: signature, encoding: 'utf8' });
    return [...printed.matchAll(/^subject=.*CN ?= ?(.*)$/gm)].map(match => match[1]!);
  };
  try {
    await postseal.says('ready, ');
    expect(postseal.output).toContain('; 1 rule, 123 certificates');
    expect(await signer(addressOf(0))).toEqual(['User 0']);
    expect(await signer(addressOf(119))).toEqual(['User 119']);
    expect(await signer('anna@example.com')).toEqual(['anna', 'Postseal Test intermediate']);

    const renewed = pki.issue({ name: 'Renewed', addresses: [addressOf(7)], key: 'p256', freshKey: true });
    writeFileSync(join(directory, 'cert7.pem'), readFileSync(renewed.pem));
    rmSync(join(directory, 'cert8.pem'));
    postseal.signal('SIGHUP');
    await postseal.says(': reloaded in ');
    expect(postseal.output).toMatch(/: reloaded in .*; 1 rule, 122 certificates/);
    expect((await signer(addressOf(7)))[0]).toBe('Renewed');
    expect(await signer(addressOf(9))).toEqual(['User 9']);
    await expect(signer(addressOf(8))).rejects.toThrow();
  } finally {
    postseal.signal('SIGTERM');
    await postseal.end();
    await returnPort.close();
  }
});

test('a service that is told to end while it reads them again ends', async () => {
  const returnPort = await ReturnPort.start();
  const directory = directoryOf('ending', 0);
  makePems(directory, 1);
  // Half a minute of key derivations.
  const many = join(root, 'p12s');
  mkdirSync(many);
  const slow = ['pkcs12', '-export', '-in', anna.pem, '-passout', 'pass:secret', '-iter', '200000'];
  const file = execFileSync('openssl', slow);
  for (let i = 0; i < 200; i++) writeFileSync(join(many, `${i}.p12`), file, { mode: 0o600 });
  const service = `listen = 127.0.0.1:${await freePort()}\nreturn = 127.0.0.1:${returnPort.port}`;
  const ini = iniOf(directory, service);
  const postseal = Postseal.start(['serve', '--config', ini], keys());
  await postseal.says('ready, ');
  writeFileSync(ini, readFileSync(ini, 'utf8').replace(directory, many));
  postseal.signal('SIGHUP');
  await postseal.says('reading the configuration again');
  await setTimeout(250);
  postseal.signal('SIGTERM');
  const { code, stderr, stdout } = await postseal.end();
  await returnPort.close();
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain('reloaded');
});

test('a service whose files were upgraded under it keeps what is in force, and says that it is to be restarted', async () => {
  const installed = join(root, 'installed');
  cpSync(dirname(entry), join(installed, 'dist'), { recursive: true });
  const source = join(dirname(entry), '..');
  symlinkSync(join(source, 'node_modules'), join(installed, 'node_modules'));
  const manifest = readFileSync(join(source, 'package.json'), 'utf8');
  writeFileSync(join(installed, 'package.json'), manifest);
  const directory = join(root, 'upgraded');
  makePems(directory, 1);
  const service = `listen = 127.0.0.1:${await freePort()}\nreturn = 127.0.0.1:1`;
  const ini = iniOf(directory, service);
  const args = [join(installed, 'dist', 'main.js'), 'serve', '--config', ini];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let journal = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (journal += text));
  const says = (text: string): Promise<void> =>
    expect.poll(() => journal, { timeout: 15_000 }).toContain(text);
  try {
    await says('ready, ');
    writeFileSync(
      join(installed, 'package.json'),
      manifest.replace(/"version": ".*?"/, '"version": "9.9.9"'),
    );
    makePems(directory, 120);
    child.kill('SIGHUP');
    await says('kept the old configuration');
    expect(journal).toMatch(/Postseal 9\.9\.9 is installed, and \S+ runs: restart the service/);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  expect(journal).toContain('stopped');
  expect(child.exitCode).toBe(0);
});
