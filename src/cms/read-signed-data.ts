// Reads SignedData as other software writes it, BER included (RFC 5652 §5): its structure, nothing is verified here.
import * as asn1 from '../asn1.js';
import { retag, setOf } from './der.js';

/** RFC 5280 §4.1.1.2. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  /** NULL counts as absent: which of the two it is says nothing (RFC 5754 §2). */
  readonly parameters: asn1.Node | undefined;
}

export interface Attribute {
  readonly type: string;
  readonly values: readonly asn1.Node[];
}

export interface SignedAttributes {
  readonly list: readonly Attribute[];
  /** The DER that is signed: under the tag of a SET OF (RFC 5652 §5.4), in the order received. */
  readonly encoded: Buffer;
  /** Whether the order received is that of DER; verifiers that sort them find another signature otherwise. */
  readonly sorted: boolean;
  /** Whether that DER stands in the message as it is; otherwise others read other octets than were verified. */
  readonly verbatim: boolean;
}

/** How a signer names its certificate: issuer and serial number as DER, or the key identifier. */
export type SignerIdentifier =
  { readonly issuer: Buffer; readonly serialNumber: Buffer } | { readonly subjectKeyIdentifier: Buffer };

export interface SignerInfo {
  readonly identifier: SignerIdentifier;
  readonly digestAlgorithm: AlgorithmIdentifier;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly attributes: SignedAttributes | undefined;
  readonly signature: Buffer;
}

export interface SignedData {
  readonly digestAlgorithms: readonly AlgorithmIdentifier[];
  readonly contentType: string;
  /** Absent where it is detached. */
  readonly content: Buffer | undefined;
  /** DER of the X.509 certificates; those of other kinds are left out. */
  readonly certificates: readonly Buffer[];
  readonly signers: readonly SignerInfo[];
}

const signedDataType = '1.2.840.113549.1.7.2';

/** What else a ContentInfo may hold, as people call it. */
const otherContent: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.7.1': 'plain data',
  '1.2.840.113549.1.7.3': 'encrypted data',
  '1.2.840.113549.1.9.16.1.9': 'compressed data',
  '1.2.840.113549.1.9.16.1.23': 'encrypted data',
};

/**
 * The content of a ContentInfo, or what it is instead of SignedData. Every element is looked at and nothing may be
 * left over: readers that skip what they do not expect would differ on what was signed.
 * @throws Error where it is damaged
 */
export function readSignedData(bytes: Buffer): SignedData | { readonly other: string } {
  const [type, content, ...more] = asn1.sequence(asn1.parse(bytes));
  const oid = asn1.oid(type);
  if (oid !== signedDataType) return { other: otherContent[oid] ?? `CMS of type ${oid}` };
  nothing(more);
  const [version, digestAlgorithms, encapsulated, ...rest] = asn1.sequence(asn1.explicit(content, 0));
  checkVersion(version, [1, 3, 4, 5]);
  const certificates = asn1.isTagged(rest[0], 0) ? asn1.children(rest.shift()) : [];
  if (asn1.isTagged(rest[0], 1)) asn1.children(rest.shift()); // revocation lists
  const [signers, ...after] = rest;
  nothing(after);
  const [contentType, explicit, ...others] = asn1.sequence(encapsulated);
  nothing(others);
  return {
    digestAlgorithms: asn1.set(digestAlgorithms).map(readSequence),
    contentType: asn1.oid(contentType),
    content: explicit && asn1.octets(asn1.explicit(explicit, 0)),
    certificates: certificates.filter(isX509).map(node => verbatim(node, bytes)),
    signers: asn1.set(signers).map(node => readSigner(node, bytes)),
  };
}

function readSigner(node: asn1.Node, bytes: Buffer): SignerInfo {
  const [version, identifier, digestAlgorithm, ...rest] = asn1.sequence(node);
  checkVersion(version, [1, 3]);
  const attributes = asn1.isTagged(rest[0], 0) ? rest.shift() : undefined;
  const [signatureAlgorithm, signature, unsigned, ...more] = rest;
  nothing(more);
  if (unsigned) checkUnsigned(unsigned, bytes);
  return {
    identifier: readIdentifier(identifier, bytes),
    digestAlgorithm: readSequence(digestAlgorithm),
    signatureAlgorithm: readSequence(signatureAlgorithm),
    attributes: attributes && readAttributes(attributes, bytes),
    signature: asn1.octets(signature),
  };
}

function nothing(left: readonly asn1.Node[]): void {
  if (left.length > 0) throw new Error('more than there should be');
}

function checkVersion(node: asn1.Node | undefined, known: readonly number[]): void {
  if (!known.includes(asn1.integer(node)) || asn1.contents(node).length !== 1)
    throw new Error('a version that is not known');
}

/** Certificates of other kinds are tagged (RFC 5652 §10.2.2). */
function isX509(node: asn1.Node): boolean {
  if (asn1.isSequence(node)) return true;
  if (![0, 1, 2, 3].some(kind => asn1.isTagged(node, kind))) throw new Error('no certificate');
  return false;
}

/** The DER of a value that has to be DER as received. @throws Error where it is not */
function verbatim(node: asn1.Node, bytes: Buffer): Buffer {
  const encoded = asn1.encode(node);
  if (!bytes.includes(encoded)) throw new Error('not in DER');
  return encoded;
}

function readIdentifier(node: asn1.Node | undefined, bytes: Buffer): SignerIdentifier {
  if (asn1.isTagged(node, 0)) return { subjectKeyIdentifier: asn1.contents(node) };
  const [issuer, serialNumber, ...more] = asn1.sequence(node);
  nothing(more);
  if (!asn1.isSequence(issuer) || !asn1.isInteger(serialNumber)) throw new Error('no signer identifier');
  verbatim(node!, bytes);
  return { issuer: asn1.encode(issuer!), serialNumber: asn1.encode(serialNumber!) };
}

function readAttributes(node: asn1.Node, bytes: Buffer): SignedAttributes {
  const attributes = asn1.children(node);
  const received = asn1.encode(node);
  const encoded = retag(0x31, received);
  return {
    list: attributes.map(readAttribute),
    encoded,
    sorted: setOf(...attributes.map(asn1.encode)).equals(encoded),
    verbatim: bytes.includes(received),
  };
}

function readAttribute(node: asn1.Node): Attribute {
  const [type, values, ...more] = asn1.sequence(node);
  nothing(more);
  return { type: asn1.oid(type), values: asn1.set(values) };
}

/** Nothing is read from them, but what is no attribute makes others refuse the whole. */
function checkUnsigned(node: asn1.Node, bytes: Buffer): void {
  if (!asn1.isTagged(node, 1)) throw new Error('not unsigned attributes');
  asn1.children(node).forEach(readAttribute);
  verbatim(node, bytes);
}

function readSequence(node: asn1.Node | undefined): AlgorithmIdentifier {
  asn1.sequence(node);
  return readAlgorithm(node);
}

/** @param node AlgorithmIdentifier, also under an implicit tag */
export function readAlgorithm(node: asn1.Node | undefined): AlgorithmIdentifier {
  const [oid, parameters, ...more] = asn1.children(node);
  nothing(more);
  const isNull = parameters !== undefined && asn1.encode(parameters).equals(Buffer.from([5, 0]));
  return { oid: asn1.oid(oid), parameters: isNull ? undefined : parameters };
}
