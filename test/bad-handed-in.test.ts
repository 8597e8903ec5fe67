// What people hand in to `postseal cert add` that is of no use, and the exact words for it, with the mend. The files
// are made here by the programs that people make them with; the words stand in bad-config/handed-in/NN-name.want,
// with $DIR for the directory of the files. Failures leave a .got beside it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { House } from './cli/cert-house.js';
import { obstacle, peer } from './support/peers.js';
import { newKey, openssl } from './support/pki.js';
import { put, temporaryPki } from './support/pki-temporary.js';
import { expectWanted } from './support/want.js';

const pki = temporaryPki();
const password = 'Tr0ub4dor';
const good = pki.issue({ name: 'good', addresses: ['good@example.com'], key: 'p256', password });
const text = (...paths: string[]): string => paths.map(path => readFileSync(path, 'utf8')).join('');
const guess = put(pki, 'guess.pass', 'hunter2\n');
const convert = (name: string, ...args: string[]): string => put(pki, name, openssl(args));
const encrypted = (): string =>
  openssl(['pkcs8', '-topk8', '-in', good.key, '-passout', `pass:${password}`]).toString();

/** The arguments after `cert add`; undefined where the program to make the file with is missing. */
const cases: Record<string, () => string[] | undefined> = {
  '01-missing': () => [join(pki.dir, 'nothing.p12')],
  '02-directory': () => [pki.dir],
  '03-certificate-alone': () => [good.certificate],
  '04-certificate-alone-in-der': () => [
    convert('it.cer', 'x509', '-in', good.certificate, '-outform', 'DER'),
  ],
  '05-key-alone': () => [good.key],
  '06-key-in-der': () => [
    good.certificate,
    '--key',
    convert('it.key', 'pkey', '-in', good.key, '-outform', 'DER'),
  ],
  '07-key-of-another': () => [good.certificate, '--key', put(pki, 'other.key', newKey('p256'))],
  '08-encrypted-without-password': () => [put(pki, 'it.pem', encrypted() + text(good.certificate))],
  '09-p12-without-password': () => [good.p12],
  '10-wrong-password': () => [good.p12, '--password-file', guess],
  '11-wrong-password-of-pem': () => [
    put(pki, 'it.pem', encrypted() + text(good.certificate)),
    '--password-file',
    guess,
  ],
  '12-password-file-missing': () => [good.p12, '--password-file', join(pki.dir, 'nothing.pass')],
  '13-request': () => [convert('it.csr', 'req', '-new', '-key', good.key, '-subj', '/CN=x')],
  '14-pkcs7': () => [convert('it.p7b', 'crl2pkcs7', '-nocrl', '-certfile', good.certificate)],
  '15-pkcs7-in-der': () => [
    convert('it.p7b', 'crl2pkcs7', '-nocrl', '-certfile', good.certificate, '-outform', 'DER'),
  ],
  '16-public-key': () => [convert('it.pub', 'pkey', '-in', good.key, '-pubout')],
  '17-public-key-in-der': () => [convert('it.pub', 'pkey', '-in', good.key, '-pubout', '-outform', 'DER')],
  '18-openssh-key': () => [
    put(pki, 'id', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\n-----END OPENSSH PRIVATE KEY-----\n'),
  ],
  '19-putty-key': () => [put(pki, 'it.ppk', 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n')],
  '20-java-key-store': () => {
    if (obstacle(['keytool']) !== undefined && process.env['CI'] !== 'true') return undefined;
    const path = join(pki.dir, 'it.jks');
    rmSync(path, { force: true });
    const store = ['-keystore', path, '-storetype', 'JKS', '-storepass', password, '-keypass', password];
    execFileSync(peer('keytool'), ['-genkeypair', '-dname', 'CN=x', '-keyalg', 'RSA', ...store], {
      stdio: 'pipe',
    });
    return [path];
  },
  '21-zip': () => [put(pki, 'it.zip', Buffer.from('PK\x03\x04\x14\0', 'latin1'))],
  '22-web-page': () => [put(pki, 'it.crt', '<!DOCTYPE html>\n<title>Log in</title>\n')],
  '23-expired': () => {
    const dates = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
    return [pki.issue({ name: 'old', addresses: ['old@example.com'], key: 'p256', ...dates }).pem];
  },
  '24-for-servers': () => [
    pki.issue({ name: 'www', addresses: ['w@example.com'], key: 'p256', eku: 'serverAuth' }).pem,
  ],
  '25-authority': () => [put(pki, 'ca.pem', text(pki.root.key, pki.root.certificate))],
  '26-weak-key': () => [pki.issue({ name: 'weak', addresses: ['w@example.com'], key: 'rsa1024' }).pem],
  '27-p12-with-another-key': () => [good.p12, '--key', good.key],
  '28-p12-as-key': () => [good.certificate, '--key', good.p12],
  '29-p12-as-chain': () => [good.pem, '--chain', good.p12],
  '30-chain-without-certificate': () => [good.pem, '--chain', put(pki, 'none.pem', newKey('p256'))],
  '31-directory-without-password': () => [good.p12, '--to', 'staff'],
  '32-no-such-directory': () => [good.pem, '--to', 'stuff'],
  '33-bad-name': () => [good.pem, '--name', '../billing'],
  '34-name-taken': () => [good.pem, '--name', 'taken'],
  '35-file-taken': () => [good.pem, '--name', 'stray'],
  '36-nothing': () => [],
};

const ini = `[certificate:taken]
file = taken.pem
[certificates:staff]
directory = staff
[rule:staff]
sender = *@example.com
certificates = staff
`;
const wants = join(import.meta.dirname, 'bad-config', 'handed-in');
mkdirSync(wants, { recursive: true });

describe('what is of no use is told in words, and nothing is stored', () => {
  for (const [name, make] of Object.entries(cases)) {
    it(name, async context => {
      const args = make();
      if (!args) {
        process.stderr.write(`SKIPPED: handed-in ${name}: install default-jre-headless\n`);
        context.skip();
        return;
      }
      const house = new House(pki.dir, ini);
      mkdirSync(house.path('certs'));
      mkdirSync(house.path('staff'));
      writeFileSync(house.path('certs', 'stray.pem'), 'stray');
      const before = tree(house);
      const { code, out, err } = await house.cert('add', ...args);
      expect(out).toBe('');
      expect(tree(house)).toEqual(before);
      expect(err).not.toMatch(new RegExp(`${password}|hunter2`));
      expectWanted(
        join(wants, name),
        `${code}\n${err}`.replaceAll(house.directory, '$HOUSE').replaceAll(pki.dir, '$DIR'),
      );
    });
  }

  it('has a case for every .want', () => {
    const named = readdirSync(wants).filter(entry => entry.endsWith('.want'));
    expect(named.sort()).toEqual(
      Object.keys(cases)
        .map(name => `${name}.want`)
        .sort(),
    );
  });
});

function tree(house: House): string[] {
  const names = readdirSync(house.directory, { recursive: true, encoding: 'utf8' }).sort();
  return [...names, house.text, readFileSync(house.path('certs', 'stray.pem'), 'utf8')];
}
