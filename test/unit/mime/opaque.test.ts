// The opaque frame: what stands before the CMS, and that its base64 has the signed entity (R20).
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digests } from '../../../src/algorithms.js';
import { EncapsulatedContent } from '../../../src/cms/signed-data.js';
import { Failure } from '../../../src/failure.js';
import { parseHeader } from '../../../src/mime/header.js';
import { OpaqueMessage } from '../../../src/mime/opaque.js';
import { chunks, mail, pseudoRandom, unevenChunks } from '../../support/golden-chunks.js';
import { goldenIdentity } from '../../support/golden-filter.js';
import { frame, notSevenBit, parseMessage, signFrame, type Choice } from '../../support/golden-sign.js';
import { dissect } from '../../support/verifiers.js';

const identity = await goldenIdentity('rsa');

async function opaque(bytes: Buffer, size = bytes.length, choice: Choice = {}): Promise<Buffer> {
  const { fields, body } = parseMessage(bytes);
  return signFrame(frame(fields, chunks(body, size), { ...choice, form: 'opaque' }), identity);
}

describe('the message', () => {
  const input = mail(
    'Subject: x',
    'Mime-Version: 1.0 (old)',
    'Content-Type: text/html',
    'X-A: 1',
    'Content-ID: <a>',
    '',
    'body',
  );

  test('is application/pkcs7-mime, named smime.p7m, in base64; other fields stay outside (R10, R20)', async () => {
    const message = await opaque(input);
    expect(message.toString()).toMatch(
      new RegExp(
        '^Subject: x\r\nX-A: 1\r\nMIME-Version: 1.0\r\n' +
          'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n' +
          'Content-Transfer-Encoding: base64\r\n' +
          'Content-Disposition: attachment; filename="smime.p7m"\r\n' +
          '\r\n' +
          '(?:[A-Za-z0-9+/]{76}\r\n)*[A-Za-z0-9+/]{1,76}={0,2}\r\n$',
      ),
    );
    expect(dissect(message).entity.toString()).toBe(
      'Content-Type: text/html\r\nContent-ID: <a>\r\n\r\nbody\r\n',
    );
  });

  test('has the header inside too where it is to be protected (R29, R30)', async () => {
    const message = await opaque(input, input.length, { headerProtection: true });
    expect(message.toString()).toMatch(/^Subject: x\r\nX-A: 1\r\nMIME-Version: 1\.0\r\nContent-Type: app/);
    expect(dissect(message).entity.toString().split('\r\n')).toEqual([
      ...[
        'Subject: x',
        'Content-Type: text/html;',
        ' hp="clear"',
        'X-A: 1',
        'Content-ID: <a>',
        '',
        'body',
        '',
      ],
    ]);
  });

  test('has a digest over the entity', () => {
    const { fields, body } = parseMessage(input);
    const { entity, digest } = frame(fields, [body], { form: 'opaque' });
    expect(digest).toEqual(createHash('sha256').update(entity).digest());
  });
});

describe('the entity', () => {
  test('is 7-bit where that does no damage: who unpacks the message may send it on (R12)', async () => {
    const message = await opaque(
      mail('Content-Type: text/plain; charset=utf-8', '', 'Grüße an alle in Köln'),
    );
    expect(dissect(message).entity.toString()).toBe(
      'Content-Type: text/plain; charset=utf-8\r\n' +
        'Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe an alle in K=C3=B6ln\r\n',
    );
  });

  test('keeps what must not be altered, though the clear form could not carry it (R15)', async () => {
    const inner = Buffer.concat([
      mail('Content-Type: multipart/signed; boundary=i; protocol="application/pgp-signature"', ''),
      mail('--i', 'Content-Type: text/plain; charset=utf-8', '', 'Grüße', '--i'),
      mail('Content-Type: application/pgp-signature', '', 'x', '--i--'),
    ]);
    const input = Buffer.concat([
      mail('Content-Type: multipart/mixed; boundary=o', 'Content-Transfer-Encoding: 8bit', '', '--o'),
      inner,
      mail('--o--'),
    ]);
    const { fields, body } = parseMessage(input);
    expect(() => frame(fields, [body])).toThrow(Failure);
    const message = await opaque(input);
    expect(dissect(message).entity.includes(inner)).toBe(true);
    expect(notSevenBit(message)).toEqual([]);
  });
});

describe('whatever the chunks', () => {
  const random = pseudoRandom(26);
  /** Several segments, and base64 of more than is encoded at once. */
  const octets = Buffer.from(Array.from({ length: 100_000 }, () => random(256)));
  const input = Buffer.concat([mail('Content-Type: application/pdf', ''), octets]);
  const { fields, body } = parseMessage(input);

  test.each([
    ['1', chunks(body, 1)],
    ['7', chunks(body, 7)],
    ['uneven sizes', unevenChunks(body, [3, 70_000, 1, 15_000])],
  ])('the message is the same (R20): %s', async (_, pieces) => {
    const whole = await opaque(input);
    const message = await signFrame(frame(fields, pieces, { form: 'opaque' }), identity);
    expect(message.equals(whole)).toBe(true);
  });

  test('it keeps little of the message: 8 MB come out as they go in (R20)', () => {
    let [written, most] = [0, 0];
    const message = new OpaqueMessage({
      fields: parseHeader(mail('Content-Type: application/octet-stream')),
      digest: digests.sha256,
      encapsulation: new EncapsulatedContent(digests.sha256),
      out: bytes => void (written += bytes.length),
      rewritten: () => undefined,
    });
    for (let i = 1; i <= 128; i++) {
      message.write(Buffer.alloc(64 * 1024, 0x80));
      // Base64 within base64: 16 octets for 9.
      most = Math.max(most, i * 64 * 1024 - (written * 9) / 16);
    }
    expect(most).toBeLessThan(3 * 64 * 1024);
  });
});
