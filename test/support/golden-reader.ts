// A second opinion on what a message means: its tree as mailsplit finds it, its leaves as a plain decoder reads them.
import { Splitter } from 'mailsplit';

/** One node of the tree, in the order of the octets. */
export interface Node {
  /** The root is at depth 0. */
  readonly depth: number;
  readonly type: string;
  /** Decoded octets as latin1 text; absent for multiparts and messages, whose children follow. */
  readonly content?: string;
}

/** The tree of an entity with its header, embedded messages included. */
export async function readTree(entity: Buffer, depth = 0): Promise<Node[]> {
  // Its own handling of embedded messages depends on Content-Disposition: here it is the same for all.
  const splitter = new Splitter({ ignoreEmbedded: true });
  splitter.end(entity);
  const found: { node: SplitNode; raw: Buffer[] }[] = [];
  for await (const item of splitter as AsyncIterable<SplitNode | SplitBytes>) {
    if (item.type === 'node') found.push({ node: item, raw: [] });
    else if (item.type === 'body') found.at(-1)!.raw.push(item.value);
  }
  const nodes: Node[] = [];
  for (const { node, raw } of found) {
    const level = depth + levelOf(node);
    const type = (node.contentType || 'text/plain').toLowerCase();
    const bytes = Buffer.concat(raw);
    const encoding = (node.encoding || '7bit').toLowerCase();
    if (node.multipart) nodes.push({ depth: level, type });
    else if (type === 'message/rfc822' && /^(?:7bit|8bit|binary)$/.test(encoding))
      nodes.push({ depth: level, type }, ...(await readTree(bytes, level + 1)));
    else nodes.push({ depth: level, type, content: decode(bytes, encoding) });
  }
  return nodes;
}

interface SplitNode {
  readonly type: 'node';
  readonly contentType: string | false;
  readonly encoding: string | false;
  readonly multipart: string | false;
  readonly parentNode: SplitNode | false;
}

interface SplitBytes {
  readonly type: 'body' | 'data';
  readonly value: Buffer;
}

function levelOf(node: SplitNode): number {
  return node.parentNode ? levelOf(node.parentNode) + 1 : 0;
}

/** As a simple client decodes: the whole content at once, line ends as CRLF where the encoding has lines. */
export function decode(raw: Buffer, encoding: string): string {
  const text = raw.toString('latin1');
  // RFC 2045 §6.8 has other characters ignored; Node takes `-` and `_` for letters of another alphabet.
  if (encoding === 'base64')
    return Buffer.from(text.replace(/[^A-Za-z0-9+/=]/g, ''), 'base64').toString('latin1');
  if (encoding !== 'quoted-printable') return text;
  return text
    .split(/\r?\n/)
    .map(line => line.replace(/[ \t]+$/, ''))
    .join('\r\n')
    .replace(/=\r\n/g, '')
    .replace(/=$/, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** The first part of a multipart/signed that Postseal made: what the signature is over. */
export function signedEntity(message: Buffer): Buffer {
  const text = message.toString('latin1');
  const boundary = /^ micalg=\S+; boundary="(=_postseal_[0-9a-f]+)"\r$/m.exec(text)?.[1];
  if (boundary === undefined) throw new Error('not signed');
  const delimiter = `\r\n--${boundary}\r\n`;
  const start = text.indexOf(delimiter) + delimiter.length;
  return message.subarray(start, text.indexOf(delimiter, start));
}
