// DER into keys and certificates of node:crypto, with faults in words, and what a key is called.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import {
  curves,
  digests,
  digestsFrom,
  keyTitle,
  minimumRsaBits,
  type Digest,
  type KeyType,
} from '../algorithms.js';
import * as asn1 from '../asn1.js';
import { Fault } from './fault.js';
import { toJwk } from './jwk.js';

/** @param der PKCS#8, not encrypted. @throws Fault */
export function readKey(der: Buffer): KeyObject {
  const plain = readPlainKey(der);
  if (plain) return plain;
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    return readKeyPair(der);
  }
}

/** The keys that nearly everybody has; whatever is wrong with one is for OpenSSL to judge. */
function readPlainKey(der: Buffer): KeyObject | undefined {
  try {
    const key = toJwk(der);
    return key && createPrivateKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** PKCS#8 with the public key behind (RFC 5958 §2, version 1), which OpenSSL 3.0 does not read: without it. */
function readKeyPair(der: Buffer): KeyObject {
  try {
    const node = asn1.parse(der);
    const [version, algorithm, key] = asn1.children(node);
    if (asn1.integer(version) !== 1) throw damagedKey();
    version!.value = '\0';
    node.value = [version!, algorithm!, key!];
    return createPrivateKey({ key: asn1.encode(node), format: 'der', type: 'pkcs8' });
  } catch {
    throw damagedKey();
  }
}

export function damagedKey(): Fault {
  return new Fault('holds a private key that is damaged or of an unknown kind');
}

/** The authorities read last: one and the same comes with each of thousands of certificates. */
const authorities = new Map<string, X509Certificate>();
const remembered = 32;

/** @param source DER or PEM. @throws Fault */
export function readCertificate(source: Buffer | string): X509Certificate {
  const text = source.toString('latin1');
  const known = authorities.get(text);
  if (known) return known;
  try {
    const x509 = new X509Certificate(source);
    if (x509.ca) remember(text, x509);
    return x509;
  } catch {
    throw new Fault('holds a certificate that is damaged');
  }
}

function remember(text: string, authority: X509Certificate): void {
  authorities.set(text, authority);
  const [oldest] = authorities.keys();
  if (authorities.size > remembered) authorities.delete(oldest!);
}

/** A key that may sign. */
export interface FitKey {
  readonly type: KeyType;
  readonly description: string;
  /** Those that it may sign, weakest first. */
  readonly digests: readonly Digest[];
  /** Verifiers in use that refuse signatures of such keys; each was tried. */
  readonly refusedBy?: string | undefined;
  readonly unfit?: undefined;
}

/** A key that may sign, or in `unfit` why it may not (R8). */
export type KeyKind = FitKey | { readonly unfit: string };

/** What kind of key it is: `RSA 2048`, `RSA-PSS 2048`, `EC P-256`, `Ed25519`. */
export function keyKind(key: KeyObject): KeyKind {
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return rsaKind(key, key.asymmetricKeyType);
    case 'ec':
      return ecKind(key);
    case 'ed25519':
      return {
        type: 'ed25519',
        description: keyTitle(key),
        digests: [digests.sha512], // RFC 8419 §3.1: the message digest where there are signed attributes
        refusedBy: 'NSS 3.110 (Thunderbird), GnuPG 2.4 and OpenSSL 3.0',
      };
    default:
      return {
        unfit: `its key is of kind ${keyTitle(key)}, which is not supported; ${mend}`,
      };
  }
}

const mend = `use RSA, EC ${[...curves.values()].map(c => c.title).join(', ')}, or Ed25519`;

function rsaKind(key: KeyObject, type: 'rsa' | 'rsa-pss'): KeyKind {
  const { modulusLength = 0, hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  const description = keyTitle(key);
  if (modulusLength < minimumRsaBits) {
    return { unfit: `its key is ${description}; at least ${minimumRsaBits} bits are needed (RFC 8551 §4.1)` };
  }
  if (type === 'rsa') return { type, description, digests: digestsFrom(digests.sha1) };
  // A key for PSS alone may say with which hash, which mask and how much salt at least (RFC 4055 §3.1).
  const allowed = digestsFrom(digests.sha256).filter(
    ({ name, octets }) =>
      name === (hashAlgorithm ?? name) && name === (mgf1HashAlgorithm ?? name) && octets >= (saltLength ?? 0),
  );
  if (allowed.length > 0)
    return { type, description, digests: allowed, refusedBy: 'NSS 3.110 (Thunderbird)' };
  const asks = `hash ${hashAlgorithm ?? 'any'}, mask ${mgf1HashAlgorithm ?? 'any'}, salt from ${saltLength ?? 0} octets`;
  const needs = 'SHA-2, the same for hash and mask, and as much salt as the digest has octets';
  return { unfit: `its key is ${description} for ${asks}; S/MIME takes ${needs} (RFC 4055 §3.1)` };
}

function ecKind(key: KeyObject): KeyKind {
  const curve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (!curve) return { unfit: `its key is ${keyTitle(key)}, which is not supported; ${mend}` };
  return {
    type: 'ec',
    description: keyTitle(key),
    digests: digestsFrom(curve.digest),
    refusedBy: curve.refusedBy,
  };
}
