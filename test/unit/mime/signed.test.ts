// The clear frame: what stands around the signed entity, and what goes into it.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digests, type Digest } from '../../../src/algorithms.js';
import { parseHeader } from '../../../src/mime/header.js';
import { randomBoundary, SignedMessage } from '../../../src/mime/signed.js';
import { chunks, mail } from '../../support/golden-chunks.js';
import { frame, frameBoundary, parseMessage } from '../../support/golden-sign.js';

/** A whole message, the octets of `cms` in the place of a signature. */
function signed(fields: Buffer, body: Buffer, cms: Buffer, digest: Digest = digests.sha256): string {
  const out: Buffer[] = [];
  const message = new SignedMessage({
    fields: parseHeader(fields),
    digest,
    boundary: frameBoundary,
    out: bytes => void out.push(bytes),
    rewritten: () => undefined,
  });
  message.write(body);
  message.end();
  message.close(cms);
  return Buffer.concat(out).toString('latin1');
}

describe('the frame', () => {
  test('has one MIME-Version; Content fields go in, all others stay out in their order (R10)', () => {
    const fields = mail(
      'Subject: x',
      'Mime-Version: 1.0 (old)',
      'Content-Type: text/html',
      'X-A: 1',
      'Content-ID: <a>',
    );
    expect(signed(fields, mail('body'), Buffer.from('cms'))).toContain(
      'Subject: x\r\nX-A: 1\r\nMIME-Version: 1.0\r\n' +
        'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n' +
        ` micalg=sha-256; boundary="${frameBoundary}"\r\n\r\n` +
        'This is a message with an S/MIME signature.\r\n\r\n' +
        `--${frameBoundary}\r\nContent-Type: text/html\r\nContent-ID: <a>\r\n\r\nbody\r\n\r\n--`,
    );
  });

  test('has the signature as its second and last part, in base64 at 76 (R19)', () => {
    const message = signed(mail('Content-Type: text/plain'), mail('body'), Buffer.alloc(100, 0xff));
    const [, , second, epilogue] = message.split(`--${frameBoundary}`);
    expect(second).toBe(
      '\r\n' +
        'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n' +
        'Content-Transfer-Encoding: base64\r\n' +
        'Content-Disposition: attachment; filename="smime.p7s"\r\n' +
        'Content-Description: S/MIME Cryptographic Signature\r\n\r\n' +
        `${'/'.repeat(76)}\r\n${'/'.repeat(57)}w==\r\n`,
    );
    expect(epilogue).toBe('--\r\n');
  });

  test.each([
    [digests.sha1, 'sha-1'],
    [digests.sha256, 'sha-256'],
    [digests.sha384, 'sha-384'],
    [digests.sha512, 'sha-512'],
  ])('names the digest by its hyphenated name (R18): $name', (digest, micalg) => {
    const message = signed(mail('Content-Type: text/plain'), mail('body'), Buffer.alloc(1), digest);
    expect(message).toContain(`protocol="application/pkcs7-signature";\r\n micalg=${micalg}; boundary=`);
  });

  test('has a boundary that no encoding can contain (R17)', () => {
    const boundary = randomBoundary(Buffer.alloc(16, 0xab));
    expect(boundary).toMatch(/^=_postseal_[0-9a-f]{32}$/);
    expect(boundary.length).toBeLessThanOrEqual(70);
  });
});

describe('the digest', () => {
  const { fields, body } = parseMessage(
    mail('Subject: x', 'Content-Type: text/plain; charset=utf-8', '', 'Grüße', 'From here  '),
  );

  test.each([false, true])(
    'is over the entity as it is written, CRLF before the delimiter excluded; header protection %s',
    headerProtection => {
      const { entity, digest } = frame(fields, [body], { headerProtection });
      expect(entity.includes('Gr=C3=BC=C3=9Fe\r\n=46rom here =20\r\n')).toBe(true);
      expect(entity.includes('Subject: x')).toBe(headerProtection);
      expect(digest).toEqual(createHash('sha256').update(entity).digest());
    },
  );

  test.each([1, 7])('is the same in pieces of %d octets, like all the rest', size => {
    const whole = frame(fields, [body]);
    const { begun, digest } = frame(fields, chunks(body, size));
    expect(begun.equals(whole.begun)).toBe(true);
    expect(digest).toEqual(whole.digest);
  });
});
