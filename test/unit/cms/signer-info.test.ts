// SignerInfo read back by node-forge: what it says (R21), its attributes (R22, R23), and that the signature is over them.
import { constants, createHash, verify, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { setOf } from '../../../src/cms/der.js';
import { signedAttributes, signerInfo, type SigningInput } from '../../../src/cms/signer-info.js';
import { goldenClock } from '../../support/golden-filter.js';
import { oid, parse, plain, signer, signers, type Element, type Signer } from './elements.js';

const contentType = '1.2.840.113549.1.9.3';
const messageDigest = '1.2.840.113549.1.9.4';
const signingTime = '1.2.840.113549.1.9.5';
const capabilities = '1.2.840.113549.1.9.15';
const certificateV2 = '1.2.840.113549.1.9.16.2.47';
const protection = '1.2.840.113549.1.9.52';

async function input(by: Signer, time?: Date): Promise<SigningInput> {
  const { identity, algorithm } = await signer(by);
  const contentDigest = createHash(algorithm.digest.name).update('content').digest();
  return { identity, algorithm, contentDigest, signingTime: time };
}

async function parts(given: SigningInput) {
  const info = parse(await signerInfo(given));
  const [version, issuerAndSerial, digest, attributes, algorithm, signature] = info.children;
  return { version, issuerAndSerial, digest, attributes, algorithm, signature };
}

/** The values by type: each attribute is there once, with exactly one value. */
function attributesOf(given: SigningInput): Map<string, Element> {
  const set = parse(signedAttributes(given));
  expect(set.tag).toBe(0x31);
  const values = new Map<string, Element>();
  for (const { children } of set.children) {
    const [type, list] = children;
    expect(values.has(oid(type))).toBe(false);
    expect(list!.children).toHaveLength(1);
    values.set(oid(type), list!.children[0]!);
  }
  return values;
}

test('it is of version 1, and names the signer by issuer and serial number, cut from the certificate (R21)', async () => {
  const given = await input(plain);
  const { version, issuerAndSerial } = await parts(given);
  expect(version!.der).toEqual(Buffer.from([2, 1, 1]));
  const [issuer, serialNumber] = issuerAndSerial!.children;
  expect(given.identity.certificate.includes(issuer!.der)).toBe(true);
  expect(BigInt(`0x${serialNumber!.value.toString('hex')}`)).toBe(
    BigInt(`0x${new X509Certificate(given.identity.certificate).serialNumber}`),
  );
});

describe.each(signers)('$key key, $digest, signature = $scheme', by => {
  test('has each attribute once, in DER order (R22)', async () => {
    const given = await input(by, goldenClock);
    expect([...attributesOf(given).keys()].sort()).toEqual(
      [contentType, messageDigest, signingTime, capabilities, certificateV2, protection].sort(),
    );
    const set = parse(signedAttributes(given));
    expect(setOf(...set.children.map(c => c.der))).toEqual(set.der);
    expect(attributesOf(given).get(messageDigest)!.value).toEqual(given.contentDigest);
  });

  test('protects the algorithms: the same identifiers as outside, the signature under [1] (R22, RFC 6211 §2)', async () => {
    const given = await input(by);
    const { digest, algorithm } = await parts(given);
    const [inner, tagged] = attributesOf(given).get(protection)!.children;
    expect(inner!.der).toEqual(digest!.der);
    expect(tagged!.tag).toBe(0xa1);
    expect(tagged!.children.map(c => c.der)).toEqual(algorithm!.children.map(c => c.der));
  });

  test('signs the attributes under tag 0x31, salt as long as the digest (R26, RFC 5652 §5.4)', async () => {
    const given = await input(by);
    const { publicKey } = await signer(by);
    const { attributes, signature } = await parts(given);
    expect(attributes!.tag).toBe(0xa0);
    const asSigned = Buffer.from(attributes!.der);
    asSigned[0] = 0x31;
    expect(asSigned).toEqual(signedAttributes(given));
    const { title, digest } = given.algorithm;
    const key =
      title === 'RSA-PSS'
        ? { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: digest.octets }
        : publicKey;
    const name = title === 'Ed25519' ? null : digest.name;
    expect(verify(name, asSigned, key, signature!.value)).toBe(true);
  });
});

describe('the attributes', () => {
  test('say what was signed and with which certificate (R22)', async () => {
    const given = await input({ ...plain, digest: 'sha512' });
    const found = attributesOf(given);
    expect(oid(found.get(contentType))).toBe('1.2.840.113549.1.7.1');
    // SigningCertificateV2 → certs → ESSCertIDv2, its default hash algorithm left out → the hash.
    const id = found.get(certificateV2)!.children[0]!.children[0]!;
    expect(id.children).toHaveLength(1);
    expect(id.children[0]!.value).toEqual(createHash('sha256').update(given.identity.certificate).digest());
    const ciphers = found.get(capabilities)!.children.map(c => oid(c.children[0]));
    expect(ciphers).toEqual(['2.16.840.1.101.3.4.1.42', '2.16.840.1.101.3.4.1.2']);
  });

  test('have the signing time, or leave it out where there is none (R23)', async () => {
    const time = attributesOf(await input(plain, goldenClock)).get(signingTime)!;
    expect(time.value.toString()).toBe('261124103000Z');
    expect(attributesOf(await input(plain)).has(signingTime)).toBe(false);
  });

  test('are of the identity that signs, also after another one has (nothing kept is mixed up)', async () => {
    const given = await input(plain);
    const other = { ...given, identity: { ...given.identity, certificate: Buffer.from('another') } };
    const hash = (i: SigningInput) =>
      attributesOf(i).get(certificateV2)!.children[0]!.children[0]!.children[0]!.value;
    const hashes = [hash(given), hash(other), hash(given)];
    expect(hashes[1]).toEqual(createHash('sha256').update('another').digest());
    expect(hashes[2]).toEqual(hashes[0]);
    expect(hashes[0]).not.toEqual(hashes[1]);
  });
});
