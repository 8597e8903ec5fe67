import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCertificate } from '../../../src/certs/load.js';
import { openssl, type KeyKind } from '../../support/pki.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
const rsa = pki.issue({ name: 'rsa', addresses: ['rsa@example.com'] });
const read = (path: string): string => readFileSync(path, 'utf8');

// What OpenSSL 3 does no more by itself.
const legacy = ['-provider', 'legacy', '-provider', 'default'];

describe('PEM', () => {
  it('is read in any order and with text around it', async () => {
    const [key, leaf, chain] = [read(anna.key), read(anna.certificate), read(anna.chain)];
    const orders = [
      key + leaf + chain,
      chain + leaf + key,
      `\ufeff${leaf}${key}${chain}`,
      leaf + chain + key + leaf + key,
    ];
    // all base64 of a block in one line, where OpenSSL by itself gives up
    const long = (key + leaf + chain).replace(/(?<!-)\n(?!-)/g, '');
    expect(Math.max(...long.split('\n').map(line => line.length))).toBeGreaterThan(1000);
    for (const text of [
      ...orders,
      long,
      `Bag Attributes\n  x: y\r\n${key}${leaf}${chain}`.replace(/\r?\n/g, '\r\n'),
    ]) {
      const identity = await identityOf(source(put(pki, 'it.pem', text)));
      expect(identity.addresses.map(String)).toEqual(['anna@example.com']);
      expect(identity.chain).toHaveLength(1);
    }
  });

  it('may be spread over files for key and chain', async () => {
    const from = { ...source(anna.certificate), keyFile: anna.key, chainFile: anna.chain };
    const identity = await identityOf(from);
    expect(identity.file).toBe(anna.certificate);
    expect(identity.chain).toHaveLength(1);
    // a key in both files is no matter if it is the same
    await identityOf({ ...from, file: anna.pem });
    expect(await loadCertificate({ ...from, file: rsa.pem })).toMatchObject({ problems: [{ key: 'key' }] });
  });

  it('may stand beside certificates in DER, as authorities send them', async () => {
    const der = (path: string, name: string): string =>
      put(pki, name, openssl(['x509', '-in', path, '-outform', 'DER']));
    const [file, chainFile] = [
      der(anna.certificate, 'anna.cer'),
      der(pki.intermediate.certificate, 'ca.cer'),
    ];
    const identity = await identityOf({ ...source(file), keyFile: anna.key, chainFile });
    expect(identity.chain).toHaveLength(1);
  });

  it.each(['rsa3072', 'p384', 'p521'] as KeyKind[])(
    'holds a %s key in its old and its new form',
    async key => {
      const leaf = pki.issue({ name: key, addresses: ['a@example.com'], key });
      const old = openssl([
        key.startsWith('rsa') ? 'rsa' : 'ec',
        '-in',
        leaf.key,
        ...(key.startsWith('rsa') ? ['-traditional'] : []),
      ]);
      const rest = read(leaf.certificate) + read(leaf.chain);
      expect(old.toString()).toMatch(/BEGIN (RSA|EC) PRIVATE KEY/);
      const [a, b] = [
        await identityOf(source(leaf.pem)),
        await identityOf(source(put(pki, 'it.pem', old.toString() + rest))),
      ];
      expect(a.key.equals(b.key)).toBe(true);
    },
  );

  it.each([
    ['pkcs8', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
    ['pkcs8 with SHA-512', ['pkcs8', '-topk8', '-v2prf', 'hmacWithSHA512']],
    ['pkcs8 with SHA-1', ['pkcs8', '-topk8', '-v2prf', 'hmacWithSHA1']],
    ['pkcs8 with scrypt', ['pkcs8', '-topk8', '-scrypt']],
    ['pkcs8 of old: MD5 and DES', ['pkcs8', '-topk8', '-v1', 'PBE-MD5-DES', ...legacy]],
    ['pkcs8 of old: SHA-1 and DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-DES', ...legacy]],
    ['pkcs8 of 3DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']],
    ['the old form', ['rsa', '-aes256', '-traditional']],
    ['the old form of 3DES', ['rsa', '-des3', '-traditional']],
  ])('opens an encrypted key: %s', async (_, args) => {
    for (const password of ['secret', 'pässwörd €']) {
      const key = openssl([...args, '-in', rsa.key, '-passout', `pass:${password}`]).toString();
      const path = put(pki, 'it.pem', key + read(rsa.certificate) + read(rsa.chain));
      expect((await identityOf(source(path, password))).keyDescription).toBe('RSA 2048');
      expect(await loadCertificate(source(path, 'wrong'))).toMatchObject({ problems: [{ key: 'password' }] });
      expect(await loadCertificate(source(path))).toMatchObject({ problems: [{ key: 'file' }] });
    }
  });

  it('of old and renewed certificate for one key gives the one that lasts longest', async () => {
    const renewed = pki.issue({ name: 'renewed', addresses: ['anna@example.com'], key: 'p256', days: 700 });
    const path = put(pki, 'it.pem', read(anna.pem) + read(renewed.certificate));
    const { identity } = (await loadCertificate(source(path))) as { identity: { subject: string } };
    expect(identity.subject).toContain('renewed');
    // but not before its time
    const early = pki.issue({
      name: 'early',
      addresses: ['anna@example.com'],
      key: 'p256',
      notBefore: new Date(Date.now() + 86_400_000),
      days: 900,
    });
    const both = put(pki, 'it.pem', read(early.certificate) + read(anna.pem));
    expect((await identityOf(source(both))).subject).toContain('anna');
  });

  it('without end is read in no time', async () => {
    const started = performance.now();
    const loaded = await loadCertificate(source(put(pki, 'it.pem', '-----BEGIN X-----\n'.repeat(50_000))));
    expect(loaded).toHaveProperty('problems');
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
