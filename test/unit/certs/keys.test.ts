import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as asn1 from '../../../src/asn1.js';
import { keyKind, readKey } from '../../../src/certs/keys.js';
import { newKey, openssl, type KeyKind } from '../../support/pki.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();

/** PEM of a key for RSA-PSS with these restrictions: `md:sha256`. */
function pssKey(...restrictions: string[]): string {
  const options = ['rsa_keygen_bits:2048', ...restrictions.map(r => `rsa_pss_keygen_${r}`)];
  return openssl(['genpkey', '-algorithm', 'RSA-PSS', ...options.flatMap(o => ['-pkeyopt', o])]).toString();
}

describe('the digests that a key may sign (R8, R26)', () => {
  it.each([
    ['rsa2048', 'RSA 2048', 'sha1 sha256 sha384 sha512'],
    ['rsa3072', 'RSA 3072', 'sha1 sha256 sha384 sha512'],
    ['rsa-pss', 'RSA-PSS 2048', 'sha256 sha384 sha512'],
    ['p256', 'EC P-256', 'sha256 sha384 sha512'],
    ['p384', 'EC P-384', 'sha384 sha512'],
    ['p521', 'EC P-521', 'sha512'],
    ['ed25519', 'Ed25519', 'sha512'],
  ] as [KeyKind, string, string][])('%s', async (key, description, names) => {
    const leaf = pki.issue({ name: key, addresses: ['a@example.com'], key });
    const identity = await identityOf(source(leaf.pem));
    expect(identity.keyType).toBe(identity.key.asymmetricKeyType);
    expect(identity.keyDescription).toBe(description);
    expect(identity.digests.map(d => d.name).join(' ')).toBe(names);
  });

  it.each([
    [['md:sha256', 'mgf1_md:sha256', 'saltlen:20'], 'sha256'],
    [['md:sha384', 'mgf1_md:sha384', 'saltlen:48'], 'sha384'],
    [['md:sha512', 'mgf1_md:sha512', 'saltlen:64'], 'sha512'],
  ])('a key restricted to PSS with %j', (restrictions, name) => {
    expect(keyKind(createPublicKey(pssKey(...restrictions)))).toMatchObject({ digests: [{ name }] });
  });

  it('are those of the certificate, where the private key has lost its restrictions', async () => {
    const keyText = pssKey('md:sha384', 'mgf1_md:sha384', 'saltlen:48');
    const leaf = pki.issue({ name: 'lost', addresses: ['a@example.com'], keyText });
    const pkcs8 = asn1.parse(createPrivateKey(keyText).export({ format: 'der', type: 'pkcs8' }));
    asn1.children(asn1.children(pkcs8)[1]).length = 1; // the algorithm without its parameters
    const key = readKey(asn1.encode(pkcs8));
    expect(keyKind(key)).toMatchObject({ digests: { length: 3 } });
    const pem = key.export({ format: 'pem', type: 'pkcs8' }) as string;
    const rest = readFileSync(leaf.certificate, 'utf8') + readFileSync(leaf.chain, 'utf8');
    const identity = await identityOf(source(put(pki, 'lost.pem', pem + rest)));
    expect(identity.digests).toMatchObject([{ name: 'sha384' }]);
  });
});

/** A value with its tag and length. */
function tlv(tag: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
  const { length } = body;
  return Buffer.concat([
    length < 0x80 ? Buffer.from([tag, length]) : Buffer.from([tag, 0x82, length >> 8, length & 0xff]),
    body,
  ]);
}

describe('PKCS#8 as others encode it is read', () => {
  const rsa = createPrivateKey(newKey('rsa2048'));
  const ec = createPrivateKey(newKey('p256'));
  const ed = generateKeyPairSync('ed25519');
  const [pkcs1, sec1] = [
    rsa.export({ format: 'der', type: 'pkcs1' }),
    ec.export({ format: 'der', type: 'sec1' }),
  ];
  const seed = ed.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-34);
  const point = ed.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const [version1, version2] = ['020100', '020101'];
  const rsaEncryption = '06092a864886f70d010101';
  const algorithm = {
    rsa: tlv(0x30, rsaEncryption, '0500'),
    bareRsa: tlv(0x30, rsaEncryption),
    ec: tlv(0x30, '06072a8648ce3d0201', '06082a8648ce3d030107'),
    ed: tlv(0x30, '06032b6570'),
  };
  // keyUsage as Windows puts it beside keys
  const attributes = tlv(0xa0, '300b0603551d0f310403020080');

  it.each([
    ['RSA without NULL parameters', rsa, tlv(0x30, version1, algorithm.bareRsa, tlv(0x04, pkcs1))],
    ['RSA with attributes', rsa, tlv(0x30, version1, algorithm.rsa, tlv(0x04, pkcs1), attributes)],
    [
      'RSA in BER, the key in pieces',
      rsa,
      Buffer.concat([
        Buffer.from('3080', 'hex'),
        Buffer.from(version1, 'hex'),
        algorithm.rsa,
        tlv(0x24, tlv(0x04, pkcs1.subarray(0, 500)), tlv(0x04, pkcs1.subarray(500))),
        Buffer.from('0000', 'hex'),
      ]),
    ],
    [
      'EC without its public key',
      ec,
      tlv(0x30, version1, algorithm.ec, tlv(0x04, tlv(0x30, '020101', tlv(0x04, sec1.subarray(7, 39))))),
    ],
    ['EC with attributes', ec, tlv(0x30, version1, algorithm.ec, tlv(0x04, sec1), attributes)],
    [
      'Ed25519 with its public key behind (RFC 5958, version 1)',
      ed.privateKey,
      tlv(0x30, version2, algorithm.ed, tlv(0x04, seed), attributes, tlv(0x81, '00', point)),
    ],
    ['Ed25519 of that version without it', ed.privateKey, tlv(0x30, version2, algorithm.ed, tlv(0x04, seed))],
  ])('%s', (_, key, der) => {
    const read = readKey(der);
    const digest = key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256';
    expect(verify(digest, Buffer.from('x'), createPublicKey(key), sign(digest, Buffer.from('x'), read))).toBe(
      true,
    );
  });

  it('but not what is none', () => {
    const others = [
      tlv(0x30, version2),
      tlv(0x30, version1, algorithm.ed, '0400'),
      Buffer.from('0500', 'hex'),
    ];
    for (const der of others) expect(() => readKey(der)).toThrow('damaged or of an unknown kind');
  });
});
