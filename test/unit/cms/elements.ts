// What the CMS tests share: identities with every kind of key, and DER or BER read back by node-forge.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import {
  digests,
  signatureAlgorithm,
  type DigestName,
  type KeyType,
  type RsaScheme,
  type SignatureAlgorithm,
} from '../../../src/algorithms.js';
import type { Identity } from '../../../src/identity.js';
import { goldenIdentity } from '../../support/golden-filter.js';

/** One value; `value` has the octets of a primitive one, `children` what is in a constructed one. */
export interface Element {
  readonly tag: number;
  readonly der: Buffer;
  readonly value: Buffer;
  readonly children: readonly Element[];
}

export function parse(bytes: Buffer): Element {
  return element(forge.asn1.fromDer(bytes.toString('latin1')));
}

function element(node: forge.asn1.Asn1): Element {
  return {
    tag: node.tagClass | (node.constructed ? 0x20 : 0) | node.type,
    der: Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1'),
    value: typeof node.value === 'string' ? Buffer.from(node.value, 'latin1') : Buffer.alloc(0),
    children: typeof node.value === 'string' ? [] : node.value.map(element),
  };
}

export const oid = (e: Element | undefined): string => forge.asn1.derToOid(e!.value.toString('latin1'));

const keys = {
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA for PSS only': () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  Ed25519: () => generateKeyPairSync('ed25519'),
};

/** A kind of key that can sign, and how it is to. */
export interface Signer {
  readonly key: keyof typeof keys;
  readonly digest: DigestName;
  readonly scheme: RsaScheme;
}

const by = (key: keyof typeof keys, digest: DigestName, scheme: RsaScheme = 'auto'): Signer => ({
  key,
  digest,
  scheme,
});

/** Every algorithm with every digest that it is used with (R26). */
export const signers: readonly Signer[] = [
  by('RSA', 'sha1'),
  by('RSA', 'sha1', 'rsa-pss'),
  ...(['sha256', 'sha384', 'sha512'] as const).flatMap(digest => [
    by('RSA', digest),
    by('RSA', digest, 'rsa-pss'),
    by('RSA for PSS only', digest),
    by('P-256', digest),
  ]),
  by('P-384', 'sha384'),
  by('P-384', 'sha512'),
  by('P-521', 'sha512'),
  by('Ed25519', 'sha512'),
];

/** The one that everybody reads, and whose signatures are the same each time. */
export const plain = by('RSA', 'sha256');

const made = new Map<string, { publicKey: KeyObject; privateKey: KeyObject }>();

/** An identity with such a key; its certificate is that of another one, which is of no account here. */
export async function signer({ key, digest, scheme }: Signer): Promise<{
  identity: Identity;
  algorithm: SignatureAlgorithm;
  publicKey: KeyObject;
}> {
  const pair = made.get(key) ?? keys[key]();
  made.set(key, pair);
  const keyType = pair.privateKey.asymmetricKeyType as KeyType;
  return {
    identity: { ...(await goldenIdentity('rsa')), key: pair.privateKey, keyType },
    algorithm: signatureAlgorithm(keyType, digests[digest], scheme),
    publicKey: pair.publicKey,
  };
}
