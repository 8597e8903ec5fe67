// The values of the signed attributes that S/MIME knows (R22; RFC 5652 §11, RFC 8551 §2.5, RFC 5035, RFC 6211).
import * as asn1 from '../asn1.js';
import { readAlgorithm, type AlgorithmIdentifier, type Attribute } from './read-signed-data.js';

export interface KnownAttributes {
  readonly contentType?: string;
  readonly messageDigest?: Buffer;
  readonly signingTime?: Date;
  /** The algorithms of SMIMECapabilities, dotted. */
  readonly capabilities?: readonly string[];
  /** The hash of the signer's certificate, and the OID of the digest that made it. */
  readonly signingCertificate?: { readonly digest: string; readonly hash: Buffer };
  readonly algorithmProtection?: AlgorithmProtection;
}

/** RFC 6211 §2; a signer that protects a MAC algorithm has no signature there. */
export interface AlgorithmProtection {
  readonly digest: AlgorithmIdentifier;
  readonly signature: AlgorithmIdentifier | undefined;
}

export interface ReadAttributes {
  readonly known: KnownAttributes;
  /** Names of those that cannot be read, or that come twice or with several values: each may come once only. */
  readonly damaged: readonly string[];
  /** The types of all others. */
  readonly others: readonly string[];
}

const sha1 = '1.3.14.3.2.26';
const sha256 = '2.16.840.1.101.3.4.2.1';

type Reader = (value: asn1.Node) => KnownAttributes;

const readers: Readonly<Record<string, { readonly name: string; readonly read: Reader }>> = {
  '1.2.840.113549.1.9.3': { name: 'contentType', read: value => ({ contentType: asn1.oid(value) }) },
  '1.2.840.113549.1.9.4': { name: 'messageDigest', read: value => ({ messageDigest: asn1.octets(value) }) },
  '1.2.840.113549.1.9.5': { name: 'signingTime', read: value => ({ signingTime: time(value) }) },
  '1.2.840.113549.1.9.15': {
    name: 'SMIMECapabilities',
    read: value => ({ capabilities: asn1.children(value).map(c => readAlgorithm(c).oid) }),
  },
  '1.2.840.113549.1.9.16.2.12': {
    name: 'signingCertificate',
    // ESSCertID: certHash by SHA-1, issuerSerial?
    read: value => ({ signingCertificate: { digest: sha1, hash: asn1.octets(firstCertificate(value)[0]) } }),
  },
  '1.2.840.113549.1.9.16.2.47': {
    name: 'signingCertificateV2',
    // ESSCertIDv2: hashAlgorithm with SHA-256 as its default, certHash, issuerSerial?
    read: value => {
      const [first, second] = firstCertificate(value);
      return asn1.isSequence(first)
        ? { signingCertificate: { digest: readAlgorithm(first).oid, hash: asn1.octets(second) } }
        : { signingCertificate: { digest: sha256, hash: asn1.octets(first) } };
    },
  },
  '1.2.840.113549.1.9.52': {
    name: 'CMSAlgorithmProtection',
    read: value => {
      const [digest, signature] = asn1.children(value);
      return {
        algorithmProtection: {
          digest: readAlgorithm(digest),
          signature: asn1.isTagged(signature, 1) ? readAlgorithm(signature) : undefined,
        },
      };
    },
  },
};

/** Reads what is known; nothing throws, a hostile signer may have written anything. */
export function readAttributes(attributes: readonly Attribute[]): ReadAttributes {
  let known: KnownAttributes = {};
  const damaged: string[] = [];
  const others: string[] = [];
  const seen = new Map<string, number>();
  for (const { type, values } of attributes) seen.set(type, (seen.get(type) ?? 0) + values.length);
  for (const { type, values } of attributes) {
    const reader = readers[type];
    if (!reader) {
      others.push(type);
      continue;
    }
    try {
      if (seen.get(type) !== 1) throw new Error('not once');
      known = { ...known, ...reader.read(values[0]!) };
    } catch {
      if (!damaged.includes(reader.name)) damaged.push(reader.name);
    }
  }
  return { known, damaged, others };
}

/** SigningCertificate is a SEQUENCE of certificates, the signer's first, and policies (RFC 5035 §3). */
function firstCertificate(value: asn1.Node): asn1.Node[] {
  return asn1.children(asn1.children(asn1.children(value)[0])[0]);
}

/** UTCTime or GeneralizedTime, in Zulu and with seconds (RFC 5652 §11.3). */
function time(node: asn1.Node): Date {
  const text = asn1.contents(node).toString('latin1');
  const digits = /^(?:\d\d)?(\d{12})Z$/.exec(text)?.[0];
  if (digits === undefined) throw new Error('not a time');
  const utcTime = digits.length === 13;
  // Two digits are a year from 1950 to 2049.
  const century = utcTime ? (Number(digits.slice(0, 2)) < 50 ? '20' : '19') : '';
  const iso = (century + digits).replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) throw new Error('not a time');
  return date;
}
