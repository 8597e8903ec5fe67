// RSA and EC keys in PKCS#8 → their numbers, as a JSON Web Key (RFC 7518 §6). OpenSSL 3.0 tries decoder after decoder on
// a key in DER, a third of a millisecond each time; numbers it takes as they are.
import type { JsonWebKey } from 'node:crypto';
import * as asn1 from '../asn1.js';

const rsaEncryption = '1.2.840.113549.1.1.1';
const ecPublicKey = '1.2.840.10045.2.1';

/** JWK's name, and the octets of a number. */
const curves: Readonly<Record<string, readonly [crv: string, octets: number]>> = {
  '1.2.840.10045.3.1.7': ['P-256', 32],
  '1.3.132.0.34': ['P-384', 48],
  '1.3.132.0.35': ['P-521', 66],
};

/**
 * @param der PKCS#8, not encrypted
 * @returns undefined for every other kind of key, and wherever something is unusual
 * @throws Error where it is broken
 */
export function toJwk(der: Buffer): JsonWebKey | undefined {
  const [version, algorithm, key] = asn1.sequence(asn1.parse(der));
  if (asn1.integer(version) !== 0) return undefined;
  const [type, curve] = asn1.sequence(algorithm);
  switch (asn1.oid(type)) {
    case rsaEncryption:
      return rsa(asn1.sequence(asn1.parse(asn1.octets(key))));
    case ecPublicKey:
      return asn1.isOid(curve)
        ? ec(asn1.sequence(asn1.parse(asn1.octets(key))), curves[asn1.oid(curve)])
        : undefined;
    default:
      return undefined;
  }
}

/** RSAPrivateKey (RFC 8017 appendix A.1.2). */
function rsa([version, ...fields]: readonly asn1.Node[]): JsonWebKey | undefined {
  if (asn1.integer(version) !== 0 || fields.length !== 8) return undefined; // of more than two primes
  const numbers = fields.map(field => {
    asn1.integer(field); // or it is none, or negative
    return asn1.contents(field).toString('base64url');
  });
  const [n, e, d, p, q, dp, dq, qi] = numbers as [string, ...string[]];
  return { kty: 'RSA', n, e, d, p, q, dp, dq, qi } as JsonWebKey;
}

/** ECPrivateKey (RFC 5915 §3): without its public key OpenSSL works that out, so that it is asked. */
function ec(
  [version, secret, publicKey, ...more]: readonly asn1.Node[],
  curve: (typeof curves)[string] | undefined,
): JsonWebKey | undefined {
  if (!curve || asn1.integer(version) !== 1 || !asn1.isTagged(publicKey, 1) || more.length > 0)
    return undefined;
  const [crv, octets] = curve;
  const d = asn1.octets(secret);
  const [point] = asn1.children(publicKey);
  // BIT STRING: no unused bits, then a point that is not compressed (SEC 1 §2.3.3).
  const bits = asn1.contents(point);
  if (d.length !== octets || bits.length !== 2 + 2 * octets || bits.readUInt16BE() !== 0x0004)
    return undefined;
  const [x, y] = [bits.subarray(2, 2 + octets), bits.subarray(2 + octets)];
  return {
    ...{ kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') },
    d: d.toString('base64url'),
  };
}
