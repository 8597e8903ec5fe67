// DER into keys and certificates of node:crypto, with faults in words, and what a key is called.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { curves, digests, minimumRsaBits, type Digest, type KeyType } from '../algorithms.js';
import { Fault } from './fault.js';

/** @param der PKCS#8, not encrypted. @throws Fault */
export function readKey(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw new Fault('holds a private key that is damaged or of an unknown kind');
  }
}

/** @param source DER or PEM. @throws Fault */
export function readCertificate(source: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(source);
  } catch {
    throw new Fault('holds a certificate that is damaged');
  }
}

/** A key that may sign, or in `unfit` why it may not (R8). */
export type KeyKind =
  | {
      readonly type: KeyType;
      readonly description: string;
      readonly minimumDigest: Digest;
      readonly unfit?: undefined;
    }
  | { readonly unfit: string };

/** What kind of key it is: `RSA 2048`, `EC P-256`. */
export function keyKind(key: KeyObject): KeyKind {
  const { modulusLength = 0, namedCurve = 'without a named curve' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    const description = `RSA ${modulusLength}`;
    if (modulusLength >= minimumRsaBits) return { type: 'rsa', description, minimumDigest: digests.sha256 };
    return { unfit: `its key is ${description}; at least ${minimumRsaBits} bits are needed (RFC 8551 §4.1)` };
  }
  const titles = [...curves.values()].map(c => c.title).join(', ');
  const supported = `not supported in this version; use RSA or EC ${titles}`;
  if (key.asymmetricKeyType !== 'ec') {
    return { unfit: `its key is of kind ${key.asymmetricKeyType ?? 'unknown'}, which is ${supported}` };
  }
  const curve = curves.get(namedCurve);
  if (!curve) return { unfit: `its key is EC ${namedCurve}, which is ${supported}` };
  return { type: 'ec', description: `EC ${curve.title}`, minimumDigest: curve.digest };
}
