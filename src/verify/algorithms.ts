// What the algorithm identifiers of a signer mean, and the verification itself by node:crypto (R25, R26).
import { constants, verify, type KeyObject, type KeyType } from 'node:crypto';
import { digests, signatureAlgorithm, type Digest, type SignatureAlgorithm } from '../algorithms.js';
import * as asn1 from '../asn1.js';
import { readAlgorithm, type AlgorithmIdentifier, type SignerInfo } from '../cms/read-signed-data.js';

/** How a signature was made. */
export interface Scheme {
  readonly digest: Digest;
  readonly title: SignatureAlgorithm['title'];
  /** The kinds of key that can have made it. */
  readonly keyTypes: readonly KeyType[];
  /** Octets of salt, of RSA-PSS. */
  readonly saltLength?: number;
}

/** Algorithms that are not known here, or that contradict each other, in words. */
export interface Unknown {
  readonly problem: string;
}

const byOid = new Map(Object.values(digests).map(digest => [digest.oid, digest]));

export function digestOf(oid: string): Digest | undefined {
  return byOid.get(oid);
}

interface Family {
  readonly title: Scheme['title'];
  readonly keyTypes: readonly KeyType[];
  /** The digest that the identifier names; else that of the signer's digestAlgorithm counts. */
  readonly digest?: Digest;
}

const rsa: Family = { title: 'RSA', keyTypes: ['rsa'] };
const ecdsa: Family = { title: 'ECDSA', keyTypes: ['ec'] };
const pssOid = signatureAlgorithm('rsa-pss', digests.sha256).oid;
const mgf1 = '1.2.840.113549.1.1.8';

/** RFC 3370 §3, RFC 5754 §3, RFC 5753 §2.1, RFC 8419 §2; some signers name the key instead of the algorithm. */
const families: ReadonlyMap<string, Family> = new Map([
  ...Object.values(digests).map(
    digest => [signatureAlgorithm('ec', digest).oid, { ...ecdsa, digest }] as const,
  ),
  [signatureAlgorithm('rsa', digests.sha256).oid, rsa],
  [signatureAlgorithm('ed25519', digests.sha512).oid, { title: 'Ed25519', keyTypes: ['ed25519'] }],
  ['1.2.840.113549.1.1.5', { ...rsa, digest: digests.sha1 }],
  ['1.2.840.113549.1.1.11', { ...rsa, digest: digests.sha256 }],
  ['1.2.840.113549.1.1.12', { ...rsa, digest: digests.sha384 }],
  ['1.2.840.113549.1.1.13', { ...rsa, digest: digests.sha512 }],
  ['1.2.840.10045.2.1', ecdsa],
]);

export function schemeOf({ digestAlgorithm, signatureAlgorithm }: SignerInfo): Scheme | Unknown {
  const digest = digestOf(digestAlgorithm.oid);
  if (!digest) return { problem: `digest algorithm ${digestAlgorithm.oid} is not known` };
  const { oid, parameters } = signatureAlgorithm;
  if (oid === pssOid && !digestAlgorithm.parameters) return pssScheme(digest, parameters);
  const family = families.get(oid);
  if (!family) return { problem: `signature algorithm ${oid} is not known` };
  if (parameters || digestAlgorithm.parameters)
    return { problem: 'an algorithm has parameters where there are none (RFC 3370, RFC 5754)' };
  if (family.digest && family.digest !== digest)
    return { problem: `the signature is by ${family.digest.name}, the digest by ${digest.name}` };
  return { digest, title: family.title, keyTypes: family.keyTypes };
}

/** RSASSA-PSS-params (RFC 4055 §3.1): hash, mask, salt, trailer, each with a default; in order, each once. */
function pssScheme(digest: Digest, parameters: asn1.Node | undefined): Scheme | Unknown {
  try {
    const fields = [...asn1.sequence(parameters)];
    const next = (n: number): asn1.Node | undefined =>
      asn1.isTagged(fields[0], n) ? asn1.explicit(fields.shift(), n) : undefined;
    const [hashField, maskField, saltField, trailer] = [next(0), next(1), next(2), next(3)];
    if (fields.length > 0 || (trailer && asn1.integer(trailer) !== 1))
      throw new Error('not as they should be');
    const hash = hashField && readAlgorithm(hashField);
    const mask = maskField && readAlgorithm(maskField);
    const maskHash = mask && readAlgorithm(mask.parameters);
    const other = [hash, maskHash].some(
      h => (h?.oid ?? digests.sha1.oid) !== digest.oid || h?.parameters !== undefined,
    );
    if (other || (mask && mask.oid !== mgf1))
      return { problem: `RSA-PSS with another hash or mask than ${digest.name} (RFC 4056 §3)` };
    const saltLength = saltField ? asn1.integer(saltField) : digests.sha1.octets;
    return { digest, title: 'RSA-PSS', keyTypes: ['rsa', 'rsa-pss'], saltLength };
  } catch {
    return { problem: 'the parameters of RSA-PSS cannot be read' };
  }
}

/** Whether the key made the signature over these octets. A key of another kind did not. */
export function isSignedBy(key: KeyObject, scheme: Scheme, octets: Buffer, signature: Buffer): boolean {
  if (!scheme.keyTypes.includes(key.asymmetricKeyType!)) return false;
  const { title, digest, saltLength } = scheme;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  try {
    switch (title) {
      case 'Ed25519': // hashes by itself (RFC 8419 §3.1)
        return verify(null, octets, key, signature);
      case 'RSA-PSS':
        return verify(digest.name, octets, { key, padding, saltLength }, signature);
      default:
        return verify(digest.name, octets, key, signature);
    }
  } catch {
    return false; // what OpenSSL cannot even look at: a salt longer than the key, a digest that the key forbids
  }
}

/** Whether both name the same algorithm. */
export function sameAlgorithm(a: AlgorithmIdentifier, b: AlgorithmIdentifier): boolean {
  const encoded = ({ parameters }: AlgorithmIdentifier): Buffer =>
    parameters ? asn1.encode(parameters) : Buffer.alloc(0);
  return a.oid === b.oid && encoded(a).equals(encoded(b));
}
