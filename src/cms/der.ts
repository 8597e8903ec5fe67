// A small DER writer (X.690): enough for SignedData, nothing is read here.

/** One TLV: tag, length, contents. */
export function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  let length = 0;
  for (const content of contents) length += content.length;
  const lengthOctets =
    length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const out = Buffer.allocUnsafe(2 + lengthOctets + length);
  out[0] = tag;
  out[1] = lengthOctets === 0 ? length : 0x80 | lengthOctets;
  if (lengthOctets > 0) out.writeUIntBE(length, 2, lengthOctets);
  let at = 2 + lengthOctets;
  for (const content of contents) {
    content.copy(out, at);
    at += content.length;
  }
  return out;
}

export const sequence = (...elements: readonly Buffer[]): Buffer => tlv(0x30, ...elements);

/** SET OF: elements in the order of their encodings (X.690 §11.6). */
export const setOf = (...elements: readonly Buffer[]): Buffer =>
  tlv(0x31, ...[...elements].sort((a, b) => a.compare(b)));

export const octetString = (octets: Buffer): Buffer => tlv(0x04, octets);

export const nullValue: Buffer = tlv(0x05);

/** A small non-negative INTEGER. */
export const integer = (value: number): Buffer => {
  if (value > 0x7f) throw new RangeError('only small integers are written here');
  return tlv(0x02, Buffer.from([value]));
};

/** [n] EXPLICIT, or IMPLICIT of a constructed type whose contents are given. */
export const contextConstructed = (n: number, ...contents: readonly Buffer[]): Buffer =>
  tlv(0xa0 | n, ...contents);

/** The same TLV under another tag (IMPLICIT tagging). */
export const retag = (tag: number, encoded: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tag]), encoded.subarray(1)]);

/** From dotted decimal (X.690 §8.19). */
export function objectIdentifier(dotted: string): Buffer {
  const [root = 0, branch = 0, ...arcs] = dotted.split('.').map(Number);
  const octets = [root * 40 + branch, ...arcs].flatMap(arc => {
    const base128 = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
      base128.unshift(0x80 | (rest % 128));
    return base128;
  });
  return tlv(0x06, Buffer.from(octets));
}

/** UTCTime through 2049, GeneralizedTime after (RFC 5652 §11.3); to the second. */
export function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? tlv(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : tlv(0x18, Buffer.from(digits, 'latin1'));
}
