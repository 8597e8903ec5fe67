import { createHmac, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import * as asn1 from '../../../src/asn1.js';
import { loadCertificate } from '../../../src/certs/load.js';
import { hashes, pkcs12Key } from '../../../src/certs/kdf.js';
import { readings } from '../../../src/certs/passwords.js';
import * as der from '../../../src/cms/der.js';
import { openssl, type Issued, type KeyKind, type Request } from '../../support/pki.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
const rsa = pki.issue({ name: 'rsa', addresses: ['rsa@example.com'] });

function exported(args: readonly string[], password = 'secret', pem = anna.pem): string {
  const path = join(pki.dir, 'it.p12');
  openssl(['pkcs12', '-export', '-in', pem, '-out', path, '-passout', `pass:${password}`, ...args]);
  return path;
}
const plain = ['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'];

describe('every form that openssl writes', () => {
  it.each([
    [[]],
    [['-legacy']], // RC2-40 and 3DES
    [['-legacy', '-certpbe', 'PBE-SHA1-RC2-128']],
    [['-keypbe', 'PBE-SHA1-2DES', '-certpbe', 'PBE-SHA1-3DES']],
    [['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC']],
    [['-keypbe', 'DES-EDE3-CBC', '-certpbe', 'DES-EDE3-CBC']],
    [['-keypbe', 'CAMELLIA-256-CBC', '-certpbe', 'CAMELLIA-128-CBC']],
    [['-legacy', '-keypbe', 'PBE-MD5-DES', '-certpbe', 'PBE-SHA1-DES']],
    [['-macalg', 'sha1']],
    [['-macalg', 'sha384']],
    [['-macalg', 'sha512']],
    [['-nomac']],
    [plain],
    [['-nomaciter', '-noiter']],
    [['-name', 'Änna']],
  ])('%j', async args => {
    for (const [password, pem] of [
      ['secret', anna.pem],
      ['pässwörd €', rsa.pem],
    ] as const) {
      const identity = await identityOf(source(exported(args, password, pem), password));
      expect(identity.chain).toHaveLength(1);
      if (args === plain || args.includes('-nomac')) continue;
      const wrong = await loadCertificate(source(join(pki.dir, 'it.p12'), 'wrong'));
      expect(wrong).toMatchObject({ problems: [{ key: 'password' }] });
    }
  });

  it.each([[[]], [['-legacy']], [['-nomac']]])('%j with the empty password, named or not', async args => {
    const path = exported(args, '');
    expect((await identityOf(source(path))).subject).toContain('anna');
    expect((await identityOf(source(path, ''))).subject).toContain('anna');
  });

  it('the missing password, which is not the empty one', async () => {
    const path = join(pki.dir, 'missing.p12');
    // forge derives the MAC key from no password at all; openssl always from one.
    const pfx = asn1.parse(readFileSync(exported(['-keypbe', 'NONE', '-certpbe', 'NONE'])));
    const safes = asn1.contents(asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]);
    const [info, salt, rounds] = asn1.children(asn1.children(pfx)[2]);
    const saltBytes = asn1.contents(salt).toString('latin1');
    const md = forge.md.sha256.create() as forge.md.MessageDigest & { start(): void };
    const generate = (
      forge.pkcs12 as unknown as { generateKey: (...args: unknown[]) => forge.util.ByteBuffer }
    ).generateKey;
    const key = generate(null, forge.util.createBuffer(saltBytes), 3, asn1.integer(rounds), 32, md);
    const mac = forge.hmac.create();
    mac.start('sha256', key);
    mac.update(safes.toString('latin1'));
    asn1.children(info)[1]!.value = mac.digest().getBytes();
    put(pki, 'missing.p12', asn1.encode(pfx));
    expect((await identityOf(source(path))).subject).toContain('anna');
    expect(await loadCertificate(source(path, 'x'))).toHaveProperty('problems');
  });

  it.each(['rsa2048', 'p256', 'p384', 'p521'] as KeyKind[])('a %s key', async key => {
    const leaf = pki.issue({ name: key, addresses: ['a@example.com'], key });
    const identity = await identityOf(source(leaf.p12, 'secret'));
    const [type, description] = key === 'rsa2048' ? ['rsa', 'RSA 2048'] : ['ec', `EC P-${key.slice(1)}`];
    expect(identity).toMatchObject({
      keyType: type,
      keyDescription: description,
      file: leaf.p12,
      name: 'test',
    });
  });
});

describe('what others write', () => {
  it('is BER: pieces and indefinite lengths', async () => {
    const pfx = asn1.parse(readFileSync(exported(plain)));
    const octets = asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]!;
    const bytes = asn1.contents(octets).toString('latin1');
    const piece = (value: string): asn1.Node => ({ ...octets, value });
    octets.value = [piece(bytes.slice(0, 100)), piece(bytes.slice(100))];
    octets.constructed = octets.composed = true;
    const der = asn1.encode(pfx);
    const ber = Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.from([0, 0])]);
    expect((await identityOf(source(put(pki, 'ber.p12', ber)))).subject).toContain('anna');
  });

  it('can have an integrity check by PBMAC1 (RFC 9579)', async () => {
    const make = (hash: string, length: number | undefined): string =>
      put(pki, 'pbmac1.p12', withPbmac1(readFileSync(exported([], 'pässwörd')), 'pässwörd', hash, length));
    for (const hash of ['sha256', 'sha384', 'sha512']) {
      const path = make(hash, 32);
      expect((await identityOf(source(path, 'pässwörd'))).subject).toContain('anna');
      expect(await loadCertificate(source(path, 'wrong'))).toMatchObject({ problems: [{ key: 'password' }] });
      const bytes = readFileSync(path);
      bytes[bytes.length - 100]! ^= 1; // in the MAC itself
      expect(await loadCertificate(source(put(pki, 'flipped.p12', bytes), 'pässwörd'))).toHaveProperty(
        'problems',
      );
    }
    for (const length of [undefined, 8]) {
      const message = expect.stringMatching(/is a damaged PKCS#12 file$/) as string;
      expect(await loadCertificate(source(make('sha256', length), 'pässwörd'))).toMatchObject({
        problems: [{ message }],
      });
    }
  });

  describe('can hold several keys:', () => {
    const issue = (name: string, more: Partial<Request>): Issued =>
      pki.issue({ name, addresses: ['anna@example.com'], key: 'p256', freshKey: true, ...more });
    const now = Date.now();
    const day = 86_400_000;
    const tls = issue('tls', { eku: 'serverAuth' });
    const encryption = issue('encryption', { keyUsage: 'keyAgreement' });
    const old = issue('old', { notBefore: new Date(now - 400 * day), notAfter: new Date(now - 35 * day) });
    const renewed = issue('renewed', { days: 700 });
    const early = issue('early', { notBefore: new Date(now + day), days: 900 });
    const other = issue('other', { addresses: ['other@example.com'] });

    it.each([
      ['of which one can sign', [tls, anna, encryption], 'anna'],
      ['of an old certificate and its renewal', [old, renewed, anna], 'renewed'],
      ['of a renewal that is not valid yet', [early, anna], 'anna'],
      ['with certificates that belong to none of them', [anna, { pem: other.certificate }], 'anna'],
    ])('%s', async (_, parts, want) => {
      for (const order of [parts, [...parts].reverse()]) {
        const path = put(pki, 'several.p12', joined(order.map(({ pem }) => pem)));
        const identity = await identityOf(source(path));
        expect(identity.subject).toBe(`O=Postseal Test, CN=${want}`);
        expect(identity.chain).toHaveLength(1);
      }
    });

    it('but not for several mailboxes', async () => {
      const path = put(pki, 'several.p12', joined([anna.pem, other.pem]));
      const message = expect.stringMatching(/several keys that can sign for different mailboxes/) as string;
      expect(await loadCertificate(source(path))).toMatchObject({ problems: [{ message }] });
    });
  });

  it('can hold a secret, a list of revocations and what nobody knows beside the key', async () => {
    const bags = asn1.parse(asn1.contents(safesOf(asn1.parse(readFileSync(exported(plain))))));
    const [first] = asn1.children(bags);
    const content = asn1.children(asn1.children(first)[1])[0]!;
    const safe = asn1.parse(asn1.contents(content));
    for (const type of ['\x05', '\x04', '\x09']) {
      const bag = asn1.parse(asn1.encode(asn1.children(safe)[0]!));
      const id = asn1.children(bag)[0]!;
      id.value = (id.value as string).slice(0, -1) + type;
      asn1.children(safe).unshift(bag);
    }
    content.value = asn1.encode(safe).toString('latin1');
    const pfx = asn1.parse(readFileSync(join(pki.dir, 'it.p12')));
    safesOf(pfx).value = asn1.encode(bags).toString('latin1');
    expect((await identityOf(source(put(pki, 'more.p12', asn1.encode(pfx))))).subject).toContain('anna');
  });
});

/** The OCTET STRING with all the safes. */
function safesOf(pfx: asn1.Node): asn1.Node {
  return asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]!;
}

/** openssl exports one key a file: the safes of several files in one, in the clear and without MAC. */
function joined(pems: readonly string[]): Buffer {
  const files = pems.map(pem => {
    const bare = readFileSync(pem, 'utf8').includes('PRIVATE KEY') ? [] : ['-nokeys'];
    return asn1.parse(readFileSync(exported([...plain, ...bare], 'secret', pem)));
  });
  const safes = asn1.parse(asn1.contents(safesOf(files[0]!)));
  for (const file of files.slice(1)) {
    asn1.children(safes).push(...asn1.children(asn1.parse(asn1.contents(safesOf(file)))));
  }
  safesOf(files[0]!).value = asn1.encode(safes).toString('latin1');
  return asn1.encode(files[0]!);
}

/** Puts a PBMAC1 in place of the MAC, as OpenSSL 3.4 writes it. */
function withPbmac1(p12: Buffer, password: string, hash: string, keyLength: number | undefined): Buffer {
  const { sequence, objectIdentifier, integer, octetString, nullValue } = der;
  const hmac = { sha256: '9', sha384: '10', sha512: '11' }[hash]!;
  const prf = sequence(objectIdentifier(`1.2.840.113549.2.${hmac}`), nullValue);
  const salt = Buffer.from('saltsalt');
  const lengths = keyLength === undefined ? [] : [integer(keyLength)];
  const pbkdf2 = sequence(octetString(salt), integer(100), ...lengths, prf);
  const kdf = sequence(objectIdentifier('1.2.840.113549.1.5.12'), pbkdf2);
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.5.14'), sequence(kdf, prf));
  const key = pbkdf2Sync(password, salt, 100, keyLength ?? 32, hash);
  const pfx = asn1.parse(p12);
  const mac = createHmac(hash, key)
    .update(asn1.contents(safesOf(pfx)))
    .digest();
  const macData = sequence(
    sequence(algorithm, octetString(mac)),
    octetString(Buffer.from('NOT USED')),
    integer(1),
  );
  asn1.children(pfx)[2] = asn1.parse(macData);
  return asn1.encode(pfx);
}

describe('key derivation', () => {
  it('is what forge makes of it', async () => {
    const generate = (
      forge.pkcs12 as unknown as { generateKey: (...args: unknown[]) => forge.util.ByteBuffer }
    ).generateKey;
    const salt = Buffer.from('0102030405060708', 'hex');
    const [empty, missing] = readings(undefined);
    const cases: [string | undefined, Buffer][] = ['secret', 'é€', 'x'.repeat(70)].map(text => [
      text,
      readings(text)[0]!.bmp,
    ]);
    for (const [password, bmp] of [...cases, ['', empty!.bmp], [undefined, missing!.bmp]] as typeof cases) {
      for (const size of [8, 24, 64, 100]) {
        const expected = generate(password, forge.util.createBuffer(salt.toString('latin1')), 1, 3, size);
        const got = await pkcs12Key(hashes['1.3.14.3.2.26']!, 1, bmp, salt, 3, size);
        expect(got.toString('latin1')).toBe(expected.getBytes());
      }
    }
  });

  it('of 600,000 rounds takes a second, not eighteen, and lets others run', async () => {
    const path = exported(['-iter', '600000', '-maciter']);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const started = performance.now();
    await identityOf(source(path, 'secret'));
    clearInterval(timer);
    expect(performance.now() - started).toBeLessThan(9_000);
    expect(turns).toBeGreaterThan(5);
  });
});
