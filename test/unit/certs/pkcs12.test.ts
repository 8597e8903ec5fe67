import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import * as asn1 from '../../../src/certs/asn1.js';
import { loadCertificate } from '../../../src/certs/load.js';
import { hashes, pkcs12Key } from '../../../src/certs/pbe.js';
import { openssl, type KeyKind } from '../../support/pki.js';
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

  it('can hold several keys, of which one can sign', async () => {
    const tls = pki.issue({
      name: 'tls',
      key: 'p256',
      freshKey: true,
      eku: 'serverAuth',
      addresses: ['t@example.com'],
    });
    const parts = [tls, anna].map(({ pem }) => {
      const pfx = asn1.parse(readFileSync(exported(plain, 'secret', pem)));
      return { pfx, octets: asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]! };
    });
    const [first, second] = parts.map(({ octets }) => asn1.parse(asn1.contents(octets)));
    asn1.children(first).push(...asn1.children(second));
    parts[0]!.octets.value = asn1.encode(first!).toString('latin1');
    const path = put(pki, 'several.p12', asn1.encode(parts[0]!.pfx));
    expect((await identityOf(source(path))).subject).toContain('anna');
  });
});

describe('key derivation', () => {
  it('is what forge makes of it', async () => {
    const generate = (
      forge.pkcs12 as unknown as { generateKey: (...args: unknown[]) => forge.util.ByteBuffer }
    ).generateKey;
    const salt = Buffer.from('0102030405060708', 'hex');
    for (const size of [8, 24, 64, 100]) {
      for (const password of ['', undefined, 'secret', 'é€', 'x'.repeat(70)]) {
        const expected = generate(password, forge.util.createBuffer(salt.toString('latin1')), 1, 3, size);
        const got = await pkcs12Key(hashes['1.3.14.3.2.26']!, 1, password, salt, 3, size);
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
