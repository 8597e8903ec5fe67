import { createCipheriv, createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as asn1 from '../../../src/asn1.js';
import { loadCertificate, type PasswordSource } from '../../../src/certs/load.js';
import { openssl } from '../../support/pki.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
// Latin-1 knows the first one, but not the next two.
const passwords = ['pässwörd', 'žółw €', 'p😀ssword', 'secret'];

/** Exports with a password of these octets. @returns its path */
function exported(octets: Buffer, ...args: string[]): string {
  const path = join(pki.dir, 'it.p12');
  const from = `file:${put(pki, 'octets.pass', Buffer.concat([octets, Buffer.from('\n')]))}`;
  openssl(['pkcs12', '-export', '-in', anna.pem, '-out', path, '-passout', from, ...args]);
  return path;
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const bmp = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le').swap16();

/** All that is encrypted with PBES2 in it is encrypted again, with another password. */
function rekeyed(path: string, from: Buffer, to: Buffer): Buffer {
  const pfx = asn1.parse(readFileSync(path));
  const octets = asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]!;
  const safes = asn1.parse(asn1.contents(octets));
  for (const safe of asn1.children(safes)) {
    const content = asn1.children(asn1.children(safe)[1])[0]!;
    if (asn1.isOctetString(content)) {
      const bags = asn1.parse(asn1.contents(content));
      const shrouded = asn1.children(asn1.children(asn1.children(bags)[0])[1])[0];
      recrypt(asn1.children(shrouded)[0], asn1.children(shrouded)[1]!, from, to);
      content.value = asn1.encode(bags).toString('latin1');
    } else {
      const [, algorithm, ciphertext] = asn1.children(asn1.children(content)[1]);
      recrypt(algorithm, ciphertext!, from, to);
    }
  }
  octets.value = asn1.encode(safes).toString('latin1');
  asn1.children(pfx).length = 2; // the MAC is of what was there before
  return asn1.encode(pfx);
}

/** As OpenSSL encrypts by default: PBKDF2 with SHA-256, AES-256. */
function recrypt(algorithm: asn1.Node | undefined, ciphertext: asn1.Node, from: Buffer, to: Buffer): void {
  const [kdf, cipher] = asn1.children(asn1.children(algorithm)[1]);
  const [salt, rounds] = asn1.children(asn1.children(kdf)[1]);
  const iv = asn1.contents(asn1.children(cipher)[1]);
  const key = (password: Buffer): Buffer =>
    pbkdf2Sync(password, asn1.contents(salt), asn1.integer(rounds), 32, 'sha256');
  const opened = createDecipheriv('aes-256-cbc', key(from), iv);
  const plain = Buffer.concat([opened.update(asn1.contents(ciphertext)), opened.final()]);
  const closed = createCipheriv('aes-256-cbc', key(to), iv);
  ciphertext.value = Buffer.concat([closed.update(plain), closed.final()]).toString('latin1');
}

describe.each(passwords)('the password %s opens PKCS#12 of', password => {
  it.each([
    ['the standards', () => exported(utf8(password))],
    ['the standards of old', () => exported(utf8(password), '-legacy')],
    // RFC 7292 wants UTF-16; OpenSSL before 1.1 made two octets of each octet of UTF-8.
    ['OpenSSL 1.0', () => exported(utf8(utf8(password).toString('latin1')), '-legacy')],
    [
      'NSS of old, UTF-16 everywhere',
      () => put(pki, 'nss.p12', rekeyed(exported(utf8(password)), utf8(password), bmp(password))),
    ],
  ])('%s', async (_, make) => {
    const path = make();
    expect((await identityOf(source(path, password))).subject).toContain('anna');
    for (const wrong of [`${password}x`, '']) {
      expect(await loadCertificate(source(path, wrong))).toMatchObject({ problems: [{ key: 'password' }] });
    }
  });
});

it('a Latin-1 terminal gave OpenSSL Latin-1', async () => {
  const latin1 = Buffer.from('pässwörd', 'latin1');
  await identityOf(source(exported(latin1), 'pässwörd'));
  await identityOf(source(exported(latin1, '-legacy'), 'pässwörd'));
  const from = `file:${put(pki, 'octets.pass', Buffer.concat([latin1, Buffer.from('\n')]))}`;
  const key = openssl(['pkcs8', '-topk8', '-in', anna.key, '-passout', from]).toString();
  const rest = readFileSync(anna.certificate, 'utf8') + readFileSync(anna.chain, 'utf8');
  await identityOf(source(put(pki, 'it.pem', key + rest), 'pässwörd'));
});

describe('the password file', () => {
  const file = exported(utf8('pässwörd'));
  const loadWith = async (octets: Buffer): Promise<unknown> => {
    const password: PasswordSource = { kind: 'file', path: put(pki, 'it.pass', octets) };
    return loadCertificate({ name: 'anna', file, password });
  };

  it.each([
    ['UTF-8', utf8('pässwörd\n')],
    ['UTF-8 with a byte order mark', utf8('\ufeffpässwörd\r\n')],
    ['Latin-1', Buffer.from('pässwörd\n', 'latin1')],
  ])('may be in %s', async (_, octets) => {
    expect(await loadWith(octets)).toMatchObject({ warnings: [] });
  });
});
