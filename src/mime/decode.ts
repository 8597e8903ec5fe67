// What the octets of a leaf stand for (RFC 2045 §6).
import { NOTHING } from './ascii.js';
import { decodeBase64 } from './base64.js';
import { QuotedPrintableDecoder } from './quoted-printable.js';

/**
 * Encodings that are not known are left as they are.
 * @param encoding in lower case
 * @param whole false where more octets follow
 */
export function decodeBody(bytes: Buffer, encoding: string, whole = true): Buffer {
  if (encoding === 'base64') return decodeBase64(bytes);
  if (encoding !== 'quoted-printable') return bytes;
  const decoder = new QuotedPrintableDecoder();
  return Buffer.concat([decoder.write(bytes), whole ? decoder.end() : NOTHING]);
}
