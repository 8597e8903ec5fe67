// key, leaf and chain of a throw-away authority → key store of another program → its PKCS#12 file
//   → Postseal's loader → an identity with that very key, leaf and chain.
// Windows and macOS cannot be run here: their files are made by openssl in the shape that they have.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCertificate } from '../../src/certs/load.js';
import { describeWithPeers } from '../support/peers.js';
import { Makers, type Nss } from '../support/pkcs12-makers.js';
import type { Issued } from '../support/pki.js';
import { identityOf, source, temporaryPki } from '../support/pki-temporary.js';

const pki = temporaryPki();
const rsa = pki.issue({ name: 'rsa', addresses: ['rsa@example.com'] });
const ec = pki.issue({ name: 'ec', addresses: ['ec@example.com'], key: 'p256' });
const makers = new Makers();
afterAll(() => {
  makers.close();
});

// Under load, 600,000 rounds of the schemes of old take long.
const patience = 60_000;

/** The file gives the leaf's identity, and with a wrong password an error that says so. */
async function expectIdentity(path: string, password: string, leaf: Issued): Promise<void> {
  const identity = await identityOf(source(path, password));
  const [certificate, issuer] = [leaf.certificate, leaf.chain].map(
    file => new X509Certificate(readFileSync(file)).raw,
  );
  expect(identity.key.equals(createPrivateKey(readFileSync(leaf.key)))).toBe(true);
  expect(identity.certificate).toEqual(certificate);
  expect(identity.chain).toEqual([issuer]);
}

async function expectWrong(path: string, password: string): Promise<void> {
  const message = expect.stringMatching(/: the password does not open it$/) as string;
  const problem = { key: 'password', message, locked: true };
  expect(await loadCertificate(source(path, password))).toEqual({ problems: [problem] });
}

describeWithPeers('PKCS#12 of OpenSSL, and in the shape of Windows and macOS', ['openssl'], () => {
  const old = ['-legacy', '-macalg', 'sha1']; // RC2-40 for certificates, 3DES for keys
  const aes = ['-keypbe', 'AES-256-CBC', '-certpbe', 'AES-256-CBC', '-macalg', 'sha256'];
  const windows = [
    ...['-name', 'te-Ünï-1f6b', '-CSP', 'Microsoft Enhanced RSA and AES Cryptographic Provider'],
    ...['-LMK', '-keysig', '-iter', '2000'],
  ];

  it.each([
    ['OpenSSL 3', []],
    ['OpenSSL 1', old],
    ['OpenSSL 1 with -descert', ['-legacy', '-descert', '-macalg', 'sha1']],
    ['OpenSSL 1.1 with AES', ['-keypbe', 'aes-128-cbc', '-certpbe', 'aes-128-cbc', '-macalg', 'sha1']],
    ['Windows, TripleDES-SHA1', [...old, ...windows]],
    ['Windows, TripleDES-SHA1 for certificates too', [...old, ...windows, '-certpbe', 'PBE-SHA1-3DES']],
    ['Windows, AES256-SHA256', [...aes, ...windows]],
    ['the key chain of macOS', [...old, '-iter', '2048', '-name', 'Anna’s key']],
    ['the key chain of macOS with AES', [...aes, '-iter', '2048', '-name', 'Anna’s key']],
  ])('%s', async (_, args) => {
    for (const leaf of [rsa, ec]) {
      for (const password of ['secret', 'pässwörd €']) {
        const path = makers.openssl(leaf.pem, password, ...args);
        await expectIdentity(path, password, leaf);
        await expectWrong(path, 'wrong');
      }
      await expectIdentity(makers.openssl(leaf.pem, '', ...args), '', leaf);
    }
  });
});

describeWithPeers('PKCS#12 of Java', ['openssl', 'keytool'], () => {
  const password = 'changeit'; // in ASCII: keytool refuses any other
  const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], password });

  it.each([
    ['as it is by default', []],
    ['as it was before Java 17', ['-J-Dkeystore.pkcs12.legacy']],
    ['with SHA-512 as integrity check', ['-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512']],
    [
      'without integrity check, certificates in the clear',
      ['-J-Dkeystore.pkcs12.macAlgorithm=NONE', '-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE'],
    ],
  ])('%s', async (_, args) => {
    const path = makers.keytoolImport(anna, 'PKCS12', ...args);
    await expectIdentity(path, password, anna);
    await expectWrong(path, 'changed');
  });

  it.each(['JKS', 'JCEKS'])('migrated from %s', async type => {
    const before = makers.keytoolImport(anna, type);
    expect(await loadCertificate(source(before, password))).toMatchObject({
      problems: [{ message: expect.stringMatching(/is a Java key store; convert it/) as string }],
    });
    const path = makers.keytoolImport({ p12: before, password }, 'PKCS12');
    await expectIdentity(path, password, anna);
  });

  it('with other keys, secrets and authorities beside', async () => {
    const addresses = ['tls@example.com'];
    const tls = pki.issue({ name: 'tls', addresses, eku: 'serverAuth', freshKey: true, password });
    const path = makers.keytoolImport(anna, 'PKCS12');
    const store = ['-keystore', path, '-storepass', password];
    const other = ['-srckeystore', tls.p12, '-srcstorepass', password];
    const same = ['-destkeystore', path, '-deststorepass', password];
    makers.keytool(path, '-importkeystore', '-noprompt', ...other, ...same);
    makers.keytool(path, '-genseckey', '-alias', 'secret', '-keyalg', 'AES', '-keysize', '128', ...store);
    makers.keytool(path, '-importcert', '-noprompt', '-alias', 'ca', '-file', pki.root.certificate, ...store);
    await expectIdentity(path, password, anna);
  });

  it.each([
    ['RSA', ['-keysize', '2048'], 'RSA 2048'],
    ['RSASSA-PSS', ['-keysize', '2048'], 'RSA-PSS 2048'],
    ['EC', ['-groupname', 'secp384r1'], 'EC P-384'],
    ['Ed25519', [], 'Ed25519'],
  ])('with an %s key of its own', async (algorithm, size, description) => {
    const path = makers.path();
    const key = ['-genkeypair', '-alias', 'own', '-keyalg', algorithm, ...size, '-validity', '300'];
    const store = ['-keystore', path, '-storepass', password];
    makers.keytool(path, ...key, '-dname', 'CN=own', '-ext', 'san=email:own@example.com', ...store);
    const loaded = await loadCertificate(source(path, password));
    expect(loaded).toMatchObject({ identity: { keyDescription: description, subject: 'CN=own' } });
  });
});

describeWithPeers('PKCS#12 of NSS', ['openssl', 'certutil', 'pk12util'], () => {
  let nss: Nss;
  beforeAll(() => {
    nss = makers.nss();
    nss.import(rsa);
    nss.import(ec);
  });
  const old = 'PKCS #12 V2 PBE With SHA-1 And';

  it.each([
    ['by default', []],
    ['AES-128 and AES-192', ['-c', 'AES-128-CBC', '-C', 'AES-192-CBC', '-M', 'SHA-1']],
    ['Camellia-128 and Camellia-192', ['-c', 'CAMELLIA-128-CBC', '-C', 'CAMELLIA-192-CBC', '-M', 'SHA-384']],
    ['Camellia-256 and in the clear', ['-c', 'CAMELLIA-256-CBC', '-C', 'none', '-M', 'SHA-512']],
  ])(
    '%s',
    async (_, args) => {
      const path = nss.export('rsa', 'secret', ...args);
      await expectIdentity(path, 'secret', rsa);
      if (args.length === 0) await expectWrong(path, 'wrong');
    },
    patience,
  );

  it.each(['žółw €', 'p😀ssword', ''])(
    'with the password "%s"',
    async password => {
      await expectIdentity(nss.export('ec', password), password, ec);
    },
    patience,
  );

  // It also writes RC4, which is refused in words, and DES with SHA-1, which OpenSSL does not open either.
  it(
    'in the schemes of old',
    async () => {
      const args = ['-c', `${old} 3KEY Triple DES-CBC`, '-C', `${old} 40 Bit RC2 CBC`, '-M', 'SHA-1'];
      await expectIdentity(nss.export('ec', 'pässwörd', ...args), 'pässwörd', ec);
    },
    patience,
  );

  it(
    'with the old certificate and the renewed one, each with a key of its own',
    async () => {
      const both = makers.nss();
      const subject = '/O=Postseal Test/CN=both';
      const issue = (name: string, days: number): Issued =>
        pki.issue({ name, subject, addresses: ['both@example.com'], freshKey: true, key: 'p256', days });
      const before = issue('before', 90);
      const after = issue('after', 400);
      both.import(before);
      both.import(after);
      // Of one subject, they share the nickname of the first.
      await expectIdentity(both.export('before', 'secret'), 'secret', after);
    },
    patience,
  );
});
