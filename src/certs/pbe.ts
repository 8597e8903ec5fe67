// Password-based encryption of keys and PKCS#12 files: PBES2 and PBES1 (RFC 8018 §6) and PKCS#12's own
// schemes (RFC 7292 appendix C).
import { createDecipheriv } from 'node:crypto';
import forge from 'node-forge';
import * as asn1 from '../asn1.js';
import { Fault } from './fault.js';
import { deriveKey, hashes, pbkdf1, pkcs12Key, spend, unknown, type Budget } from './kdf.js';
import type { Password } from './passwords.js';

/** Ciphers of PBES2 and their key size in octets (RFC 3565 §4.1, RFC 3657 §3, RFC 8018 appendix B.2.2). */
const ciphers: Readonly<Record<string, { name: string; size: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', size: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', size: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', size: 32 },
  '1.2.392.200011.61.1.1.1.2': { name: 'camellia-128-cbc', size: 16 },
  '1.2.392.200011.61.1.1.1.3': { name: 'camellia-192-cbc', size: 24 },
  '1.2.392.200011.61.1.1.1.4': { name: 'camellia-256-cbc', size: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', size: 24 },
};

/** A scheme of old, which names its derivation and its cipher in one; key size in octets. */
interface Scheme {
  readonly derivation: 'pkcs12' | 'md5' | 'sha1';
  readonly cipher: 'des' | 'rc2';
  readonly size: number;
}

const schemes: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.12.1.3': { derivation: 'pkcs12', cipher: 'des', size: 24 },
  '1.2.840.113549.1.12.1.4': { derivation: 'pkcs12', cipher: 'des', size: 16 },
  '1.2.840.113549.1.12.1.5': { derivation: 'pkcs12', cipher: 'rc2', size: 16 },
  '1.2.840.113549.1.12.1.6': { derivation: 'pkcs12', cipher: 'rc2', size: 5 },
  // OpenSSL's default for PKCS#8 before 1.1.
  '1.2.840.113549.1.5.3': { derivation: 'md5', cipher: 'des', size: 8 },
  '1.2.840.113549.1.5.10': { derivation: 'sha1', cipher: 'des', size: 8 },
};

/** The words for a password that is not the file's. */
export function passwordIsWrong(): Fault {
  return new Fault('the password does not open it', 'password');
}

/**
 * Decrypts by an AlgorithmIdentifier.
 * @throws Fault for a scheme that is not known, too many rounds or a wrong password; Error where the
 *   parameters are broken
 */
export async function decrypt(
  algorithm: asn1.Node | undefined,
  data: Buffer,
  password: Password,
  budget: Budget,
): Promise<Buffer> {
  const [type, parameters] = asn1.children(algorithm);
  const name = asn1.oid(type);
  if (name === '1.2.840.113549.1.5.13') return decryptPbes2(parameters, data, password, budget);
  const scheme = schemes[name];
  if (!scheme) throw unknown('scheme', name);
  const { key, iv } = await deriveOld(scheme, parameters, password, budget);
  if (scheme.cipher === 'rc2') return decryptRc2(key, iv, data);
  // Single DES is triple DES with one key; two-key triple DES uses its first key again as the third.
  return decipher('des-ede3-cbc', Buffer.concat([key, key, key]).subarray(0, 24), iv, data);
}

async function decryptPbes2(
  parameters: asn1.Node | undefined,
  data: Buffer,
  password: Password,
  budget: Budget,
): Promise<Buffer> {
  const [kdf, encryption] = asn1.children(parameters);
  const [type, iv] = asn1.children(encryption);
  const cipher = ciphers[asn1.oid(type)];
  if (!cipher) throw unknown('cipher', asn1.oid(type));
  const key = await deriveKey(kdf, password.octets, budget, cipher.size);
  return decipher(cipher.name, key, asn1.contents(iv), data);
}

async function deriveOld(
  { derivation, size }: Scheme,
  parameters: asn1.Node | undefined,
  password: Password,
  budget: Budget,
): Promise<{ key: Buffer; iv: Buffer }> {
  const [saltNode, roundsNode] = asn1.children(parameters);
  const salt = asn1.contents(saltNode);
  const rounds = asn1.integer(roundsNode);
  // PKCS#12 derives key and initial vector, each 20 octets of them with all the rounds.
  spend(derivation === 'pkcs12' ? rounds * (Math.ceil(size / 20) + 1) : rounds, budget);
  if (derivation === 'pkcs12') {
    const sha1 = hashes['1.3.14.3.2.26']!;
    return {
      key: await pkcs12Key(sha1, 1, password.bmp, salt, rounds, size),
      iv: await pkcs12Key(sha1, 2, password.bmp, salt, rounds, 8),
    };
  }
  // RFC 8018 §6.1.1: key and initial vector are the two halves of 16 octets.
  const derived = await pbkdf1(derivation, password.octets, salt, rounds);
  return { key: derived.subarray(0, 8), iv: derived.subarray(8, 16) };
}

function decipher(name: string, key: Buffer, iv: Buffer, data: Buffer): Buffer {
  const cipher = createDecipheriv(name, key, iv);
  try {
    return Buffer.concat([cipher.update(data), cipher.final()]);
  } catch {
    throw passwordIsWrong(); // wrong padding is how a wrong key shows
  }
}

/** Node's OpenSSL lacks RC2 without its legacy provider. */
function decryptRc2(key: Buffer, iv: Buffer, data: Buffer): Buffer {
  const cipher = forge.rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(forge.util.createBuffer(data.toString('latin1')));
  if (!cipher.finish()) throw passwordIsWrong();
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}
