// A small DER writer (X.690): enough for SignedData, nothing is read here.

/** One TLV: tag, length, contents. */
export function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const length = contents.reduce((sum, c) => sum + c.length, 0);
  return Buffer.concat([Buffer.from([tag]), encodeLength(length), ...contents]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.from([0x80 | octets.length, ...octets]);
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
