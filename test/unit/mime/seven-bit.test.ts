// What happens to a leaf, and to what must not be touched (R12 to R15): the cases that the golden messages leave.
import { describe, expect, test } from 'vitest';
import { digests } from '../../../src/algorithms.js';
import { lookAhead, type Rewrite } from '../../../src/mime/seven-bit.js';
import { SignedMessage } from '../../../src/mime/signed.js';
import { parseHeader } from '../../../src/mime/header.js';
import { chunks, mail } from '../../support/golden-chunks.js';
import { frameBoundary } from '../../support/golden-sign.js';

/** The signed entity, and what was told of it. */
function seal(header: Buffer, body: readonly Buffer[]): { entity: string; rewrites: Rewrite[] } {
  const out: Buffer[] = [];
  const rewrites: Rewrite[] = [];
  const message = new SignedMessage({
    fields: parseHeader(header),
    digest: digests.sha256,
    boundary: frameBoundary,
    out: bytes => void out.push(Buffer.from(bytes)),
    rewritten: rewrite => void rewrites.push(rewrite),
  });
  for (const piece of body) message.write(piece);
  message.end();
  const [, entity] = Buffer.concat(out).toString('latin1').split(`\r\n--${frameBoundary}\r\n`);
  return { entity: entity!, rewrites };
}

const plain = mail('Content-Type: text/plain');

describe('lines that some relay breaks (R13)', () => {
  const long = `${'x'.repeat(991)}\r\n`;

  test('are broken in a leaf', () => {
    expect(seal(plain, [Buffer.from(long)]).rewrites).toMatchObject([{ because: 'line over 990 octets' }]);
  });

  test('are kept where nothing must be altered, as they are legal (R15)', () => {
    for (const type of ['message/rfc822', 'multipart/signed; boundary=s']) {
      const header = mail(`Content-Type: ${type}`).toString();
      const { entity, rewrites } = seal(Buffer.from(header), [Buffer.from(`\r\n${long}>From x\r\n`)]);
      expect(entity).toBe(`${header}\r\n\r\n${long}>From x\r\n`);
      expect(rewrites).toEqual([]);
    }
  });
});

describe('a leaf that is rewritten is told of, with the reason (R12, R13)', () => {
  test.each<[string, string[], string, Omit<Rewrite, 'mediaType'>]>([
    [
      '8-bit text',
      [],
      'Grüße an alle in Köln\r\n',
      { from: '7bit', to: 'quoted-printable', because: '8-bit' },
    ],
    ['white space', [], 'a \r\n', { from: '7bit', to: 'quoted-printable', because: 'trailing white space' }],
    [
      'a long line',
      [],
      'x'.repeat(999),
      { from: '7bit', to: 'quoted-printable', because: 'line over 998 octets' },
    ],
    ['NUL', [], 'a\0b', { from: '7bit', to: 'base64', because: 'NUL' }],
    ['short lines', ['base64'], 'AAAA\r\nAAAA', { from: 'base64', to: 'base64', because: 'line length' }],
    [
      'raw octets',
      ['quoted-printable'],
      'ü',
      { from: 'quoted-printable', to: 'quoted-printable', because: '8-bit' },
    ],
    [
      'what cannot be seen whole',
      ['7bit'],
      'line\r\n'.repeat(20_000),
      { from: '7bit', to: 'quoted-printable', because: `longer than ${lookAhead} octets` },
    ],
  ])('%s', (_, encoding, body, want) => {
    const label = encoding.map(e => `Content-Transfer-Encoding: ${e}`);
    const { rewrites } = seal(mail('Content-Type: text/plain', ...label), [Buffer.from(body)]);
    expect(rewrites).toEqual([{ mediaType: 'text/plain', ...want }]);
  });

  test('so is padding that was blotted out, once for each multipart', () => {
    const header = mail('Content-Type: multipart/mixed; boundary=b');
    const inner = mail(
      'Content-Type: multipart/related; boundary=c',
      '',
      'x',
      '--c',
      '',
      'one',
      '--c--',
      'From x',
    );
    const { rewrites } = seal(header, [mail('Grüße', '--b'), inner, mail('--b--', 'Grüße')]);
    const what = { from: 'padding', to: 'blotted padding' };
    expect(rewrites).toEqual([
      { mediaType: 'multipart/mixed', ...what, because: '8-bit' },
      { mediaType: 'multipart/related', ...what, because: 'From line' },
    ]);
  });

  test('nothing is told of one that stays', () => {
    expect(seal(plain, [mail('one')])).toEqual({
      entity: 'Content-Type: text/plain\r\n\r\none\r\n',
      rewrites: [],
    });
  });
});

describe('the look-ahead', () => {
  const body = (size: number) =>
    Buffer.from(
      'x'
        .repeat(62)
        .concat('\r\n')
        .repeat(Math.ceil(size / 64)),
    ).subarray(0, size);

  test.each([
    [lookAhead, 'stays'],
    [lookAhead + 1, 'is encoded'],
  ])('a clean leaf of %i octets %s, whatever the pieces', (size, what) => {
    const whole = seal(plain, [body(size)]).entity;
    expect(whole.includes('Content-Transfer-Encoding')).toBe(what === 'is encoded');
    for (const pieces of [
      chunks(body(size), 1000),
      chunks(body(size), lookAhead),
      chunks(body(size), lookAhead + 1),
    ])
      expect(seal(plain, pieces).entity).toBe(whole);
  });

  test('a long base64 leaf that is clean stays as it is', () => {
    const line = `${'A'.repeat(76)}\r\n`;
    const header = mail('Content-Type: image/png', 'Content-Transfer-Encoding: base64');
    const { entity, rewrites } = seal(header, [Buffer.from(line.repeat(2000))]);
    expect(entity).toBe(`${header.toString()}\r\n${line.repeat(2000).trimEnd()}`);
    expect(rewrites).toEqual([]);
  });

  test('an inner signature is passed at any length, and refused wherever it turns out to be 8-bit', () => {
    const header = mail('Content-Type: multipart/mixed; boundary=b');
    const inner = (text: string) =>
      Buffer.concat([
        mail('--b', 'Content-Type: multipart/signed; boundary=s', '', text.concat('\r\n').repeat(20_000)),
        mail('--b--'),
      ]);
    expect(seal(header, [inner('kept  ')]).entity).toContain('kept  \r\n'.repeat(20_000));
    const late = Buffer.concat([inner('kept').subarray(0, -7), Buffer.from('\xfc\r\n--b--\r\n', 'latin1')]);
    expect(() => seal(header, [late])).toThrow('multipart/signed part that must not be altered: 8-bit');
  });
});

describe('inside a message (R15)', () => {
  const header = mail('Content-Type: message/rfc822');
  const clean = mail('Subject: x', '', ...Array.from({ length: 20_000 }, () => 'line  '));

  test('a long leaf that begins clean stays as it is', () => {
    const { entity, rewrites } = seal(header, [clean]);
    expect(entity).toBe(`Content-Type: message/rfc822\r\n\r\n${clean.toString()}`);
    expect(rewrites).toEqual([]);
  });

  test('trouble that comes later is refused', () => {
    expect(() => seal(header, [clean, mail('Grüße')])).toThrow(
      'text/plain part that must not be altered: 8-bit',
    );
  });

  test('a long leaf that is announced as 8bit is encoded', () => {
    const { entity } = seal(header, [mail('Content-Transfer-Encoding: 8bit'), clean, mail('Grüße')]);
    expect(entity).toContain('Content-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\n');
  });
});

describe('what programs that parse a message would add is there already (RFC 2046 §5.1.1)', () => {
  const header = mail('Content-Type: multipart/mixed; boundary=b');
  const inner = ['Content-Type: multipart/alternative; boundary=c', ''];
  const cases: [string, string[], string[]][] = [
    [
      'an empty line between the ends of two multiparts',
      ['--b', ...inner, '--c', '', 'one', '--c--', '--b--'],
      ['--b', ...inner, '--c', '', 'one', '--c--', '', '--b--'],
    ],
    ['a line end after the header of an empty part', ['--b', '', '--b--'], ['--b', '', '', '--b--']],
    [
      'an empty line after the header of a part without body',
      ['--b', 'X: y', '--b', '--b--'],
      ['--b', 'X: y', '', '', '--b', '', '', '--b--'],
    ],
    [
      'the closing delimiters',
      ['--b', ...inner, '--c', '', 'one', '--b', 'X: y'],
      ['--b', ...inner, '--c', '', 'one', '--c--', '', '--b', 'X: y', '', '', '--b--'],
    ],
    [
      'those of several multiparts',
      ['--b', ...inner, '--c', '', 'one'],
      ['--b', ...inner, '--c', '', 'one', '', '--c--', '', '--b--'],
    ],
    [
      'the closing delimiter after an epilogue',
      ['--b', ...inner, '--c', '', 'one', '--c--', 'epilogue'],
      ['--b', ...inner, '--c', '', 'one', '--c--', 'epilogue', '', '--b--'],
    ],
    [
      'the closing delimiter after a message, which is not changed (R15)',
      ['--b', 'Content-Type: message/rfc822', '', ...inner, '--c', '--c', '', 'one'],
      ['--b', 'Content-Type: message/rfc822', '', ...inner, '--c', '--c', '', 'one', '', '--b--'],
    ],
  ];

  test.each(cases)('%s', (_, body, want) => {
    for (const pieces of [[mail(...body)], chunks(mail(...body), 1)])
      expect(seal(header, pieces).entity).toBe(`${header.toString()}\r\n${mail(...want).toString()}`);
  });

  test.each<[string, string[]]>([
    [
      'where it is there',
      ['preamble', '--b', ...inner, '--c', '', 'one', '--c--', '', '--b', '', '', '--b--'],
    ],
    ['to a multipart without parts', ['no parts']],
    ['to a message that has not begun (R15)', ['--b', 'Content-Type: message/rfc822', '--b--']],
    [
      'inside a message (R15)',
      ['--b', 'Content-Type: message/rfc822', '', ...inner, '--c', 'X: y', '--c', '', '--c--', '--b--'],
    ],
    [
      'inside a protected part (R15)',
      ['--b', 'Content-Type: multipart/signed; boundary=s', '', '--s', '--s', '', '--b--'],
    ],
  ])('nothing is added %s', (_, body) => {
    expect(seal(header, [mail(...body)]).entity).toBe(`${header.toString()}\r\n${mail(...body).toString()}`);
  });
});

describe('quoted-printable that has to be rewritten (R13, R14)', () => {
  const label = 'Content-Transfer-Encoding: quoted-printable';
  const binary = Buffer.from('\x89PNG\r\n\x1a\n\0\r\n\xfe', 'latin1');
  const escaped = (bytes: Buffer) => [...bytes].map(b => `=${b.toString(16).toUpperCase().padStart(2, '0')}`);
  const contentOf = (entity: string) => entity.slice(entity.indexOf('\r\n\r\n') + 4);

  test.each([1, 5000])(
    'becomes base64 where it is no text, and survives a mailbox with LF (%i times)',
    times => {
      const line = `${escaped(binary).join('')}= \r\n`; // the space behind `=` is what is wrong with it
      const { entity, rewrites } = seal(mail('Content-Type: image/png', label), [
        Buffer.from(line.repeat(times)),
      ]);
      expect(rewrites).toMatchObject([{ from: 'quoted-printable', to: 'base64' }]);
      const stored = entity.replace(/\r\n/g, '\n').replace(/^[^]*?\n\n/, '');
      const want = Buffer.concat(Array.from({ length: times }, () => binary));
      for (const content of [contentOf(entity), stored])
        expect(Buffer.from(content, 'base64').equals(want)).toBe(true);
    },
  );

  test('stays quoted-printable where it is text; line ends that came encoded mean the same', () => {
    const { entity } = seal(mail('Content-Type: text/plain', label), [mail('one=0D=0Atwo=0Dthree=0Afour ')]);
    expect(entity).toContain(`${label}\r\n\r\none\r\ntwo=0Dthree=0Afour\r\n`);
  });
});

describe('a root that does not say what it is (R10)', () => {
  const long = 'line\r\n'.repeat(20_000);
  test.each<[string, string, string, string]>([
    ['ASCII', '7bit', 'one', 'us-ascii'],
    ['ASCII that goes on', '7bit', long, 'utf-8'],
    ['8-bit that comes late', '7bit', `${long}Gr\xfc\xdfe`, 'utf-8'],
    ['8-bit that comes early', '7bit', `Gr\xfc\xdfe ${long}`, 'iso-8859-1'],
    ['UTF-8', '8bit', 'Gr\xc3\xbc\xc3\x9fe', 'utf-8'],
    ['UTF-8 in quoted-printable', 'quoted-printable', 'Gr=C3=BC=C3=9Fe', 'utf-8'],
    ['ISO 8859-1 in quoted-printable', 'quoted-printable', 'Gr=FC=DFe', 'iso-8859-1'],
    ['ASCII in quoted-printable', 'quoted-printable', 'one=3D', 'us-ascii'],
    ['UTF-8 in base64', 'base64', 'R3LDvMOfZQ==', 'utf-8'],
    ['ISO 8859-1 in base64', 'base64', 'R3L832U=', 'iso-8859-1'],
    ['ASCII in base64', 'base64', 'b25l', 'us-ascii'],
  ])('%s', (_, encoding, body, charset) => {
    const label = mail(`Content-Transfer-Encoding: ${encoding}`);
    expect(seal(label, [Buffer.from(body, 'latin1')]).entity).toMatch(
      new RegExp(`^Content-Type: text/plain; charset=${charset}\\r\\n`),
    );
  });
});

describe('labels (R12)', () => {
  const encodings = (entity: string) => entity.match(/^Content-Transfer-Encoding: .*$/gm);

  test.each(['8bit', 'binary'])('a clean leaf that calls itself %s is 7bit', label => {
    const { entity } = seal(mail('Content-Type: text/plain', `Content-Transfer-Encoding: ${label}`), [
      mail('one'),
    ]);
    expect(encodings(entity)).toEqual(['Content-Transfer-Encoding: 7bit']);
  });

  test.each<[string, string[], string]>([
    ['a leaf with two labels', ['text/plain', '7bit', '8bit'], '7bit'],
    ['a leaf with an encoding and another label', ['image/png', 'base64', '(now) BINARY'], 'base64'],
    ['a label with more in it', ['text/plain', '8bit x'], '7bit'],
    ['a multipart without boundary', ['multipart/mixed', '8bit'], '7bit'],
    ['a report', ['message/delivery-status', 'binary'], '7bit'],
    ['uuencode', ['text/plain', 'x-uuencode', '8bit'], 'x-uuencode'],
  ])('%s says once, and truly, what it is', (_, [type, ...labels], want) => {
    const header = mail(`Content-Type: ${type!}`, ...labels.map(l => `Content-Transfer-Encoding: ${l}`));
    const forwarded = Buffer.concat([header, mail('', 'AAAA')]);
    const label = [`Content-Transfer-Encoding: ${want}`];
    expect(encodings(seal(header, [mail('AAAA')]).entity)).toEqual(label);
    expect(encodings(seal(mail('Content-Type: message/rfc822'), [forwarded]).entity)).toEqual(label);
  });

  test('so does a leaf without body', () => {
    const body = mail('--b', 'Content-Transfer-Encoding: 8bit', '--b--');
    expect(encodings(seal(mail('Content-Type: multipart/mixed; boundary=b'), [body]).entity)).toEqual([
      'Content-Transfer-Encoding: 7bit',
    ]);
  });

  test.each(['"BASE64" (so to say); x=y', 'base64;', 'base64\r\nContent-Transfer-Encoding: 7bit'])(
    'one like %j is written plainly where the content is rewritten',
    label => {
      const { entity } = seal(mail(`Content-Transfer-Encoding: ${label}`), [mail('AAAA', 'AAAA')]);
      expect(encodings(entity)).toEqual(['Content-Transfer-Encoding: base64']);
    },
  );

  test.each(['base64 ', 'Base64', 'base64;', '"base64"'])(
    'one like %j stays with content that stays',
    label => {
      const { entity } = seal(mail(`Content-Transfer-Encoding: ${label}`), [mail('AAAA')]);
      expect(encodings(entity)).toEqual([`Content-Transfer-Encoding: ${label.trimEnd()}`]);
    },
  );

  test('of two labels one is left', () => {
    const header = mail(
      'Content-Transfer-Encoding: 8bit',
      'Content-Type: text/plain',
      'Content-Transfer-Encoding: 7bit',
    );
    expect(encodings(seal(header, [mail('Grüße an alle in Köln')]).entity)).toEqual([
      'Content-Transfer-Encoding: quoted-printable',
    ]);
  });
});
