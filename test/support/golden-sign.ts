// A message straight through `SignedMessage`: no rules, no envelope; and what our own walker sees in the result.
import { digests } from '../../src/algorithms.js';
import { signedData } from '../../src/cms/signed-data.js';
import type { Identity } from '../../src/identity.js';
import { parseHeader, type Field } from '../../src/mime/header.js';
import type { Part } from '../../src/mime/part.js';
import { SignedMessage } from '../../src/mime/signed.js';
import { TopHeaderReader } from '../../src/mime/top-header.js';
import { Walker } from '../../src/mime/walk.js';
import { decode, type Node } from './golden-reader.js';

/** The boundary of the frame in all tests. */
export const frameBoundary = '=_postseal_0123456789abcdef';

export interface Message {
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

export function parseMessage(bytes: Buffer): Message {
  const reader = new TopHeaderReader();
  const { fields, rest } = reader.write(bytes) ?? reader.end();
  return { fields, body: rest };
}

export interface Framed {
  /** The message up to the end of the signed entity. */
  readonly begun: Buffer;
  readonly entity: Buffer;
  readonly digest: Buffer;
  /** Writes the signature part behind it. */
  readonly close: (cms: Buffer) => Buffer;
}

/** @throws whatever SignedMessage throws */
export function frame(fields: readonly Field[], pieces: readonly Buffer[]): Framed {
  const out: Buffer[] = [];
  const message = new SignedMessage({
    fields,
    digest: digests.sha256,
    boundary: frameBoundary,
    // Copied: what is handed out must not change later, and if it did, it would show.
    out: bytes => void out.push(Buffer.from(bytes)),
    rewritten: () => undefined,
  });
  for (const piece of pieces) message.write(piece);
  const digest = message.end();
  const begun = Buffer.concat(out);
  const delimiter = `\r\n--${frameBoundary}\r\n`;
  return {
    begun,
    entity: begun.subarray(begun.indexOf(delimiter) + delimiter.length),
    digest,
    close: cms => {
      message.close(cms);
      return Buffer.concat(out);
    },
  };
}

export async function signFrame(framed: Framed, identity: Identity): Promise<Buffer> {
  const { digest: contentDigest } = framed;
  return framed.close(await signedData({ identity, digest: digests.sha256, contentDigest }));
}

/** What keeps octets from being 7-bit data (RFC 2045 §2.7). */
export function notSevenBit(entity: Buffer): string[] {
  const text = entity.toString('latin1');
  return [
    ...(/[\x80-\xff]/.test(text) ? ['8-bit'] : []),
    ...(text.includes('\0') ? ['NUL'] : []),
    ...(/\r(?!\n)|(?<!\r)\n/.test(text) ? ['bare CR or LF'] : []),
    ...(text.split('\r\n').some(line => line.length > 998) ? ['long line'] : []),
  ];
}

/** The tree as our walker sees it, leaves decoded by the plain decoder; frozen parts as they are. */
export function walkTree(fields: readonly Field[], body: Buffer): Node[] {
  const nodes: { depth: number; type: string; part: Part; content: Buffer[] }[] = [];
  const walker = new Walker(
    {
      header: part =>
        void nodes.push({ depth: part.depth, type: `${part.kind} ${part.mediaType}`, part, content: [] }),
      body: (part, bytes) => void nodes.find(n => n.part === part)!.content.push(Buffer.from(bytes)),
      end: () => undefined,
      padding: () => undefined,
      delimiter: () => undefined,
      endMultipart: () => undefined,
    },
    fields,
  );
  walker.write(body);
  walker.end();
  return nodes.map(({ depth, type, part, content }) => {
    if (part.kind === 'multipart' || part.kind === 'message') return { depth, type };
    const raw = Buffer.concat(content);
    return {
      depth,
      type,
      content: part.kind === 'frozen' ? raw.toString('latin1') : decode(raw, part.encoding),
    };
  });
}

/** The same for an entity that begins with its header. */
export function walkEntity(entity: Buffer): Node[] {
  const end = entity.indexOf('\r\n\r\n') + 4;
  return walkTree(parseHeader(entity.subarray(0, end)), entity.subarray(end));
}
