// The walker as a story of events: what it sees in all kinds of structures, and that chunks never matter.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxFields, maxHeader, mboxLine, parseHeader } from '../../../src/mime/header.js';
import { maxDepth, type Part } from '../../../src/mime/part.js';
import { Walker, type Visitor } from '../../../src/mime/walk.js';
import { chunks, mail, unevenChunks } from '../../support/golden-chunks.js';

/** Writes down what it is told, a line each; runs of octets are joined. */
class Recorder implements Visitor {
  readonly events: string[] = [];
  private run: { what: string; pieces: Buffer[] } | undefined;

  header(part: Part, bodyFollows: boolean): void {
    for (const { name, raw } of part.fields)
      if (name === mboxLine) this.note(`${name} ${JSON.stringify(raw.toString())}`);
    this.note(
      `${part.kind} ${part.mediaType}${part.insideMessage ? ' inside a message' : ''}${bodyFollows ? '' : ', no body'}`,
    );
  }
  body(_part: Part, bytes: Buffer): void {
    this.octets('body', bytes);
  }
  end(): void {
    this.note('end');
  }
  padding(_part: Part, bytes: Buffer): void {
    this.octets('padding', bytes);
  }
  delimiter({ boundary }: Part, close: boolean, breakBefore: boolean): void {
    this.note(`--${boundary!.toString()}${close ? '--' : ''}${breakBefore ? '' : ' (no break before)'}`);
  }
  endMultipart(_part: Part, parts: number, closed: boolean): void {
    this.note(`end of ${parts}${closed ? '' : ', not closed'}`);
  }
  finish(): string[] {
    if (this.run) {
      const { what, pieces } = this.run;
      this.run = undefined;
      this.note(`${what} ${JSON.stringify(Buffer.concat(pieces).toString('latin1'))}`);
    }
    return this.events;
  }
  private note(event: string): void {
    this.finish();
    this.events.push(event);
  }
  private octets(what: string, bytes: Buffer): void {
    if (this.run?.what !== what) {
      this.finish();
      this.run = { what, pieces: [] };
    }
    this.run.pieces.push(Buffer.from(bytes));
  }
}

function walk(header: Buffer, body: readonly Buffer[]): string[] {
  const recorder = new Recorder();
  const walker = new Walker(recorder, parseHeader(header));
  for (const piece of body) walker.write(piece);
  walker.end();
  return recorder.finish();
}

const mixed = mail('Content-Type: multipart/mixed; boundary=b');

const stories: [string, Buffer, Buffer, string[]][] = [
  [
    'a leaf ends with the message, its last line end included',
    mail('Content-Type: text/plain'),
    mail('one', '--b'),
    ['leaf text/plain', 'body "one\\r\\n--b\\r\\n"', 'end'],
  ],
  [
    'the line end before a delimiter belongs to the delimiter (R11, RFC 2046 §5.1.1)',
    mixed,
    mail('--b', '', 'one', '', '--b--'),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'leaf text/plain',
      'body "one\\r\\n"',
      'end',
      '--b--',
      'end of 1',
    ],
  ],
  [
    'preamble and epilogue are padding',
    mixed,
    mail('pre', '--b', '', 'one', '--b--', 'epi', '--b', 'not a part'),
    [
      'multipart multipart/mixed',
      'padding "pre"',
      '--b',
      'leaf text/plain',
      'body "one"',
      'end',
      '--b--',
      'padding "epi\\r\\n--b\\r\\nnot a part\\r\\n"',
      'end of 1',
    ],
  ],
  [
    'look-alikes are content; white space behind a delimiter is not',
    mixed,
    mail('--b \t', '', '--bb', '--b-', '-b', ' --b', '--B', '--b x', '--b--  '),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'leaf text/plain',
      'body "--bb\\r\\n--b-\\r\\n-b\\r\\n --b\\r\\n--B\\r\\n--b x"',
      'end',
      '--b--',
      'end of 1',
    ],
  ],
  [
    'a bare CR begins no line, a bare LF does',
    mixed,
    Buffer.from('x\r--b\r\ny\n--b\n\none\n--b--\n'),
    [
      'multipart multipart/mixed',
      'padding "x\\r--b\\r\\ny"',
      '--b',
      'leaf text/plain',
      'body "one"',
      'end',
      '--b--',
      'end of 1',
    ],
  ],
  [
    'an outer boundary ends the inner multipart that was left open',
    mixed,
    mail(
      '--b',
      'Content-Type: multipart/related; boundary=bb',
      '',
      '--bb',
      '',
      'inner',
      '--b',
      '',
      'outer',
      '--b--',
    ),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'multipart multipart/related',
      '--bb (no break before)',
      'leaf text/plain',
      'body "inner"',
      'end',
      'end of 1, not closed',
      '--b',
      'leaf text/plain',
      'body "outer"',
      'end',
      '--b--',
      'end of 2',
    ],
  ],
  [
    'without a closing delimiter the last part goes to the end',
    mixed,
    mail('--b', '', 'one'),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'leaf text/plain',
      'body "one\\r\\n"',
      'end',
      'end of 1, not closed',
    ],
  ],
  [
    'parts without a header, and without a body',
    mixed,
    mail('--b', 'this is no field', '--b', 'Content-Type: text/html', '--b', '', '--b--'),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'leaf text/plain',
      'body "this is no field"',
      'end',
      '--b',
      'leaf text/html, no body',
      'end',
      '--b (no break before)',
      'leaf text/plain',
      'end',
      '--b-- (no break before)',
      'end of 3',
    ],
  ],
  [
    'an incomplete last line within a header is not lost',
    mixed,
    Buffer.from('--b\r\nthis is no field'),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'leaf text/plain',
      'body "this is no field"',
      'end',
      'end of 1, not closed',
    ],
  ],
  [
    'an incomplete last line may be a delimiter',
    mixed,
    Buffer.from('--b\r\n\r\none\r\n--b--'),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'leaf text/plain',
      'body "one"',
      'end',
      '--b--',
      'end of 1',
    ],
  ],
  [
    'a message inside a message is opened, and so is what it contains',
    mail('Content-Type: message/rfc822'),
    mail('Subject: x', 'Content-Type: multipart/mixed; boundary=c', '', '--c', '', 'one', '--c--'),
    [
      'message message/rfc822',
      'multipart multipart/mixed inside a message',
      '--c (no break before)',
      'leaf text/plain inside a message',
      'body "one"',
      'end',
      '--c--',
      'end of 1',
    ],
  ],
  [
    'an mbox line before the header of a message belongs to it; only the first one',
    mail('Content-Type: multipart/digest; boundary=b'),
    mail(
      ...['--b', '', 'From a@example.com Tue Nov 24 10:30:00 2026', 'Content-Type: text/html', '', 'one'],
      ...['--b', '', '>From b', '', 'two', '--b', '', 'From c', ' folded', '--b', '', '>From d', 'From e'],
      ...['--b', 'Content-Type: text/plain', '', 'From f', '--b--'],
    ),
    [
      'multipart multipart/digest',
      '--b (no break before)',
      'message message/rfc822',
      'mbox line "From a@example.com Tue Nov 24 10:30:00 2026\\r\\n"',
      'leaf text/html inside a message',
      'body "one"',
      'end',
      '--b',
      'message message/rfc822',
      'mbox line ">From b\\r\\n"',
      'leaf text/plain inside a message',
      'body "two"',
      'end',
      '--b',
      'message message/rfc822',
      'mbox line "From c\\r\\n"',
      'leaf text/plain inside a message',
      'body " folded"',
      'end',
      '--b',
      'message message/rfc822',
      'mbox line ">From d\\r\\n"',
      'leaf text/plain inside a message',
      'body "From e"',
      'end',
      '--b',
      'leaf text/plain',
      'body "From f"',
      'end',
      '--b--',
      'end of 5',
    ],
  ],
  [
    'parts of a digest are messages without saying so (RFC 2046 §5.1.5)',
    mail('Content-Type: multipart/digest; boundary=b'),
    mail('--b', '', 'Subject: one', '', 'text', '--b--'),
    [
      'multipart multipart/digest',
      '--b (no break before)',
      'message message/rfc822',
      'leaf text/plain inside a message',
      'body "text"',
      'end',
      '--b--',
      'end of 1',
    ],
  ],
  [
    'a signed part is frozen: its own delimiters are content, the outer one still ends it (R15)',
    mixed,
    mail('--b', 'Content-Type: multipart/signed; boundary=s', '', '--s', '', 'x', '--s--', '--b--'),
    [
      'multipart multipart/mixed',
      '--b (no break before)',
      'frozen multipart/signed',
      'body "--s\\r\\n\\r\\nx\\r\\n--s--"',
      'end',
      '--b--',
      'end of 1',
    ],
  ],
];

describe('structures', () => {
  test.each(stories)('%s', (_, header, body, want) => {
    expect(walk(header, [body])).toEqual(want);
    for (const size of [1, 2, 7]) expect(walk(header, chunks(body, size)), `pieces of ${size}`).toEqual(want);
  });

  test.each(stories)('%s: in random pieces too', (_, header, body, want) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), sizes => {
        expect(walk(header, unevenChunks(body, sizes))).toEqual(want);
      }),
      { numRuns: 30 },
    );
  });
});

test('whatever the octets, the pieces do not matter', () => {
  const line = fc.constantFrom(
    ...['--b\r\n', '--b--\r\n', '--c\r\n', '--c--\n', '--', '-', '\r', '\n', '\r\n', 'x', ' ', '\t', ': '],
    ...[
      'Content-Type: multipart/mixed; boundary=c\r\n',
      'Content-Type: message/rfc822\r\n',
      'From: a\r\n',
      'From ',
    ],
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (lines, sizes) => {
        const body = Buffer.from(lines.join(''));
        expect(walk(mixed, unevenChunks(body, sizes))).toEqual(walk(mixed, [body]));
      },
    ),
    { numRuns: 1500 },
  );
});

describe('what a part is', () => {
  test.each([
    ['text/plain', '7bit', 'leaf'],
    ['application/octet-stream', 'base64', 'leaf'],
    ['application/octet-stream', 'x-uuencode', 'frozen'],
    ['application/octet-stream', 'UUEncode', 'frozen'],
    ['application/octet-stream', 'uue', 'frozen'],
    ['application/octet-stream', 'yEnc', 'frozen'],
    ['application/octet-stream', 'binhex40', 'frozen'],
    ['application/octet-stream', 'mac-binhex40', 'frozen'],
    ['application/octet-stream', '8bits', 'leaf'],
    ['multipart/mixed; boundary=x', '8bit', 'multipart'],
    ['multipart/mixed; boundary=x', 'base64', 'frozen'],
    ['multipart/mixed', '7bit', 'frozen'],
    [`multipart/mixed; boundary*=us-ascii''x`, '7bit', 'multipart'],
    [`multipart/mixed; boundary=x; boundary*=us-ascii''y`, '7bit', 'frozen'],
    ['multipart/mixed; boundary*0=x; boundary*1=y; boundary=z', '7bit', 'frozen'],
    ['multipart/mixed; boundary=""', '7bit', 'frozen'],
    ['Multipart/Signed; boundary=x', '7bit', 'frozen'],
    ['multipart/encrypted; boundary=x', '7bit', 'frozen'],
    ['message/rfc822', 'binary', 'message'],
    ['message/rfc822', 'base64', 'frozen'],
    ['message/global', '8bit', 'message'],
    ['message/delivery-status', '7bit', 'frozen'],
  ])('%s in %s: %s', (type, encoding, want) => {
    const header = mail(`Content-Type: ${type}`, `Content-Transfer-Encoding: ${encoding}`);
    expect(walk(header, [])[0]).toMatch(new RegExp(`^${want} `));
  });

  test(`below ${maxDepth} levels a multipart is carried unopened`, () => {
    const levels = Array.from({ length: maxDepth + 5 }, (_, i) => [
      `--b${i}`,
      `Content-Type: multipart/mixed; boundary=b${i + 1}`,
      '',
    ]);
    const events = walk(mail('Content-Type: multipart/mixed; boundary=b0'), [mail(...levels.flat())]);
    expect(events.filter(e => e.startsWith('multipart'))).toHaveLength(maxDepth);
    expect(events.filter(e => e.startsWith('frozen'))).toHaveLength(1);
  });
});

test.each([
  ['octets', 'x'.repeat(maxHeader + 1)],
  ['octets in one field', `X: ${'x'.repeat(maxHeader)}`],
  ['octets in tiny lines', `X:\r\n${' \r\n'.repeat(maxHeader / 3)}`],
  ['fields', 'X:\r\n'.repeat(maxFields + 1)],
])('a part header of too many %s is carried unread with its part, whatever the pieces', (_, header) => {
  const body = Buffer.from(`--b\r\n${header}\r\n\r\nbody\r\n--b--\r\n`);
  const events = walk(mixed, [body]);
  expect(events).toEqual([
    'multipart multipart/mixed',
    '--b (no break before)',
    'frozen large-header, no body',
    `body ${JSON.stringify(`${header}\r\n\r\nbody`)}`,
    'end',
    '--b--',
    'end of 1',
  ]);
  expect(walk(mixed, chunks(body, 50_000))).toEqual(events);
});

test('so is the header of a forwarded message', () => {
  const body = Buffer.from(`From a\r\nX: ${'x'.repeat(maxHeader)}`);
  const [, , carried] = walk(mail('Content-Type: message/rfc822'), [body]);
  expect(carried).toBe(`body ${JSON.stringify(body.toString())}`);
});

test('lines that are nearly delimiters of many open multiparts cost little', () => {
  const levels = Array.from({ length: maxDepth - 1 }, (_, i) => [
    `--b${i}`,
    `Content-Type: multipart/mixed; boundary=b${i + 1}`,
    '',
  ]);
  const lines = Buffer.from('--b-not-a-delimiter\r\n'.repeat(480_000));
  const start = performance.now();
  walk(mail('Content-Type: multipart/mixed; boundary=b0'), [mail(...levels.flat()), lines]);
  expect(performance.now() - start).toBeLessThan(2000);
});
