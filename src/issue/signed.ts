// What is signed with a key that asks or issues: SIGNED{…} of X.509, which requests have too.
import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { nullValue, objectIdentifier, sequence, tlv } from '../cms/der.js';

/** The digest and the AlgorithmIdentifier that go with a key (RFC 4055 §5, RFC 5758 §3.2). */
export function signatureOf(key: KeyObject): { digest: string; algorithm: Buffer } {
  if (key.asymmetricKeyType === 'rsa')
    return { digest: 'sha256', algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nullValue) };
  const p384 = key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
  const digest = p384 ? 'sha384' : 'sha256';
  return { digest, algorithm: sequence(objectIdentifier(`1.2.840.10045.4.3.${p384 ? 3 : 2}`)) };
}

/** What is to be signed, the algorithm, the signature. */
export function signed(content: Buffer, key: KeyObject): Buffer {
  const { digest, algorithm } = signatureOf(key);
  return sequence(content, algorithm, tlv(0x03, Buffer.from([0]), sign(digest, content, key)));
}

/** SubjectPublicKeyInfo of a private key's other half. */
export function publicKeyInfo(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
