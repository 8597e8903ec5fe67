// The tree of MIME parts, through signed parts and opaque signatures too (RFC 2045, RFC 2046, RFC 8551).
import { readSignedData } from '../cms/read-signed-data.js';
import { Failure } from '../failure.js';
import { decodeBody } from '../mime/decode.js';
import { contentType, first, parseParameters, type Field } from '../mime/header.js';
import { describe, maxDepth, unread, type Part } from '../mime/part.js';
import { splitHeader, splitMultipart, withoutMailboxLine } from './split.js';

export interface TreePart {
  /** In lower case: `text/plain`. */
  readonly type: string;
  readonly encoding: string;
  /** The file name, as it stands there. */
  readonly name?: string;
  /** Of the body, decoded. */
  readonly octets: number;
  readonly parts: readonly TreePart[];
  /** Whether more parts follow than are shown. */
  readonly more: boolean;
}

/** In all; a hostile message can have millions. */
const maxParts = 1000;

export function treeOf(message: Buffer): TreePart {
  return new Reader().read(message, undefined, 0);
}

class Reader {
  private count = 0;

  read(entity: Buffer, parent: Part | undefined, depth: number): TreePart {
    this.count++;
    const { part, body } = begin(
      parent?.kind === 'message' ? withoutMailboxLine(entity) : entity,
      parent,
      depth,
    );
    const decoded = decodeBody(body, part.encoding);
    const inside = depth < maxDepth ? inner(part, body, decoded, maxParts - this.count) : none;
    const name = fileName(part.fields);
    const parts: TreePart[] = [];
    for (const octets of inside.parts) {
      if (this.count >= maxParts) break;
      parts.push(this.read(octets, part, depth + 1));
    }
    return {
      type: part.mediaType,
      encoding: part.encoding,
      ...(name !== undefined && { name }),
      octets: decoded.length,
      parts,
      more: inside.more || parts.length < inside.parts.length,
    };
  }
}

function begin(entity: Buffer, parent: Part | undefined, depth: number): { part: Part; body: Buffer } {
  try {
    const { fields, body } = splitHeader(entity);
    return { part: describe(fields, parent, depth), body };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { part: unread(parent, depth), body: entity };
  }
}

const none = { parts: [] as readonly Buffer[], more: false };

function inner(part: Part, body: Buffer, decoded: Buffer, limit: number): typeof none {
  const { mediaType, encoding, boundary } = part;
  if (isOpaque(mediaType)) {
    const content = opaqueContent(decoded);
    return content ? { parts: [content], more: false } : none;
  }
  // A composite must not be encoded (RFC 2045 §6.4); who does it all the same means it as a whole.
  if (!['7bit', '8bit', 'binary'].includes(encoding)) return none;
  if (part.kind === 'message') return { parts: [body], more: false };
  return boundary ? splitMultipart(body, boundary, limit) : none;
}

function opaqueContent(cms: Buffer): Buffer | undefined {
  try {
    const read = readSignedData(cms);
    return 'other' in read ? undefined : read.content;
  } catch {
    return undefined;
  }
}

/** RFC 8551 §3.2; before registration the type had an `x-`. */
export function isOpaque(mediaType: string): boolean {
  return /^application\/(?:x-)?pkcs7-mime$/.test(mediaType);
}

function fileName(fields: readonly Field[]): string | undefined {
  const disposition = first(fields, 'content-disposition');
  const parameters = disposition && parseParameters(disposition.body).parameters;
  return parameters?.get('filename') ?? contentType(fields)?.parameters.get('name');
}

/** Where signed parts are below the root: `part 1.2 (multipart/signed)`. */
export function signedParts(root: TreePart, path = ''): string[] {
  return root.parts.flatMap((part, i) => {
    const here = `${path}${i + 1}`;
    const found = part.type === 'multipart/signed' || isOpaque(part.type);
    return [...(found ? [`part ${here} (${part.type})`] : []), ...signedParts(part, `${here}.`)];
  });
}
