// What a part is, by its header and its surroundings (RFC 2045 §5, RFC 2046 §5, RFC 1847 §2.1).
import { contentType, transferEncoding, type Field } from './header.js';

/** One entity of the tree. */
export interface Part {
  readonly fields: readonly Field[];
  /** In lower case; the default of its surroundings where the header has none that can be read. */
  readonly mediaType: string;
  readonly encoding: string;
  readonly kind: 'leaf' | 'multipart' | 'message' | 'frozen';
  /** Whether a message/rfc822 part contains it. */
  readonly insideMessage: boolean;
  readonly depth: number;
}

/** Encodings that we cannot undo, and that the label must stay with; some leave the `x-` out. */
const foreign = /^(?:x-|uue|yenc|(?:mac-)?binhex)/;

/** Deeper multiparts are carried as they are, unopened. */
export const maxDepth = 20;
/** RFC 2046 §5.1.1 allows 70 characters; what real senders use is allowed too. */
export const maxBoundary = 998;

/** Undefined also where readers differ on which one it is: the parts are then not ours to tell. */
export function boundaryOf(fields: readonly Field[]): Buffer | undefined {
  const type = contentType(fields);
  const boundary = type?.parameters.get('boundary')?.trimEnd();
  return boundary && !type?.ambiguous.has('boundary') ? Buffer.from(boundary, 'utf8') : undefined;
}

/** What kind of part a header announces, by media type, transfer encoding and surroundings. */
export function describe(fields: readonly Field[], parent: Part | undefined, depth: number): Part {
  const fallback = parent?.mediaType === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const mediaType = contentType(fields)?.value ?? fallback;
  const encoding = transferEncoding(fields);
  const insideMessage = parent !== undefined && (parent.kind === 'message' || parent.insideMessage);
  return {
    fields,
    mediaType,
    encoding,
    kind: kindOf(mediaType, encoding, fields, depth),
    insideMessage,
    depth,
  };
}

function kindOf(mediaType: string, encoding: string, fields: readonly Field[], depth: number): Part['kind'] {
  const composite =
    mediaType.startsWith('multipart/') || mediaType === 'message/rfc822' || mediaType === 'message/global';
  // message/* other than these allows no encoding but 7bit (RFC 2046 §5.2.4, RFC 3464 §2.1).
  if (!composite) return foreign.test(encoding) || mediaType.startsWith('message/') ? 'frozen' : 'leaf';
  // Nothing inside an inner signature or encryption is altered (RFC 1847 §2.1).
  if (mediaType === 'multipart/signed' || mediaType === 'multipart/encrypted') return 'frozen';
  // A composite must not be encoded (RFC 2045 §6.4); who does it all the same means it as a whole.
  if (!['7bit', '8bit', 'binary'].includes(encoding) || depth >= maxDepth) return 'frozen';
  if (!mediaType.startsWith('multipart/')) return 'message';
  const boundary = boundaryOf(fields);
  return boundary && boundary.length <= maxBoundary ? 'multipart' : 'frozen';
}
