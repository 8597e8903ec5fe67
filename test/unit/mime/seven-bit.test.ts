// What happens to a leaf, and to what must not be touched (R12 to R15): the cases that the golden messages leave.
import { describe, expect, test } from 'vitest';
import { digests } from '../../../src/algorithms.js';
import { lookAhead, type Rewrite } from '../../../src/mime/seven-bit.js';
import { randomBoundary, SignedMessage } from '../../../src/mime/signed.js';
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

describe('a leaf that is rewritten is told of, with the reason', () => {
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

describe('labels', () => {
  const encodings = (entity: string) => entity.match(/^Content-Transfer-Encoding: .*$/gm);

  test.each(['8bit', 'binary'])('a clean leaf that calls itself %s is 7bit', label => {
    const { entity } = seal(mail('Content-Type: text/plain', `Content-Transfer-Encoding: ${label}`), [
      mail('one'),
    ]);
    expect(encodings(entity)).toEqual(['Content-Transfer-Encoding: 7bit']);
  });

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

describe('the frame', () => {
  test('has one MIME-Version; Content fields go in, all others stay out in their order (R10)', () => {
    const out: Buffer[] = [];
    const header = mail(
      'Subject: x',
      'Mime-Version: 1.0 (old)',
      'Content-Type: text/html',
      'X-A: 1',
      'Content-ID: <a>',
    );
    const message = new SignedMessage({
      fields: parseHeader(header),
      digest: digests.sha512,
      boundary: frameBoundary,
      out: bytes => void out.push(Buffer.from(bytes)),
      rewritten: () => undefined,
    });
    message.write(mail('body'));
    message.end();
    message.close(Buffer.alloc(100, 0xff));
    expect(Buffer.concat(out).toString()).toBe(
      'Subject: x\r\nX-A: 1\r\nMIME-Version: 1.0\r\n' +
        'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n' +
        ` micalg=sha-512; boundary="${frameBoundary}"\r\n\r\n` +
        'This is a message with an S/MIME signature.\r\n\r\n' +
        `--${frameBoundary}\r\nContent-Type: text/html\r\nContent-ID: <a>\r\n\r\nbody\r\n` +
        `\r\n--${frameBoundary}\r\n` +
        'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n' +
        'Content-Transfer-Encoding: base64\r\n' +
        'Content-Disposition: attachment; filename="smime.p7s"\r\n' +
        'Content-Description: S/MIME Cryptographic Signature\r\n\r\n' +
        `${'/'.repeat(76)}\r\n${'/'.repeat(57)}w==\r\n--${frameBoundary}--\r\n`,
    );
  });

  test('has a boundary that no encoding can contain (R17)', () => {
    const boundary = randomBoundary(Buffer.alloc(16, 0xab));
    expect(boundary).toMatch(/^=_postseal_[0-9a-f]{32}$/);
    expect(boundary.length).toBeLessThanOrEqual(70);
  });
});
