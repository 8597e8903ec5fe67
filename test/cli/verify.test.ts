// `postseal verify`: what it prints and with which status it ends, on what `postseal sign` has signed.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePki, openssl, type KeyKind, type Pki } from '../support/pki.js';
import { verify as run, verifyHelp } from '../../src/cli/verify.js';
import { postseal, type Result } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-verify-'));
const ini = join(directory, 'postseal.ini');
const message = join(directory, 'signed.eml');
let pki: Pki;
let root: string;
let signed: string;

const kinds: [string, KeyKind, string, string][] = [
  ['rsa', 'rsa2048', '', 'RSA, sha256'],
  ['edopaque', 'ed25519', 'form = opaque', 'Ed25519, sha512'],
];

beforeAll(async () => {
  pki = makePki(join(directory, 'pki'));
  root = pki.root.certificate;
  const sections = kinds.map(([name, key, options]) => {
    const { pem } = pki.issue({ name, addresses: [`${name}@example.com`], key });
    return `[certificate:${name}]\nfile = ${pem}\n\n[rule:${name}]\nsender = ${name}@example.com\ncertificate = ${name}\n${options}\n`;
  });
  writeFileSync(ini, sections.join('\n'));
  signed = await sign('rsa');
  writeFileSync(message, signed, 'latin1');
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function sign(name: string): Promise<string> {
  const text = `From: Anna <${name}@example.com>\r\nTo: bob@example.net\r\nDate: ${new Date().toUTCString()}\r\n\r\nGrüße\r\n`;
  const { code, stdout, stderr } = await postseal(['sign', '-c', ini], text);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

/** With the root of the Pki, on standard input. */
const verify = (text: string, ...options: string[]): Promise<Result> =>
  postseal(['verify', '--ca', root, ...options], Buffer.from(text, 'latin1'));

const lastLine = ({ stdout }: Result): string => stdout.trimEnd().split('\n').at(-1)!;
const good = 'signature: good; signer: trusted; From: named by the certificate';

describe.concurrent('what Postseal signs verifies', () => {
  test.each(kinds)('%s (R18, R20, R26)', async (name, _key, _options, algorithm) => {
    const result = await verify(name === 'rsa' ? signed : await sign(name));
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    expect(lastLine(result)).toBe(good);
    expect(result.stdout).toContain(`signature  ${algorithm}`);
    expect(result.stdout).not.toMatch(/^ {2}(?:warning|bad) /m);
  });

  test('and it tells structure, signer, attributes and checks', async () => {
    const { stdout } = await verify(signed);
    expect(stdout).toMatch(
      /^Structure\n {2}multipart\/signed, 7bit\n {4}text\/plain, base64, 9 octets\n {4}application\/pkcs7-signature "smime\.p7s", base64, \d+ octets\n\nSigner\n/,
    );
    expect(stdout).toMatch(/^ {2}subject {4}O=Postseal Test, CN=rsa\n {2}addresses {2}rsa@example\.com$/m);
    expect(stdout).toMatch(/^ {2}key {8}RSA 2048$/m);
    expect(stdout).toMatch(
      /^ {2}issued by {2}O=Postseal Test, CN=Postseal Test intermediate\n {2}issued by {2}O=Postseal Test, CN=Postseal Test root$/m,
    );
    expect(stdout).toMatch(/^Attributes\n {2}contentType {13}data\n {2}messageDigest {11}[0-9a-f]{64}$/m);
    expect(stdout).toMatch(/^ {2}ok {2}From {20}rsa@example\.com is named by the certificate$/m);
  });
});

describe.concurrent('the message', () => {
  test('is a file with CRLF, or standard input with LF', async () => {
    const mailbox = `From rsa@example.com  Mon Nov 23 10:00:00 2026\n${signed.replaceAll('\r\n', '\n')}`;
    const results = [await postseal(['verify', '--ca', root, message]), await verify(mailbox, '-')];
    expect(results.map(r => [r.code, lastLine(r)])).toEqual(results.map(() => [0, good]));
  });

  test('that was changed: 65', async () => {
    const result = await verify(signed.replace('text/plain', 'text/html'));
    expect(result.code).toBe(65);
    expect(result.stdout).toMatch(/^ {2}bad +content +the signed part was changed after it was signed/m);
    expect(lastLine(result)).toMatch(/^signature: bad \(the signed part was changed/);
  });

  test('that is not signed: 65, with words for it', async () => {
    const result = await verify('From: a@example.com\r\n\r\nHi\r\n');
    expect({ code: result.code, last: lastLine(result) }).toEqual({
      code: 65,
      last: 'not signed: the message is text/plain',
    });
  });

  test('cannot give commands to the terminal', async () => {
    const name = 'x\x1b[2J\x9b31m\x07\xe2\x80\xae';
    const hostile = `From: a@example.com\r\nContent-Type: text/plain; name="${name}"\r\n\r\nHi\r\n`;
    const { stdout } = await verify(hostile);
    expect(Buffer.from(stdout, 'latin1').toString('utf8')).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(stdout).toContain('\\u001b');
    expect(stdout).toContain('\\u202e');
    const json = await verify(hostile, '--json');
    expect(json.stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae/);
    expect((JSON.parse(json.stdout) as { structure: { name: string } }).structure.name).toContain('\x1b[2J');
  });

  test('that is not there, or is a directory: 66', async () => {
    const missing = await postseal(['verify', join(directory, 'missing.eml')]);
    expect(missing).toEqual({
      code: 66,
      stdout: '',
      stderr: `postseal: ${join(directory, 'missing.eml')}: does not exist\n`,
    });
    const folder = await postseal(['verify', directory]);
    expect(folder.code).toBe(66);
    expect(folder.stderr).toBe(`postseal: ${directory}: cannot be read (EISDIR)\n`);
  });

  test('of more than 256 MB is not taken into memory', async () => {
    const large = join(directory, 'large.eml');
    writeFileSync(large, 'a: b\n\n');
    truncateSync(large, 257_000_000);
    const { code, stdout, stderr } = await postseal(['verify', large]);
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' });
    expect(stderr).toBe(`postseal: ${large}: over 256 MB, which is not looked at\n`);
  });
});

describe.concurrent('whom to trust', () => {
  test('by default the roots of the system, which do not know ours: 65, told apart from a bad signature', async () => {
    const result = await postseal(['verify', message]);
    expect(result.code).toBe(65);
    expect(lastLine(result)).toBe(
      'signature: good; signer: not trusted (chain ends at O=Postseal Test, CN=Postseal Test intermediate, and its issuer O=Postseal Test, CN=Postseal Test root is not known; name the root with --ca)',
    );
  });

  test('--ca may be repeated', async () => {
    const other = join(directory, 'other.pem');
    const subject = ['-subj', '/CN=other', '-keyout', join(directory, 'other.key'), '-out', other];
    openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject]);
    expect((await postseal(['verify', '--ca', other, message])).code).toBe(65);
    expect((await postseal(['verify', '--ca', other, '--ca', root, message])).code).toBe(0);
  });

  test('--ca that is missing, or holds no certificate: 66', async () => {
    const missing = await postseal(['verify', '--ca', '/does/not/exist.pem', message]);
    expect(missing).toEqual({
      code: 66,
      stdout: '',
      stderr: 'postseal: /does/not/exist.pem: does not exist\n',
    });
    const empty = await postseal(['verify', '--ca', message, message]);
    expect(empty).toEqual({
      code: 66,
      stdout: '',
      stderr: `postseal: ${message}: holds no certificate in PEM\n`,
    });
  });

  test('--signature-only asks for nobody: 0 for any signer and any From, 65 for a changed message', async () => {
    const text = signed.replace('rsa@example.com', 'emma@example.org');
    const stranger = await verify(text);
    expect({ code: stranger.code, last: lastLine(stranger) }).toEqual({
      code: 65,
      last: 'signature: good; signer: trusted; From: not the signer (the certificate names rsa@example.com, From is emma@example.org)',
    });
    const alone = await postseal(['verify', '--signature-only'], Buffer.from(text, 'latin1'));
    expect({ code: alone.code, last: lastLine(alone) }).toEqual({
      code: 0,
      last: 'signature: good; who signed was not looked at',
    });
    const changed = await verify(signed.replace('text/plain', 'text/html'), '--signature-only');
    expect(changed.code).toBe(65);
  });
});

test('--json gives one object, with the same verdict', async () => {
  const { code, stdout } = await verify(signed, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: 'good',
    text: good,
    form: 'clear',
    structure: {
      type: 'multipart/signed',
      parts: [{ type: 'text/plain', octets: 9 }, { name: 'smime.p7s' }],
    },
    checks: [{ aspect: 'message', result: 'ok', about: 'structure' }, {}, {}],
    signers: [
      {
        certificate: { subject: 'O=Postseal Test, CN=rsa', key: 'RSA 2048' },
        addresses: ['rsa@example.com'],
        chain: [{}, {}, { subject: 'O=Postseal Test, CN=Postseal Test root' }],
        algorithm: 'RSA, sha256',
        attributes: { contentType: '1.2.840.113549.1.7.1', algorithmProtection: true, others: [] },
      },
    ],
  });
  const bad = await verify(signed.replace('text/plain', 'text/html'), '--json');
  expect({ code: bad.code, ...(JSON.parse(bad.stdout) as object) }).toMatchObject({
    code: 65,
    verdict: 'bad signature',
  });
});

describe.concurrent('the command line', () => {
  test('its help tells options and exit status', () => {
    for (const word of [
      '--ca FILE',
      '--signature-only',
      '--json',
      'Exit status: 0',
      '65',
      '66',
      '64',
      '256 MB',
    ])
      expect(verifyHelp).toContain(word);
  });

  test.each([
    [['a.eml', 'b.eml'], 'only one FILE at a time'],
    [['--colour'], "Unknown option '--colour'"],
    [['--ca'], "Option '--ca <value>' argument missing"],
  ])('%j is a usage error', async (args, words) => {
    await expect(run(args)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringContaining(words) as string,
    });
  });
});
