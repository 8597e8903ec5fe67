// Transparency of content, whatever the pieces are that it comes in.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DotStuffer, DotUnstuffer } from '../../../src/smtp/dot-stuffing.js';

/** The octets on the wire for content in these pieces. */
function stuffed(pieces: readonly Buffer[]): Buffer {
  const stuffer = new DotStuffer();
  return Buffer.concat([...pieces.flatMap(piece => stuffer.write(piece)), stuffer.end()]);
}

const wire = (content: string): string => stuffed([Buffer.from(content, 'latin1')]).toString('latin1');

/** What a reader makes of it (RFC 5321 §4.5.2) that takes a bare LF for a line end as well. */
function unstuffed(octets: Buffer): string {
  const text = octets.toString('latin1');
  expect(text).toMatch(/(^|\r\n)\.\r\n$/);
  return text.slice(0, -3).replace(/(^|\n)\./g, '$1');
}

/** What we make of octets on the wire in these pieces: content, and what follows it where it came to its end. */
function read(pieces: readonly Buffer[]): { content: string; rest: string | undefined } {
  const unstuffer = new DotUnstuffer();
  let content = '';
  for (const [i, piece] of pieces.entries()) {
    const got = unstuffer.write(piece);
    content += got.content.toString('latin1');
    if (got.rest) {
      const rest = Buffer.concat([got.rest, ...pieces.slice(i + 1)]).toString('latin1');
      return { content, rest };
    }
  }
  return { content, rest: undefined };
}

const reading = (octets: string): { content: string; rest: string | undefined } =>
  read([Buffer.from(octets, 'latin1')]);

/** Content made of what matters here, and of anything else. */
const content = fc
  .array(
    fc.oneof(
      fc.constantFrom('.', '\r', '\n', '\r\n', '\n.', '\r\n.\r\n', '..'),
      fc.string({ unit: 'binary-ascii' }),
    ),
  )
  .map(parts => Buffer.from(parts.join(''), 'latin1'));

describe('the wire', () => {
  test.each([
    ['an empty message', '', '.\r\n'],
    ['lines without dots', 'a\r\nb\r\n', 'a\r\nb\r\n.\r\n'],
    ['a dot at the very beginning', '.a\r\n', '..a\r\n.\r\n'],
    ['a line that is only a dot', 'a\r\n.\r\n', 'a\r\n..\r\n.\r\n'],
    ['several dots', '...\r\n', '....\r\n.\r\n'],
    ['dots elsewhere', 'a.\r\n .\r\n', 'a.\r\n .\r\n.\r\n'],
    ['a dot behind a bare LF', 'a\n.\nb\r\n', 'a\n..\nb\r\n.\r\n'],
    ['a dot behind a bare CR', 'a\r.\rb\r\n', 'a\r.\rb\r\n.\r\n'],
    ['no CRLF at the end', 'a', 'a\r\n.\r\n'],
    ['a bare LF at the end', 'a\n', 'a\n\r\n.\r\n'],
    ['a bare CR at the end', 'a\r', 'a\r\r\n.\r\n'],
    ['a dot at the end', '\r\n.', '\r\n..\r\n.\r\n'],
  ])('%s', (_, text, want) => {
    expect(wire(text)).toBe(want);
  });

  test('only its end ends the message, for readers of any line ends', () => {
    fc.assert(
      fc.property(content, octets => {
        const text = stuffed([octets]).toString('latin1');
        expect(/(?:^|\n)\.\r?\n/.exec(text)?.index).toBeGreaterThanOrEqual(text.length - 4);
      }),
    );
  });
});

test('the reader gets the same octets, with a line end where there was none', () => {
  fc.assert(
    fc.property(content, octets => {
      const text = octets.toString('latin1');
      expect(unstuffed(stuffed([octets]))).toBe(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`);
    }),
  );
});

test('the pieces make no difference', () => {
  fc.assert(
    fc.property(content, fc.array(fc.nat(200)), (octets, cuts) => {
      const at = [0, ...cuts.filter(c => c <= octets.length).sort((a, b) => a - b), octets.length];
      const pieces = at.slice(1).map((end, i) => octets.subarray(at[i], end));
      expect(stuffed(pieces).toString('latin1')).toBe(stuffed([octets]).toString('latin1'));
      const single = [...octets].map(octet => Buffer.from([octet]));
      expect(stuffed(single).toString('latin1')).toBe(stuffed([octets]).toString('latin1'));
    }),
  );
});

describe('off the wire', () => {
  test.each([
    ['an empty message', '.\r\n', '', ''],
    ['a line', 'a\r\n.\r\n', 'a\r\n', ''],
    ['what follows', 'a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
    ['a dot at the very beginning', '..a\r\n.\r\n', '.a\r\n', ''],
    ['a line that is only a dot', '..\r\n.\r\n', '.\r\n', ''],
    ['several dots', '....\r\n.\r\n', '...\r\n', ''],
    ['a dot behind a bare LF at the very beginning', '\n..a\r\n.\r\n', '\n.a\r\n', ''],
    ['a dot that was not doubled', '.a\r\n.b\r\n.\r\n', '.a\r\n.b\r\n', ''],
    ['empty lines', '\r\n\r\n.\r\n', '\r\n\r\n', ''],
  ])('%s', (_, octets, content, rest) => {
    expect(reading(octets)).toEqual({ content, rest });
  });

  // What other servers took for the end: none of it is one.
  test.each(['a\n.\n', 'a\n.\r\n', 'a\r\n.\n', 'a\r.\r', 'a\r\n.\r', 'a\r.\r\n', 'a\r\n.\r\r\n', '\n.\r\n'])(
    '%j does not end a message',
    octets => {
      expect(reading(`${octets}MAIL`)).toEqual({ content: `${octets}MAIL`, rest: undefined });
    },
  );

  test('is what was put on it, whatever the pieces are, and what follows stays apart', () => {
    fc.assert(
      fc.property(content, fc.array(fc.nat(200)), (octets, cuts) => {
        const next = Buffer.from('\r\n.\r\nMAIL');
        const wire = Buffer.concat([stuffed([octets]), next]);
        const text = octets.toString('latin1');
        const want = {
          content: text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`,
          rest: next.toString('latin1'),
        };
        const at = [0, ...cuts.filter(c => c <= wire.length).sort((a, b) => a - b), wire.length];
        expect(read(at.slice(1).map((end, i) => wire.subarray(at[i], end)))).toEqual(want);
        expect(read([...wire].map(octet => Buffer.from([octet])))).toEqual(want);
      }),
    );
  });

  test('any octets read the same in one piece and in many', () => {
    fc.assert(
      fc.property(content, octets => {
        expect(read([...octets].map(octet => Buffer.from([octet])))).toEqual(read([octets]));
      }),
    );
  });
});
