// Keys out of passwords: PBKDF2 and PBKDF1 (RFC 8018 §5), scrypt (RFC 7914) and PKCS#12's own (RFC 7292
// appendix B.2). What OpenSSL has is native and off the main thread: forge's PBKDF2 takes 18 s for 600,000 rounds.
import {
  createHash,
  pbkdf2,
  pbkdf2Sync,
  scrypt,
  scryptSync,
  type BinaryLike,
  type ScryptOptions,
} from 'node:crypto';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import * as asn1 from '../asn1.js';
import { Fault } from './fault.js';
import { iterate } from './hashing.js';

/** What one file may still cost, in rounds of key derivation: a hostile count must not hang the service. */
export interface Budget {
  rounds: number;
}

/** Takes seconds; the largest counts in use are below a million. */
const maximumRounds = 10_000_000;

/** For one file. OpenSSL's default takes 16 MB. */
const maximumMemory = 1 << 27;

export function newBudget(): Budget {
  return { rounds: maximumRounds };
}

/** Pseudo-random functions of PBKDF2, and the MACs of PBMAC1: HMAC with this hash (RFC 8018 appendix B.1.2). */
export const hmacs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

// A thread that does nothing else needs none of libuv's for it.
const runPbkdf2 = isMainThread ? promisify(pbkdf2) : pbkdf2Sync;
const runScrypt = isMainThread
  ? promisify<BinaryLike, BinaryLike, number, ScryptOptions, Buffer>(scrypt)
  : scryptSync;

/**
 * Derives a key as an AlgorithmIdentifier says, by PBKDF2 or scrypt.
 * @param size in octets; what the parameters name where it is left out
 * @throws Fault for one that is not known or too costly; Error where the parameters are broken
 */
export async function deriveKey(
  algorithm: asn1.Node | undefined,
  password: Buffer,
  budget: Budget,
  size?: number,
): Promise<Buffer> {
  const [type, parameters] = asn1.children(algorithm);
  const [salt, ...rest] = asn1.children(parameters);
  const numbers = rest.filter(asn1.isInteger).map(asn1.integer);
  switch (asn1.oid(type)) {
    case '1.2.840.113549.1.5.12': {
      const [rounds = 0, length = 0] = numbers;
      const prf = rest.find(asn1.isSequence); // absent is HMAC with SHA-1
      const prfOid = prf ? asn1.oid(asn1.children(prf)[0]) : '1.2.840.113549.2.7';
      const hmac = hmacs[prfOid];
      if (hmac === undefined) throw unknown('pseudo-random function', prfOid);
      const octets = size ?? atLeast20(length);
      // Each block of the hash's size has all the rounds anew (RFC 8018 §5.2).
      spend(rounds * Math.ceil(octets / createHash(hmac).digest().length), budget);
      return runPbkdf2(password, asn1.contents(salt), rounds, octets, hmac);
    }
    case '1.3.6.1.4.1.11591.4.11': {
      const [cost = 0, blockSize = 0, parallelization = 0, length = 0] = numbers;
      spend(cost * blockSize * parallelization, budget);
      if (128 * cost * blockSize > maximumMemory)
        throw tooCostly(`${maximumMemory >> 20} MB of memory`, 'less');
      const options = { cost, blockSize, parallelization, maxmem: 2 * maximumMemory };
      return runScrypt(password, asn1.contents(salt), size ?? atLeast20(length), options);
    }
    default:
      throw unknown('key derivation', asn1.oid(type));
  }
}

/** RFC 9579: PBMAC1 names its key length, and a short one is no protection. */
function atLeast20(length: number): number {
  if (length < 20 || length > 1024) throw new Error('key length');
  return length;
}

/** Takes the rounds from the budget. @throws Fault where nothing is left */
export function spend(rounds: number, budget: Budget): void {
  if (rounds < 1) throw new Error('no rounds');
  budget.rounds -= rounds;
  if (budget.rounds < 0) throw tooCostly(`${maximumRounds.toLocaleString('en')} rounds`, 'fewer');
}

/** PBKDF1 (RFC 8018 §5.1). @returns as many octets as the hash has */
export function pbkdf1(
  name: 'md5' | 'sha1',
  password: Buffer,
  salt: Buffer,
  rounds: number,
): Promise<Buffer> {
  return iterate(name, Buffer.concat([password, salt]), rounds);
}

/** PKCS#12's hashes by identifier: name, and output and block size in octets (RFC 7292 appendix B.2). */
export const hashes: Readonly<Record<string, { name: string; size: number; block: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', size: 20, block: 64 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', size: 32, block: 64 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', size: 48, block: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', size: 64, block: 128 },
};

/**
 * PKCS#12's key derivation (RFC 7292 appendix B.2).
 * @param purpose 1 for a key, 2 for an initial vector, 3 for a MAC key
 * @param password a BMPString
 */
export async function pkcs12Key(
  { name, block }: { name: string; block: number },
  purpose: 1 | 2 | 3,
  password: Buffer,
  salt: Buffer,
  rounds: number,
  size: number,
): Promise<Buffer> {
  const fill = (bytes: Buffer): Buffer => Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
  const input = Buffer.concat([salt, password].map(bytes => (bytes.length === 0 ? bytes : fill(bytes))));
  const output: Buffer[] = [];
  for (let length = 0; length < size; length += output.at(-1)!.length) {
    const a = await iterate(name, Buffer.concat([Buffer.alloc(block, purpose), input]), rounds);
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

/** The words for an algorithm that is not supported. */
export function unknown(what: string, identifier: string): Fault {
  const mend = 'export it again with AES-256 (openssl pkcs8 -topk8, openssl pkcs12 -export)';
  return new Fault(`is encrypted with a ${what} that is not supported (${identifier}); ${mend}`);
}

function tooCostly(limit: string, mend: string): Fault {
  return new Fault(`asks for more than ${limit} for the key derivation; export it again with ${mend}`);
}
