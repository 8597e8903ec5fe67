// forge's ASN.1 as values of our own. Quirks that stay here: binary strings for bytes, BIT STRINGs that
// are parsed on a guess, and constructed OCTET STRINGs left in pieces.
import forge from 'node-forge';

/** One ASN.1 value (X.690 §8.1). */
export type Node = forge.asn1.Asn1;

const { Class, Type } = forge.asn1;

/** The type number of BOOLEAN. */
export const boolean = Type.BOOLEAN;

/** Parses BER or DER, all of it. @throws Error where it is neither */
export function parse(bytes: Buffer): Node {
  // The typings know only the boolean form. Guessing at BIT STRINGs would hide their bits from us.
  const fromDer = forge.asn1.fromDer as unknown as (bytes: string, options: object) => Node;
  return fromDer(bytes.toString('latin1'), { decodeBitStrings: false });
}

/** The DER of a value; of one that was parsed from DER, its very bytes. */
export function encode(node: Node): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1');
}

/** The values in a constructed one. @throws Error if it is primitive */
export function children(node: Node | undefined): Node[] {
  if (!node || !Array.isArray(node.value)) throw new Error('not constructed');
  return node.value;
}

/** The contents of a primitive value, or of a string in pieces, which BER allows (X.690 §8.7.3). */
export function contents(node: Node | undefined): Buffer {
  if (!node) throw new Error('missing');
  if (Array.isArray(node.value)) return Buffer.concat(node.value.map(contents));
  return Buffer.from(node.value, 'latin1');
}

/** Dotted form. @throws Error for any other type */
export function oid(node: Node | undefined): string {
  if (!node || !isUniversal(node, Type.OID)) throw new Error('not an OBJECT IDENTIFIER');
  const { value } = node;
  // Arcs with a zero in front, or without an end: others refuse them (X.690 §8.19.2).
  if (typeof value !== 'string' || /(?:^|[\0-\x7f])\x80|[\x80-\xff]$|^$/.test(value))
    throw new Error('not an OBJECT IDENTIFIER');
  return forge.asn1.derToOid(value);
}

/** A non-negative INTEGER; infinite where it is past 48 bits. @throws Error for any other type */
export function integer(node: Node | undefined): number {
  if (!node || !isUniversal(node, Type.INTEGER) || Array.isArray(node.value))
    throw new Error('not an INTEGER');
  const bytes = contents(node);
  if (bytes.length === 0 || bytes[0]! >= 0x80) throw new Error('not a positive INTEGER');
  return bytes.length > 6 ? Infinity : bytes.readUIntBE(0, bytes.length);
}

export function isSequence(node: Node | undefined): boolean {
  return node !== undefined && isUniversal(node, Type.SEQUENCE) && Array.isArray(node.value);
}

export function isInteger(node: Node | undefined): boolean {
  return node !== undefined && isUniversal(node, Type.INTEGER);
}

export function isOid(node: Node | undefined): boolean {
  return node !== undefined && isUniversal(node, Type.OID);
}

export function isOctetString(node: Node | undefined): boolean {
  return node !== undefined && isUniversal(node, Type.OCTETSTRING);
}

export function isSet(node: Node | undefined): boolean {
  return node !== undefined && isUniversal(node, Type.SET) && Array.isArray(node.value);
}

/** The octets of an OCTET STRING, also of one in pieces. @throws Error for any other type */
export function octets(node: Node | undefined): Buffer {
  if (!isOctetString(node)) throw new Error('not an OCTET STRING');
  if (Array.isArray(node!.value)) return Buffer.concat(node!.value.map(octets));
  return contents(node);
}

/** The values in a SEQUENCE. @throws Error for any other type */
export function sequence(node: Node | undefined): Node[] {
  if (!isSequence(node)) throw new Error('not a SEQUENCE');
  return children(node);
}

/** The values in a SET. @throws Error for any other type */
export function set(node: Node | undefined): Node[] {
  if (!isSet(node)) throw new Error('not a SET');
  return children(node);
}

/** The one value in `[number] EXPLICIT`. @throws Error for any other type */
export function explicit(node: Node | undefined, number: number): Node {
  const [inner, ...more] = isTagged(node, number) ? children(node) : [];
  if (!inner || more.length > 0) throw new Error(`not one value in [${number}]`);
  return inner;
}

/** Whether it is tagged `[number]`. */
export function isTagged(node: Node | undefined, number: number): boolean {
  return node?.tagClass === Class.CONTEXT_SPECIFIC && (node.type as number) === number;
}

function isUniversal(node: Node, type: forge.asn1.Type): boolean {
  return node.tagClass === Class.UNIVERSAL && node.type === type;
}
