// Reads PKCS#12 (RFC 7292, with PBMAC1 of RFC 9579) into keys and certificates.
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as asn1 from '../asn1.js';
import { Fault } from './fault.js';
import { deriveKey, hashes, hmacs, newBudget, pkcs12Key, spend, type Budget } from './kdf.js';
import { readCertificate, readKey } from './keys.js';
import type { Material } from './material.js';
import { tryReadings, type Password } from './passwords.js';
import { decrypt, passwordIsWrong } from './pbe.js';

const data = '1.2.840.113549.1.7.1';
const encryptedData = '1.2.840.113549.1.7.6';
const pbmac1 = '1.2.840.113549.1.5.14';
const bags = '1.2.840.113549.1.12.10.1';

/** Whether it has the outer shape of a PFX: version 3, then a ContentInfo (RFC 7292 §4). */
export function isPkcs12(node: asn1.Node): boolean {
  if (!asn1.isSequence(node)) return false;
  const [version, content] = asn1.children(node);
  if (!asn1.isInteger(version) || asn1.contents(version).toString('hex') !== '03') return false;
  return asn1.isSequence(content) && asn1.isOid(asn1.children(content)[0]);
}

/**
 * Opens a PFX, by whichever reading of the password its maker had.
 * @throws Fault
 */
export async function readPkcs12(node: asn1.Node, password: string | undefined): Promise<Material> {
  const budget = newBudget();
  try {
    return await tryReadings(password, reading => open(node, reading, budget));
  } catch (error) {
    if (!(error instanceof Fault)) throw new Fault('is a damaged PKCS#12 file');
    if (error.about !== 'password' || password !== undefined) throw error;
    throw new Fault('is a PKCS#12 file with a password; name it with "password_file ="', 'password');
  }
}

async function open(pfx: asn1.Node, password: Password, budget: Budget): Promise<Material> {
  const [, authSafe, mac] = asn1.children(pfx);
  const [type, content] = asn1.children(authSafe);
  if (asn1.oid(type) !== data) throw unsupported('public-key integrity (a signed PFX)');
  const safes = asn1.contents(asn1.children(content)[0]);
  if (mac) await verifyMac(mac, safes, password, budget);
  const material: Material = { keys: [], certificates: [], foreign: [] };
  for (const safe of asn1.children(asn1.parse(safes))) {
    const plain = await openSafe(safe, password, budget);
    for (const bag of asn1.children(plain)) await readBag(bag, password, budget, material);
  }
  return material;
}

/** @throws Fault about the password where the MAC differs: nothing else tells a wrong one so surely */
async function verifyMac(mac: asn1.Node, safes: Buffer, password: Password, budget: Budget): Promise<void> {
  const [info, salt, rounds] = asn1.children(mac);
  const [algorithm, digest] = asn1.children(info);
  const [type, parameters] = asn1.children(algorithm);
  const { name, key } =
    asn1.oid(type) === pbmac1
      ? await pbmac1Key(parameters, password, budget)
      : await classicKey(asn1.oid(type), asn1.contents(salt), rounds, password, budget);
  const expected = createHmac(name, key).update(safes).digest();
  const found = asn1.contents(digest);
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw passwordIsWrong();
}

interface MacKey {
  /** Of the hash. */
  readonly name: string;
  readonly key: Buffer;
}

async function classicKey(
  type: string,
  salt: Buffer,
  roundsNode: asn1.Node | undefined,
  password: Password,
  budget: Budget,
): Promise<MacKey> {
  const hash = hashes[type];
  if (!hash) throw unsupported(`the integrity check ${type}`);
  const rounds = roundsNode ? asn1.integer(roundsNode) : 1; // RFC 7292 §4: DEFAULT 1
  spend(rounds, budget);
  return { name: hash.name, key: await pkcs12Key(hash, 3, password.bmp, salt, rounds, hash.size) };
}

/** RFC 9579: all that matters is in the parameters; salt and rounds beside them mean nothing. */
async function pbmac1Key(
  parameters: asn1.Node | undefined,
  password: Password,
  budget: Budget,
): Promise<MacKey> {
  const [kdf, scheme] = asn1.children(parameters);
  const type = asn1.oid(asn1.children(scheme)[0]);
  const name = hmacs[type];
  if (name === undefined) throw unsupported(`the integrity check ${type}`);
  return { name, key: await deriveKey(kdf, password.octets, budget) };
}

async function openSafe(safe: asn1.Node, password: Password, budget: Budget): Promise<asn1.Node> {
  const [type, content] = asn1.children(safe);
  const [inner] = asn1.children(content);
  if (asn1.oid(type) === data) return asn1.parse(asn1.contents(inner));
  if (asn1.oid(type) !== encryptedData) throw unsupported('public-key privacy (an enveloped safe)');
  const [, algorithm, ciphertext] = asn1.children(asn1.children(inner)[1]);
  return parseDecrypted(await decrypt(algorithm, asn1.contents(ciphertext), password, budget));
}

async function readBag(
  bag: asn1.Node,
  password: Password,
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
      if (asn1.oid(kind) === '1.2.840.113549.1.9.22.1') {
        material.certificates.push(readCertificate(asn1.contents(asn1.children(certificate)[0])));
      } else material.foreign.push({ what: 'a certificate that is not X.509' });
      break;
    }
    case `${bags}.4`: // crlBag
      break;
    case `${bags}.5`: // Java's key stores hold such beside key pairs
      material.foreign.push({ what: 'a secret that is no key pair (a secretBag)' });
      break;
    case `${bags}.6`: // safeContents, nested
      for (const inner of asn1.children(value)) await readBag(inner, password, budget, material);
      break;
    default:
      material.foreign.push({ what: `a bag of type ${asn1.oid(type)}` });
  }
}

/** PKCS#8 out of EncryptedPrivateKeyInfo (RFC 5958 §3). @throws Fault, Error */
export async function decryptKey(node: asn1.Node, password: Password, budget: Budget): Promise<Buffer> {
  const [algorithm, ciphertext] = asn1.children(node);
  const plain = await decrypt(algorithm, asn1.contents(ciphertext), password, budget);
  parseDecrypted(plain);
  return plain;
}

/** One wrong key in 256 leaves a padding that looks right; what comes out is then no ASN.1. */
function parseDecrypted(plain: Buffer): asn1.Node {
  try {
    return asn1.parse(plain);
  } catch {
    throw passwordIsWrong();
  }
}

function unsupported(what: string): Fault {
  return new Fault(`holds ${what}, which is not supported; export it again with "openssl pkcs12 -export"`);
}
