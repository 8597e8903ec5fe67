// AlgorithmIdentifiers, octet for octet as the RFCs have them.
import { describe, expect, test } from 'vitest';
import {
  digests,
  signatureAlgorithm,
  type DigestName,
  type KeyType,
  type RsaScheme,
} from '../../../src/algorithms.js';
import { digestIdentifier, signatureIdentifier } from '../../../src/cms/identifiers.js';

const sha = {
  sha1: '06052b0e03021a',
  sha256: '0609608648016503040201',
  sha384: '0609608648016503040202',
  sha512: '0609608648016503040203',
};

describe('digests without parameters (R25, RFC 5754 §2, RFC 3370 §2.1)', () => {
  test.each<[DigestName, string]>([
    ['sha1', `3007${sha.sha1}`],
    ['sha256', `300b${sha.sha256}`],
    ['sha384', `300b${sha.sha384}`],
    ['sha512', `300b${sha.sha512}`],
  ])('%s', (name, want) => {
    expect(digestIdentifier(digests[name]).toString('hex')).toBe(want);
  });
});

/** SEQUENCE { rsaEncryption, NULL } (RFC 3370 §3.2) */
const rsaEncryption = '300d06092a864886f70d0101010500';
/** hash, mask with the same hash, salt as long as the digest; trailerField has its default (RFC 4055 §3.1) */
const pss = (lengths: readonly string[], hash: string, salt: string): string => {
  const [all, parameters, a, identifier, b, mask] = lengths;
  const hashIdentifier = `30${identifier}${hash}0500`;
  return (
    `30${all}06092a864886f70d01010a30${parameters}` +
    `a0${a}${hashIdentifier}a1${b}30${mask}06092a864886f70d010108${hashIdentifier}a2030201${salt}`
  );
};
const sha2 = ['41', '34', '0f', '0d', '1c', '1a'];

describe('signatures (R25)', () => {
  test.each<[KeyType, RsaScheme, DigestName, string]>([
    ['rsa', 'auto', 'sha1', rsaEncryption],
    ['rsa', 'auto', 'sha256', rsaEncryption],
    ['rsa', 'auto', 'sha384', rsaEncryption],
    ['rsa', 'auto', 'sha512', rsaEncryption],
    // Defaults would be left out by RFC 4055 §3.1, but GnuPG reads them only where they are spelled out.
    ['rsa', 'rsa-pss', 'sha1', pss(['39', '2c', '0b', '09', '18', '16'], sha.sha1, '14')],
    ['rsa', 'rsa-pss', 'sha256', pss(sha2, sha.sha256, '20')],
    ['rsa', 'rsa-pss', 'sha384', pss(sha2, sha.sha384, '30')],
    ['rsa', 'rsa-pss', 'sha512', pss(sha2, sha.sha512, '40')],
    ['rsa-pss', 'auto', 'sha256', pss(sha2, sha.sha256, '20')],
    // ecdsa-with-SHA*, no parameters (RFC 5753 §2.1.1, RFC 5754 §3.3)
    ['ec', 'auto', 'sha256', '300a06082a8648ce3d040302'],
    ['ec', 'auto', 'sha384', '300a06082a8648ce3d040303'],
    ['ec', 'auto', 'sha512', '300a06082a8648ce3d040304'],
    // id-Ed25519, no parameters (RFC 8419 §2)
    ['ed25519', 'auto', 'sha512', '300506032b6570'],
  ])('%s key, signature = %s, %s', (keyType, scheme, digest, want) => {
    const algorithm = signatureAlgorithm(keyType, digests[digest], scheme);
    expect(signatureIdentifier(algorithm).toString('hex')).toBe(want);
  });
});
