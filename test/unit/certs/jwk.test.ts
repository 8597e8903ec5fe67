// Numbers of private keys are those that OpenSSL reads; whatever is unusual is left to it.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as asn1 from '../../../src/asn1.js';
import { toJwk } from '../../../src/certs/jwk.js';
import { readKey } from '../../../src/certs/keys.js';

const pkcs8 = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'pkcs8' });
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = ec('P-256');

test.each<[string, KeyObject]>([
  ['RSA', rsa],
  ['P-256', p256],
  ['P-384', ec('P-384')],
  ['P-521', ec('P-521')],
])('%s', (_, key) => {
  const read = createPrivateKey({ key: toJwk(pkcs8(key))!, format: 'jwk' });
  expect(read.equals(key)).toBe(true);
  expect(pkcs8(read)).toEqual(pkcs8(key));
});

/** With the key inside changed. */
function changed(key: KeyObject, change: (inner: asn1.Node[]) => void): Buffer {
  const node = asn1.parse(pkcs8(key));
  const octets = asn1.children(node)[2]!;
  const inner = asn1.parse(asn1.octets(octets));
  change(asn1.children(inner));
  octets.value = asn1.encode(inner).toString('latin1');
  return asn1.encode(node);
}

describe('left to OpenSSL', () => {
  test.each<[string, Buffer]>([
    ['Ed25519', pkcs8(generateKeyPairSync('ed25519').privateKey)],
    ['RSA-PSS', pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey)],
    ['another curve', pkcs8(ec('secp256k1'))],
    ['EC without its public key', changed(p256, inner => inner.splice(2))],
    ['EC with a short secret', changed(p256, inner => (inner[1]!.value = '\x01'))],
    ['RSA of more than two primes', changed(rsa, inner => (inner[0]!.value = '\x01'))],
  ])('%s', (_, der) => {
    expect(toJwk(der)).toBeUndefined();
  });

  test('and a public key that is not on the curve, which it refuses', () => {
    const der = changed(p256, inner => {
      const point = asn1.children(inner[2])[0]!;
      point.value = `${(point.value as string).slice(0, -1)}\x00\x00`.slice(0, 66);
    });
    expect(() => createPrivateKey({ key: toJwk(der)!, format: 'jwk' })).toThrow();
    expect(() => readKey(der)).toThrow('damaged');
  });
});
