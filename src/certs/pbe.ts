// Password-based encryption of keys and PKCS#12 files: PBES2 (RFC 8018 §6.2) and PKCS#12's own
// (RFC 7292 appendix B, C). All key derivation is native: forge's takes 18 s for 600,000 rounds.
import { createDecipheriv, hash, pbkdf2 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import forge from 'node-forge';
import * as asn1 from './asn1.js';
import { Fault } from './fault.js';

/** What one file may still cost, in rounds of key derivation: a hostile count must not hang the service. */
export interface Budget {
  rounds: number;
}

/** Takes seconds; the largest counts in use are below a million. */
export const maximumRounds = 10_000_000;

const derive = promisify(pbkdf2);

/** PKCS#12's hashes by identifier: name, and output and block size in bytes (RFC 7292 appendix B.2). */
export const hashes: Readonly<Record<string, { name: string; size: number; block: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', size: 20, block: 64 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', size: 32, block: 64 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', size: 48, block: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', size: 64, block: 128 },
};

/** Pseudo-random functions of PBKDF2 (RFC 8018 appendix B.1.2). */
const prfs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Ciphers of PBES2 and their key size in bytes (RFC 3565 §4.1, RFC 8018 appendix B.2.2). */
const ciphers: Readonly<Record<string, { name: string; size: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', size: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', size: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', size: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', size: 24 },
};

/** PKCS#12's schemes, all with SHA-1 (RFC 7292 appendix C): key size in bytes. */
const schemes: Readonly<Record<string, { cipher: 'des' | 'rc2'; size: number }>> = {
  '1.2.840.113549.1.12.1.3': { cipher: 'des', size: 24 },
  '1.2.840.113549.1.12.1.4': { cipher: 'des', size: 16 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', size: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', size: 5 },
};

const passwordIsWrong = (): Fault => new Fault('the password does not open it', 'password');

/**
 * Decrypts by an AlgorithmIdentifier.
 * @param password undefined is the missing one, which in PKCS#12 is not the empty one
 * @throws Fault for a scheme that is not known, too many rounds or a wrong password; Error where the
 *   parameters are broken
 */
export async function decrypt(
  algorithm: asn1.Node,
  data: Buffer,
  password: string | undefined,
  budget: Budget,
): Promise<Buffer> {
  const [type, parameters] = asn1.children(algorithm);
  const scheme = asn1.oid(type);
  if (scheme === '1.2.840.113549.1.5.13') return decryptPbes2(parameters, data, password ?? '', budget);
  const known = schemes[scheme];
  if (!known) throw unknown('scheme', scheme);
  const [salt, rounds] = asn1.children(parameters);
  const count = spend(rounds, budget);
  const sha1 = hashes['1.3.14.3.2.26']!;
  const key = await pkcs12Key(sha1, 1, password, asn1.contents(salt), count, known.size);
  const iv = await pkcs12Key(sha1, 2, password, asn1.contents(salt), count, 8);
  if (known.cipher === 'rc2') return decryptRc2(key, iv, data);
  // Two-key triple DES uses its first key again as the third.
  return decipher(
    'des-ede3-cbc',
    known.size === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key,
    iv,
    data,
  );
}

async function decryptPbes2(
  parameters: asn1.Node | undefined,
  data: Buffer,
  password: string,
  budget: Budget,
): Promise<Buffer> {
  const [kdf, encryption] = asn1.children(parameters);
  const [kdfType, kdfParameters] = asn1.children(kdf);
  const [cipherType, iv] = asn1.children(encryption);
  if (asn1.oid(kdfType) !== '1.2.840.113549.1.5.12') throw unknown('key derivation', asn1.oid(kdfType));
  const cipher = ciphers[asn1.oid(cipherType)];
  if (!cipher) throw unknown('cipher', asn1.oid(cipherType));
  const [salt, rounds, ...rest] = asn1.children(kdfParameters);
  const prf = rest.find(asn1.isSequence); // keyLength may stand before it; absent is HMAC with SHA-1
  const prfOid = prf ? asn1.oid(asn1.children(prf)[0]) : '1.2.840.113549.2.7';
  const prfName = prfs[prfOid];
  if (!prfName) throw unknown('pseudo-random function', prfOid);
  const bytes = Buffer.from(password, 'utf8');
  const key = await derive(bytes, asn1.contents(salt), spend(rounds, budget), cipher.size, prfName);
  return decipher(cipher.name, key, asn1.contents(iv), data);
}

/** Takes the rounds from the budget. */
export function spend(rounds: asn1.Node | undefined, budget: Budget): number {
  const count = asn1.integer(rounds);
  if (count < 1) throw new Error('no rounds');
  budget.rounds -= count;
  if (budget.rounds >= 0) return count;
  const limit = maximumRounds.toLocaleString('en');
  throw new Fault(`asks for more than ${limit} rounds of key derivation; export it again with fewer`);
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

/**
 * PKCS#12's key derivation (RFC 7292 appendix B.2).
 * @param purpose 1 for a key, 2 for an initial vector, 3 for a MAC key
 */
export async function pkcs12Key(
  { name, block }: { name: string; block: number },
  purpose: 1 | 2 | 3,
  password: string | undefined,
  salt: Buffer,
  rounds: number,
  size: number,
): Promise<Buffer> {
  const fill = (bytes: Buffer): Buffer => Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
  const input = Buffer.concat(
    [salt, bmpString(password)].map(bytes => (bytes.length === 0 ? bytes : fill(bytes))),
  );
  const output: Buffer[] = [];
  for (let length = 0; length < size; length += output.at(-1)!.length) {
    let a: Buffer = hash(name, Buffer.concat([Buffer.alloc(block, purpose), input]), 'buffer');
    for (let i = 1; i < rounds; i++) {
      a = hash(name, a, 'buffer');
      if (i % 20_000 === 0) await setImmediate(); // mail goes on during a reload
    }
    output.push(a);
    const b = Buffer.alloc(block, a);
    for (let at = 0; at < input.length; at += block) addPlusOne(input.subarray(at, at + block), b);
  }
  return Buffer.concat(output).subarray(0, size);
}

/** a := a + b + 1, as big-endian numbers of one length, without the carry past the end. */
function addPlusOne(a: Buffer, b: Buffer): void {
  let carry = 1;
  for (let i = a.length - 1; i >= 0; i--) {
    carry += a[i]! + b[i]!;
    a[i] = carry & 0xff;
    carry >>= 8;
  }
}

/** UTF-16, big-endian, with a final NUL (RFC 7292 appendix B.1). */
function bmpString(password: string | undefined): Buffer {
  return password === undefined ? Buffer.alloc(0) : Buffer.from(`${password}\0`, 'utf16le').swap16();
}

function unknown(what: string, identifier: string): Fault {
  const mend = 'export it again with AES-256 (openssl pkcs8 -topk8, openssl pkcs12 -export)';
  return new Fault(`is encrypted with a ${what} that is not supported (${identifier}); ${mend}`);
}
