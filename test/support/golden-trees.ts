// Random MIME trees for fast-check: each knows its octets, and what it means.
import * as fc from 'fast-check';
import { pseudoRandom } from './golden-chunks.js';
import type { Node } from './golden-reader.js';

/** An entity: its Content-* lines, the octets of its body, and the nodes that a reader must find in them. */
export interface Entity {
  readonly header: readonly string[];
  readonly body: Buffer;
  readonly nodes: readonly Node[];
  /** Octets that must be found again unchanged. */
  readonly frozen: readonly Buffer[];
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Content with all that needs mending; `--b…q` looks like a delimiter and is none. */
const content = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.string({ maxLength: 40 }).map(s => s.replace(/[\r\n]/g, '')) },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          '\r\n',
          '\r\n',
          ' \r\n',
          '\t',
          '.',
          'From ',
          '--bq',
          '--',
          '-',
          '=',
          '=3D',
          'Grüße ',
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\r', '\n', '\0', 'x'.repeat(999), 'y'.repeat(76), 'é'.repeat(40)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map(a => Buffer.from(a).toString('latin1')) },
    ),
    { maxLength: 20 },
  )
  .map(bits =>
    bits.map(bit => Buffer.from(bit, /[\u0080-\u00ff]/.test(bit) ? 'utf8' : 'latin1').toString('latin1')),
  )
  .map(bits => bits.join('').replace(/--b(?!q)/g, '--B'));

const mediaType = fc.constantFrom(
  'text/plain',
  'text/html',
  'text/x-odd',
  'application/octet-stream',
  'image/png',
);

const leaf: fc.Arbitrary<Entity> = fc
  .record({
    type: mediaType,
    encoding: fc.constantFrom('', '7bit', '8bit', 'binary', 'base64', 'quoted-printable'),
    content,
    parameter: fc.constantFrom(
      '',
      '; charset=utf-8',
      '; format=flowed',
      '; name="é à"',
      '; name*0="a"; name*1=é',
    ),
    seed: fc.nat(),
  })
  .map(({ type, encoding, content: text, parameter, seed }) => {
    const random = pseudoRandom(seed);
    const raw = {
      base64: () => dirtyBase64(text, random),
      'quoted-printable': () => dirtyQuotedPrintable(text, random),
    };
    const body = encoding in raw ? raw[encoding as keyof typeof raw]() : text;
    return {
      header: [
        `Content-Type: ${type}${parameter}`,
        ...(encoding === '' ? [] : [`Content-Transfer-Encoding: ${encoding}`]),
      ],
      body: latin1(body),
      nodes: [{ depth: 0, type, content: text }],
      frozen: [],
    };
  });

function dirtyBase64(text: string, random: (below: number) => number): string {
  const encoded = latin1(text).toString('base64');
  if (random(4) === 0) return encoded;
  const width = random(2) === 0 ? 76 : 1 + random(100);
  const noise = ['\r\n', '\r\n', '\r\n', ' \r\n', '\n', '\r\n\r\n', '!', '\xe9'];
  let out = '';
  for (let at = 0; at < encoded.length; at += width) {
    const what = at + width < encoded.length ? noise[width === 76 ? 0 : random(noise.length)]! : '';
    out += encoded.slice(at, at + width) + what;
  }
  return out;
}

/** What careless encoders write, and decoders read all the same. */
function dirtyQuotedPrintable(text: string, random: (below: number) => number): string {
  const careful = random(3) === 0;
  let out = '';
  let column = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.startsWith('\r\n', i)) {
      if (!careful && random(8) === 0) out += ' '; // padding, to be dropped
      out += '\r\n';
      column = 0;
      i++;
      continue;
    }
    const c = text[i]!;
    const endsLine = i + 1 === text.length || text.startsWith('\r\n', i + 1);
    const literal =
      (/[!-<>-~]/.test(c) || (/[ \t]/.test(c) && !endsLine) || (!careful && /[\xa1-\xff]/.test(c))) &&
      random(20) > 0;
    const hex = `=${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
    const piece = literal ? c : random(2) === 0 ? hex : hex.toUpperCase();
    if (column + piece.length > 75 - random(10) && (careful || random(3) > 0)) {
      out += careful || random(2) === 0 ? '=\r\n' : '= \t\r\n';
      column = 0;
    }
    out += piece;
    column += piece.length;
  }
  return out;
}

/** An inner signature: clean, though with all that relays would change. */
const signed: fc.Arbitrary<Entity> = fc.constantFrom('From me  ', '. dot', 'text', '--bq').map(text => {
  const body = latin1(
    `--s\r\nContent-Type: text/plain\r\n\r\n${text}\r\n--s\r\n` +
      'Content-Type: application/pgp-signature\r\n\r\nAAAA \r\n--s--\r\n',
  );
  return {
    header: ['Content-Type: multipart/signed; boundary=s'],
    body,
    nodes: [
      { depth: 0, type: 'multipart/signed' },
      { depth: 1, type: 'text/plain', content: text },
      { depth: 1, type: 'application/pgp-signature', content: 'AAAA ' },
    ],
    frozen: [body],
  };
});

const deeper = (nodes: readonly Node[]): Node[] => nodes.map(n => ({ ...n, depth: n.depth + 1 }));

/** Boundaries of a level differ from those of all others, and begin with one another. */
function multipart(level: number, child: fc.Arbitrary<Entity>): fc.Arbitrary<Entity> {
  const padding = fc.constantFrom(
    '',
    'This is MIME.',
    'Für alte\r\nClients  ',
    '--b?q\r\n',
    'x\rb',
    'z'.repeat(1200),
  );
  return fc
    .record({
      subtype: fc.constantFrom('mixed', 'alternative', 'related', 'x-odd'),
      tail: fc.constantFrom('', "'()+_,-./:=?", '.x y', '=_Part'),
      label: fc.constantFrom([], ['Content-Transfer-Encoding: 8bit'], ['Content-Transfer-Encoding: binary']),
      children: fc.array(child, { minLength: 1, maxLength: 4 }),
      preamble: padding,
      epilogue: padding,
    })
    .map(({ subtype, tail, label, children, preamble, epilogue }) => {
      const boundary = `${'b'.repeat(level + 1)}${tail}`;
      const parts = children.map(({ header, body }) =>
        Buffer.concat([
          Buffer.from(`--${boundary}\r\n${header.map(h => `${h}\r\n`).join('')}\r\n`),
          body,
          latin1('\r\n'),
        ]),
      );
      const before = preamble === '' ? '' : `${preamble}\r\n`;
      return {
        header: [`Content-Type: multipart/${subtype}; boundary="${boundary}"`, ...label],
        body: Buffer.concat([Buffer.from(before), ...parts, Buffer.from(`--${boundary}--\r\n${epilogue}`)]),
        nodes: [{ depth: 0, type: `multipart/${subtype}` }, ...children.flatMap(c => deeper(c.nodes))],
        frozen: children.flatMap(c => c.frozen),
      };
    });
}

function message(child: fc.Arbitrary<Entity>): fc.Arbitrary<Entity> {
  return fc
    .record({ child, subject: fc.constantFrom('plain', 'Grüße, voilà', 'folded\r\n  twice') })
    .map(({ child: inner, subject }) => ({
      header: ['Content-Type: message/rfc822', 'Content-Transfer-Encoding: 8bit'],
      body: Buffer.concat([
        Buffer.from(`Subject: ${subject}\r\nFrom: Jörg <j@example.net>\r\n`),
        Buffer.from(inner.header.map(h => `${h}\r\n`).join('') + '\r\n'),
        inner.body,
      ]),
      nodes: [{ depth: 0, type: 'message/rfc822' }, ...deeper(inner.nodes)],
      frozen: inner.frozen,
    }));
}

function entityAt(level: number): fc.Arbitrary<Entity> {
  if (level >= 4) return leaf;
  const below = entityAt(level + 1);
  return fc.oneof(
    { weight: 4, arbitrary: leaf },
    { weight: 4, arbitrary: multipart(level, below) },
    { weight: 1, arbitrary: message(below) },
    { weight: 1, arbitrary: signed },
  );
}

/** A tree of up to five levels. */
export const tree: fc.Arbitrary<Entity> = fc.oneof(
  { weight: 1, arbitrary: leaf },
  { weight: 5, arbitrary: multipart(0, entityAt(1)) },
);
