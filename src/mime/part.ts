// What a part is, by its header and its surroundings (RFC 2045 §5, RFC 2046 §5, RFC 1847 §2.1).
import { contentType, transferEncoding, type Field, type ParameterisedValue } from './header.js';

/** One entity of the tree. */
export interface Part {
  readonly fields: readonly Field[];
  /** In lower case; the default of its surroundings where the header has none that can be read. */
  readonly mediaType: string;
  readonly encoding: string;
  /** Content-Type, where there is one that can be read. */
  readonly type: ParameterisedValue | undefined;
  /** Of a multipart that tells it. */
  readonly boundary: Buffer | undefined;
  readonly kind: 'leaf' | 'multipart' | 'message' | 'frozen';
  /** Whether a message/rfc822 part contains it. */
  readonly insideMessage: boolean;
  readonly depth: number;
}

/** Encodings that we cannot undo, and that the label must stay with; some leave the `x-` out. */
const foreign = /^(?:x-|uue|yenc|(?:mac-)?binhex)/;

const protectedTypes = new Set(['multipart/signed', 'multipart/encrypted']);

/** Deeper multiparts and messages are carried as they are, unopened. */
export const maxDepth = 20;
/** RFC 2046 §5.1.1 allows 70 characters; what real senders use is allowed too. */
export const maxBoundary = 998;

/** Undefined also where readers differ on which one it is: the parts are then not ours to tell. */
export function boundaryOf(fields: readonly Field[], type = contentType(fields)): Buffer | undefined {
  const boundary = type?.parameters.get('boundary')?.trimEnd();
  return boundary && !type?.ambiguous.has('boundary') ? Buffer.from(boundary, 'utf8') : undefined;
}

/** What kind of part a header announces, by media type, transfer encoding and surroundings. */
export function describe(fields: readonly Field[], parent: Part | undefined, depth: number): Part {
  const fallback = parent?.mediaType === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const type = contentType(fields);
  const mediaType = type?.value ?? fallback;
  const encoding = transferEncoding(fields);
  const boundary = mediaType.startsWith('multipart/') ? boundaryOf(fields, type) : undefined;
  return {
    fields,
    type,
    mediaType,
    encoding,
    boundary,
    kind: kindOf(mediaType, encoding, boundary, depth),
    insideMessage: parent !== undefined && (parent.kind === 'message' || parent.insideMessage),
    depth,
  };
}

/** A part whose header is over the limit: it is carried as it is, with its header as if that were its body. */
export function unread(parent: Part | undefined, depth: number): Part {
  return { ...describe([], parent, depth), mediaType: 'large-header', kind: 'frozen' };
}

/** Whether the content stands for itself: what nobody knows counts as 7bit (as in mail clients). */
export function isIdentity(encoding: string): boolean {
  return encoding !== 'base64' && encoding !== 'quoted-printable' && !foreign.test(encoding);
}

/** A part that nothing may be altered in: protected (RFC 1847 §2.1), or so deep that we do not know. */
export function isSealed({ mediaType, depth, kind }: Part): boolean {
  return kind === 'frozen' && (protectedTypes.has(mediaType) || depth >= maxDepth);
}

function kindOf(
  mediaType: string,
  encoding: string,
  boundary: Buffer | undefined,
  depth: number,
): Part['kind'] {
  const composite =
    mediaType.startsWith('multipart/') || mediaType === 'message/rfc822' || mediaType === 'message/global';
  // message/* other than these allows no encoding but 7bit (RFC 2046 §5.2.4, RFC 3464 §2.1).
  if (!composite) return foreign.test(encoding) || mediaType.startsWith('message/') ? 'frozen' : 'leaf';
  // Nothing inside an inner signature or encryption is altered (RFC 1847 §2.1).
  if (protectedTypes.has(mediaType)) return 'frozen';
  // A composite must not be encoded (RFC 2045 §6.4); who does it all the same means it as a whole.
  if (!['7bit', '8bit', 'binary'].includes(encoding) || depth >= maxDepth) return 'frozen';
  if (!mediaType.startsWith('multipart/')) return 'message';
  return boundary && boundary.length <= maxBoundary ? 'multipart' : 'frozen';
}
