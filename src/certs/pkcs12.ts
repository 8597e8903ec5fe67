// Reads PKCS#12 (RFC 7292) into keys and certificates.
import { createHmac, timingSafeEqual, type KeyObject, type X509Certificate } from 'node:crypto';
import * as asn1 from './asn1.js';
import { Fault } from './fault.js';
import { decrypt, hashes, maximumRounds, pkcs12Key, spend, type Budget } from './pbe.js';
import { readCertificate, readKey } from './keys.js';

/** Everything of use in a file, in its order. */
export interface Material {
  readonly keys: KeyObject[];
  readonly certificates: X509Certificate[];
}

const data = '1.2.840.113549.1.7.1';
const encryptedData = '1.2.840.113549.1.7.6';
const bags = '1.2.840.113549.1.12.10.1';

/** Whether it has the outer shape of a PFX: version 3, then a ContentInfo (RFC 7292 §4). */
export function isPkcs12(node: asn1.Node): boolean {
  if (!asn1.isSequence(node)) return false;
  const [version, content] = asn1.children(node);
  if (!asn1.isInteger(version) || asn1.contents(version).toString('hex') !== '03') return false;
  return asn1.isSequence(content) && asn1.isOid(asn1.children(content)[0]);
}

/**
 * Opens a PFX.
 * @param password undefined or empty tries both the empty password and the missing one, which differ
 *   in the derivation of keys (RFC 7292 appendix B.1)
 * @throws Fault
 */
export async function readPkcs12(node: asn1.Node, password: string | undefined): Promise<Material> {
  const passwords = password === undefined || password === '' ? ['', undefined] : [password];
  const budget = { rounds: maximumRounds };
  let fault: Fault | undefined;
  for (const candidate of passwords) {
    try {
      return await open(node, candidate, budget);
    } catch (error) {
      if (!(error instanceof Fault)) throw new Fault('is a damaged PKCS#12 file');
      fault = error;
      if (error.about !== 'password') break;
    }
  }
  if (fault!.about === 'password' && password === undefined) {
    throw new Fault('is a PKCS#12 file with a password; name it with "password_file ="', 'password');
  }
  throw fault!;
}

async function open(pfx: asn1.Node, password: string | undefined, budget: Budget): Promise<Material> {
  const [, authSafe, mac] = asn1.children(pfx);
  const [type, content] = asn1.children(authSafe);
  if (asn1.oid(type) !== data) throw unsupported('public-key integrity (a signed PFX)');
  const safes = asn1.contents(asn1.children(content)[0]);
  if (mac) await verifyMac(mac, safes, password, budget);
  const material: Material = { keys: [], certificates: [] };
  for (const safe of asn1.children(asn1.parse(safes))) {
    const plain = await openSafe(safe, password, budget);
    for (const bag of asn1.children(plain)) await readBag(bag, password, budget, material);
  }
  return material;
}

/** @throws Fault about the password where the MAC differs: nothing else tells a wrong one so surely */
async function verifyMac(
  mac: asn1.Node,
  safes: Buffer,
  password: string | undefined,
  budget: Budget,
): Promise<void> {
  const [info, salt, rounds] = asn1.children(mac);
  const [algorithm, digest] = asn1.children(info);
  const type = asn1.oid(asn1.children(algorithm)[0]);
  if (type === '1.2.840.113549.1.5.14') throw unsupported('a PBMAC1 integrity check (RFC 9579)');
  const hash = hashes[type];
  if (!hash) throw unsupported(`the integrity check ${type}`);
  const count = rounds ? spend(rounds, budget) : 1; // RFC 7292 §4: DEFAULT 1
  const key = await pkcs12Key(hash, 3, password, asn1.contents(salt), count, hash.size);
  const expected = createHmac(hash.name, key).update(safes).digest();
  const found = asn1.contents(digest);
  if (found.length === expected.length && timingSafeEqual(found, expected)) return;
  throw new Fault('the password does not open it', 'password');
}

async function openSafe(safe: asn1.Node, password: string | undefined, budget: Budget): Promise<asn1.Node> {
  const [type, content] = asn1.children(safe);
  const [inner] = asn1.children(content);
  if (asn1.oid(type) === data) return asn1.parse(asn1.contents(inner));
  if (asn1.oid(type) !== encryptedData) throw unsupported('public-key privacy (an enveloped safe)');
  const [, algorithm, ciphertext] = asn1.children(asn1.children(inner)[1]);
  return parseDecrypted(await decrypt(algorithm!, asn1.contents(ciphertext), password, budget));
}

async function readBag(
  bag: asn1.Node,
  password: string | undefined,
  budget: Budget,
  material: Material,
): Promise<void> {
  const [type, wrapped] = asn1.children(bag);
  const [value] = asn1.children(wrapped);
  switch (asn1.oid(type)) {
    case `${bags}.1`: // keyBag
      material.keys.push(readKey(asn1.encode(value!)));
      break;
    case `${bags}.2`: // pkcs8ShroudedKeyBag
      material.keys.push(readKey(await decryptKey(value!, password, budget)));
      break;
    case `${bags}.3`: {
      // certBag; x509Certificate is the only kind in use
      const [kind, certificate] = asn1.children(value);
      if (asn1.oid(kind) !== '1.2.840.113549.1.9.22.1') throw unsupported('a certificate that is not X.509');
      material.certificates.push(readCertificate(asn1.contents(asn1.children(certificate)[0])));
      break;
    }
    case `${bags}.4`: // crlBag
      break;
    case `${bags}.5`:
      throw unsupported('a secretBag (a secret that is no key pair)');
    case `${bags}.6`: // safeContents, nested
      for (const inner of asn1.children(value)) await readBag(inner, password, budget, material);
      break;
    default:
      throw unsupported(`a bag of type ${asn1.oid(type)}`);
  }
}

/** PKCS#8 out of EncryptedPrivateKeyInfo (RFC 5958 §3). @throws Fault, Error */
export async function decryptKey(
  node: asn1.Node,
  password: string | undefined,
  budget: Budget,
): Promise<Buffer> {
  const [algorithm, ciphertext] = asn1.children(node);
  const plain = await decrypt(algorithm!, asn1.contents(ciphertext), password, budget);
  parseDecrypted(plain);
  return plain;
}

/** One wrong key in 256 leaves a padding that looks right; what comes out is then no ASN.1. */
function parseDecrypted(plain: Buffer): asn1.Node {
  try {
    return asn1.parse(plain);
  } catch {
    throw new Fault('the password does not open it', 'password');
  }
}

function unsupported(what: string): Fault {
  return new Fault(`holds ${what}, which is not supported; export it again with "openssl pkcs12 -export"`);
}
