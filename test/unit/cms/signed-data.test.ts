// SignedData read back by node-forge's ASN.1 parser: its shape (R21), its attributes (R22), its algorithms (R25).
import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';
import { digests, type DigestName } from '../../../src/algorithms.js';
import { setOf } from '../../../src/cms/der.js';
import { signedAttributes, signedData, type SigningInput } from '../../../src/cms/signed-data.js';
import { goldenClock, goldenIdentity } from '../../support/golden-filter.js';

interface Element {
  readonly tag: number;
  readonly der: Buffer;
  readonly value: Buffer;
  readonly children: readonly Element[];
}

function parse(der: Buffer): Element {
  return element(forge.asn1.fromDer(der.toString('latin1')));
}

function element(node: forge.asn1.Asn1): Element {
  return {
    tag: node.tagClass | (node.constructed ? 0x20 : 0) | node.type,
    der: Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1'),
    value: typeof node.value === 'string' ? Buffer.from(node.value, 'latin1') : Buffer.alloc(0),
    children: typeof node.value === 'string' ? [] : node.value.map(element),
  };
}

const oid = (e: Element | undefined) => forge.asn1.derToOid(e!.value.toString('latin1'));
const contentDigest = createHash('sha256').update('content').digest();

async function input(key: 'rsa' | 'ec', digest: DigestName = 'sha256', time = true): Promise<SigningInput> {
  return {
    identity: await goldenIdentity(key),
    digest: digests[digest],
    contentDigest,
    ...(time && { signingTime: goldenClock }),
  };
}

/** The parts of a SignedData with one signer. */
async function signed(given: SigningInput) {
  const [type, explicit] = parse(await signedData(given)).children;
  const [version, digestAlgorithms, encapsulated, certificates, signers] = explicit!.children[0]!.children;
  const [signerVersion, issuerAndSerial, digest, attributes, algorithm, signature] =
    signers!.children[0]!.children;
  return {
    ...{ type, version, digestAlgorithms, encapsulated, certificates, signers },
    ...{ signerVersion, issuerAndSerial, digest, attributes, algorithm, signature },
  };
}

describe('SignedData', () => {
  test('is detached, version 1, with issuerAndSerialNumber from the certificate (R21)', async () => {
    const given = await input('rsa');
    const parts = await signed(given);
    expect(oid(parts.type)).toBe('1.2.840.113549.1.7.2');
    expect(parts.version!.der).toEqual(Buffer.from([2, 1, 1]));
    expect(parts.signerVersion!.der).toEqual(Buffer.from([2, 1, 1]));
    expect(parts.encapsulated!.children).toHaveLength(1);
    expect(oid(parts.encapsulated!.children[0])).toBe('1.2.840.113549.1.7.1');
    const { identity } = given;
    expect(parts.issuerAndSerial!.der.subarray(-identity.serialNumber.length)).toEqual(identity.serialNumber);
    expect(identity.certificate.includes(parts.issuerAndSerial!.children[0]!.der)).toBe(true);
    expect(BigInt(`0x${new X509Certificate(identity.certificate).serialNumber}`)).toBe(
      BigInt(`0x${parts.issuerAndSerial!.children[1]!.value.toString('hex')}`),
    );
  });

  test('carries the certificate and its chain, in DER order, which is always the same (R9)', async () => {
    const given = await input('rsa');
    const issuer = (await goldenIdentity('ec')).certificate;
    const parts = await signed({ ...given, identity: { ...given.identity, chain: [issuer] } });
    expect(parts.certificates!.tag).toBe(0xa0);
    expect(parts.certificates!.children.map(c => c.der)).toEqual(
      [given.identity.certificate, issuer].sort((a, b) => a.compare(b)),
    );
  });

  test.each<['rsa' | 'ec', DigestName]>([
    ['rsa', 'sha256'],
    ['rsa', 'sha384'],
    ['rsa', 'sha512'],
    ['ec', 'sha256'],
    ['ec', 'sha384'],
  ])(
    'by %s with %s: the signature is over the attributes under tag 0x31 (RFC 5652 §5.4)',
    async (key, digest) => {
      const given = await input(key, digest);
      const { attributes, signature } = await signed(given);
      expect(attributes!.tag).toBe(0xa0);
      const asSigned = Buffer.from(attributes!.der);
      asSigned[0] = 0x31;
      expect(asSigned).toEqual(signedAttributes(given));
      const publicKey = createPublicKey(
        new X509Certificate(given.identity.certificate).publicKey.export({ format: 'pem', type: 'spki' }),
      );
      expect(verify(digest, asSigned, publicKey, signature!.value)).toBe(true);
    },
  );
});

describe('algorithm identifiers (R25)', () => {
  test.each<['rsa' | 'ec', DigestName, string, 'NULL' | 'none']>([
    ['rsa', 'sha256', '1.2.840.113549.1.1.1', 'NULL'],
    ['rsa', 'sha384', '1.2.840.113549.1.1.1', 'NULL'],
    ['rsa', 'sha512', '1.2.840.113549.1.1.1', 'NULL'],
    ['ec', 'sha256', '1.2.840.10045.4.3.2', 'none'],
    ['ec', 'sha384', '1.2.840.10045.4.3.3', 'none'],
    ['ec', 'sha512', '1.2.840.10045.4.3.4', 'none'],
  ])('%s with %s: %s with parameters %s; the digest without', async (key, name, want, parameters) => {
    const { digestAlgorithms, digest, algorithm } = await signed(await input(key, name));
    for (const identifier of [digest!, digestAlgorithms!.children[0]!]) {
      expect(oid(identifier.children[0])).toBe(digests[name].oid);
      expect(identifier.children).toHaveLength(1);
    }
    expect(oid(algorithm!.children[0])).toBe(want);
    expect(algorithm!.children.slice(1).map(p => p.der.toString('hex'))).toEqual(
      parameters === 'NULL' ? ['0500'] : [],
    );
  });
});

describe('signed attributes (R22)', () => {
  const contentType = '1.2.840.113549.1.9.3';
  const messageDigest = '1.2.840.113549.1.9.4';
  const signingTime = '1.2.840.113549.1.9.5';
  const capabilities = '1.2.840.113549.1.9.15';
  const certificateV2 = '1.2.840.113549.1.9.16.2.47';
  const protection = '1.2.840.113549.1.9.52';

  /** By type; each has exactly one value. */
  function attributes(given: SigningInput): Map<string, Element> {
    const set = parse(signedAttributes(given));
    expect(set.tag).toBe(0x31);
    const values = new Map<string, Element>();
    for (const { children } of set.children) {
      expect(values.has(oid(children[0]))).toBe(false);
      expect(children[1]!.children).toHaveLength(1);
      values.set(oid(children[0]), children[1]!.children[0]!);
    }
    return values;
  }

  test('are these, each once, in DER order', async () => {
    const given = await input('rsa');
    const found = attributes(given);
    expect([...found.keys()].sort()).toEqual(
      [contentType, messageDigest, signingTime, capabilities, certificateV2, protection].sort(),
    );
    const set = parse(signedAttributes(given));
    expect(setOf(...set.children.map(c => c.der))).toEqual(set.der);
  });

  test('say what was signed and with which certificate', async () => {
    const given = await input('rsa');
    const found = attributes(given);
    expect(oid(found.get(contentType))).toBe('1.2.840.113549.1.7.1');
    expect(found.get(messageDigest)!.value).toEqual(contentDigest);
    // SigningCertificateV2 → certs → ESSCertIDv2, its default hash algorithm left out → the hash.
    const id = found.get(certificateV2)!.children[0]!.children[0]!;
    expect(id.children).toHaveLength(1);
    expect(id.children[0]!.value).toEqual(createHash('sha256').update(given.identity.certificate).digest());
    const ciphers = found.get(capabilities)!.children.map(c => oid(c.children[0]));
    expect(ciphers).toEqual(['2.16.840.1.101.3.4.1.42', '2.16.840.1.101.3.4.1.2']);
  });

  test('leave signingTime out where there is none (R23)', async () => {
    expect(
      attributes(await input('rsa'))
        .get(signingTime)!
        .value.toString(),
    ).toBe('261124103000Z');
    expect(attributes(await input('rsa', 'sha256', false)).has(signingTime)).toBe(false);
  });

  test('protect the algorithms: the same identifiers as outside, the signature under [1] (RFC 6211 §2)', async () => {
    const given = await input('ec', 'sha384');
    const { digest, algorithm } = await signed(given);
    const [inner, tagged] = attributes(given).get(protection)!.children;
    expect(inner!.der).toEqual(digest!.der);
    expect(tagged!.tag).toBe(0xa1);
    expect(tagged!.children.map(c => c.der)).toEqual(algorithm!.children.map(c => c.der));
  });
});
