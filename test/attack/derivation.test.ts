// Attack: files whose keys are to be derived with all the time and all the memory that there is, and such that are nested
// without end. Each is told of within seconds, and takes no more than some 100 MB.
import { expect, test } from 'vitest';
import { loadCertificate, type CertificateIo } from '../../src/certs/load.js';
import {
  contextConstructed,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  tlv,
} from '../../src/cms/der.js';

const io = (bytes: Buffer): CertificateIo => ({
  readFile: () => Promise.resolve(bytes),
  stat: () =>
    Promise.resolve({ mode: 0o100600, size: bytes.length, isFile: () => true, isDirectory: () => false }),
  readdir: () => Promise.resolve([]),
  credentialsDirectory: '/run/credentials/none.service',
  now: () => new Date(),
});

/** @returns what is wrong with the file */
async function problems(bytes: Buffer): Promise<string> {
  const password = { kind: 'inline', password: 'x' } as const;
  const loaded = await loadCertificate({ name: 'it', file: '/it', password }, io(bytes));
  return 'problems' in loaded ? loaded.problems.map(({ message }) => message).join('\n') : '';
}

const integer = (value: number): Buffer =>
  tlv(0x02, Buffer.from(value.toString(16).padStart(12, '0'), 'hex'));
const algorithm = (id: string, ...parameters: Buffer[]): Buffer =>
  sequence(objectIdentifier(id), ...parameters);
const salt = Buffer.alloc(500_000, 's');
const short = Buffer.from('salt');

const sha1 = algorithm('1.3.14.3.2.26', nullValue);
const pbkdf2 = (salt: Buffer, rounds: number, length: number): Buffer =>
  algorithm('1.2.840.113549.1.5.12', sequence(octetString(salt), integer(rounds), integer(length)));
const scrypt = (...numbers: number[]): Buffer =>
  algorithm('1.3.6.1.4.1.11591.4.11', sequence(octetString(short), ...numbers.map(integer)));
const pbmac1 = (kdf: Buffer): Buffer =>
  algorithm('1.2.840.113549.1.5.14', sequence(kdf, algorithm('1.2.840.113549.2.7', nullValue)));
const data = (content: Buffer): Buffer =>
  sequence(objectIdentifier('1.2.840.113549.1.7.1'), contextConstructed(0, octetString(content)));
const pfx = (safes: Buffer, ...mac: Buffer[]): Buffer =>
  sequence(tlv(0x02, Buffer.of(3)), data(safes), ...mac);
const mac = (type: Buffer, salt: Buffer, rounds: number): Buffer =>
  sequence(sequence(type, octetString(Buffer.alloc(20))), octetString(salt), integer(rounds));

const encrypted = (kdf: Buffer): Buffer => {
  const cipher = algorithm('2.16.840.1.101.3.4.1.42', octetString(Buffer.alloc(16)));
  return sequence(algorithm('1.2.840.113549.1.5.13', sequence(kdf, cipher)), octetString(Buffer.alloc(32)));
};
const old = (id: string, salt: Buffer, rounds: number): Buffer =>
  sequence(algorithm(id, sequence(octetString(salt), integer(rounds))), octetString(Buffer.alloc(32)));
const pem = (...keys: Buffer[]): Buffer =>
  Buffer.from(
    keys
      .map(
        key =>
          `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${key.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`,
      )
      .join(''),
  );
let nested: Buffer = sequence();
for (let i = 0; i < 5000; i++)
  nested = sequence(sequence(objectIdentifier('1.2.840.113549.1.12.10.1.6'), contextConstructed(0, nested)));

const million = 1_000_000;
const costly = /asks for more than/;

test.each<[string, Buffer, RegExp]>([
  [
    'a MAC of 10 million rounds for each of 52 blocks',
    pfx(sequence(), mac(pbmac1(pbkdf2(short, 10 * million, 1024)), short, 1)),
    costly,
  ],
  ['a MAC of 2^46 rounds', pfx(sequence(), mac(sha1, short, 2 ** 46)), costly],
  ['a MAC with a salt of 500 KB', pfx(sequence(), mac(sha1, salt, 1000)), /password/],
  [
    'PBMAC1 with a salt of 500 KB',
    pfx(sequence(), mac(pbmac1(pbkdf2(salt, 1000, 32)), short, 1)),
    /password/,
  ],
  ['bags in bags, 5,000 of them', pfx(sequence(data(nested))), /damaged/],
  [
    'PKCS#12’s own derivation, 5 million rounds for each of three blocks',
    pem(old('1.2.840.113549.1.12.1.3', short, 5 * million)),
    costly,
  ],
  ['the same with a salt of 500 KB', pem(old('1.2.840.113549.1.12.1.3', salt, 1000)), /password/],
  ['PBKDF1 of 2^40 rounds', pem(old('1.2.840.113549.1.5.10', short, 2 ** 40)), costly],
  [
    'a hundred keys that each ask for a million rounds',
    pem(...Array<Buffer>(100).fill(encrypted(pbkdf2(short, million, 32)))),
    /./,
  ],
  ['scrypt with 2^40 blocks', pem(encrypted(scrypt(2 ** 40, 8, 1))), costly],
  ['scrypt with 256 MB', pem(encrypted(scrypt(2 ** 18, 8, 1))), /128 MB of memory/],
  ['scrypt with blocks of 2^30', pem(encrypted(scrypt(2, 2 ** 30, 1))), costly],
  ['scrypt 2^30 times beside one another', pem(encrypted(scrypt(2, 1, 2 ** 30))), costly],
  ['scrypt with a cost that is no power of two', pem(encrypted(scrypt(3, 8, 1))), /./],
])('%s', async (_, bytes, words) => {
  const before = { at: performance.now(), memory: process.resourceUsage().maxRSS };
  expect(await problems(bytes)).toMatch(words);
  expect(performance.now() - before.at).toBeLessThan(10_000);
  expect(process.resourceUsage().maxRSS - before.memory).toBeLessThan(200_000);
});
