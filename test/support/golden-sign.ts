// A message straight through its frame, in either form: no rules, no envelope; and what our own walker sees in the result.
import { digests, signatureAlgorithm } from '../../src/algorithms.js';
import { closingSignedData, detachedSignedData, EncapsulatedContent } from '../../src/cms/signed-data.js';
import type { Form, SignDecision } from '../../src/decision.js';
import type { Identity } from '../../src/identity.js';
import { parseHeader, type Field } from '../../src/mime/header.js';
import type { Part } from '../../src/mime/part.js';
import { OpaqueMessage } from '../../src/mime/opaque.js';
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

/** As a decision has it; in the clear form and without header protection where nothing is said. */
export type Choice = Partial<Pick<SignDecision, 'form' | 'headerProtection'>>;

export interface Framed {
  /** The message as far as it goes without the signature. */
  readonly begun: Buffer;
  readonly form: Form;
  readonly entity: Buffer;
  readonly digest: Buffer;
  /** Writes the CMS, and what closes the message. */
  readonly close: (cms: Buffer) => Buffer;
}

/** @throws whatever the frame throws */
export function frame(
  fields: readonly Field[],
  pieces: readonly Buffer[],
  { form = 'clear', headerProtection = false }: Choice = {},
): Framed {
  const out: Buffer[] = [];
  const options = {
    fields,
    digest: digests.sha256,
    headerProtection,
    // Copied: what is handed out must not change later, and if it did, it would show.
    out: (bytes: Buffer) => void out.push(Buffer.from(bytes)),
    rewritten: () => undefined,
  };
  const encapsulated: Buffer[] = [];
  const content = new EncapsulatedContent(options.digest);
  const encapsulation = {
    write: (bytes: Buffer) => {
      encapsulated.push(Buffer.from(bytes));
      return content.write(bytes);
    },
    end: () => content.end(),
  };
  const message =
    form === 'clear'
      ? new SignedMessage({ ...options, boundary: frameBoundary })
      : new OpaqueMessage({ ...options, encapsulation });
  for (const piece of pieces) message.write(piece);
  const digest = message.end();
  const begun = Buffer.concat(out);
  const delimiter = `\r\n--${frameBoundary}\r\n`;
  return {
    begun,
    form,
    entity:
      form === 'clear'
        ? begun.subarray(begun.indexOf(delimiter) + delimiter.length)
        : Buffer.concat(encapsulated),
    digest,
    close: cms => {
      message.close(cms);
      return Buffer.concat(out);
    },
  };
}

export async function signFrame(framed: Framed, identity: Identity): Promise<Buffer> {
  const sign = framed.form === 'clear' ? detachedSignedData : closingSignedData;
  const algorithm = signatureAlgorithm(identity.keyType, digests.sha256);
  return framed.close(await sign({ identity, algorithm, contentDigest: framed.digest }));
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
