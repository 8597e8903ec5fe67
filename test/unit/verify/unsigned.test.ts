// Messages without an S/MIME signature, told what they are instead, and where further down a signature is.
import { beforeAll, describe, expect, test } from 'vitest';
import { toLines } from '../../../src/mime/base64.js';
import { openssl, type Issued } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { canonical } from '../../support/verifiers.js';
import { agreed, complaints, edited, entity, judge, signedBy } from './messages.js';

const pki = temporaryPki();
const root = pki.root.certificate;
let anna: Issued;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], keyUsage: null });
});

const told = (message: Buffer | string): string => {
  const { form, verdict } = agreed(Buffer.from(message), root);
  expect({ form, outcome: verdict.outcome }).toEqual({ form: 'none', outcome: 'not signed' });
  return verdict.text;
};

test.each([
  ['plain text', 'From: a@example.com\r\n\r\nHi\r\n', 'text/plain'],
  ['nothing at all', '', 'text/plain'],
  ['no header', 'Hi there\r\n', 'text/plain'],
  ['HTML', 'Content-Type: text/html\r\n\r\n<p>\r\n', 'text/html'],
])('%s', (_, message, type) => {
  expect(told(message)).toBe(`not signed: the message is ${type}`);
});

test('encrypted, compressed, or certificates only', () => {
  const encrypted = openssl(['cms', '-encrypt', '-aes256', anna.certificate], entity);
  expect(told(canonical(encrypted))).toBe('not signed: the message is encrypted data');
  const compressed = (cms: string): string =>
    `MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n${cms}`;
  // ContentInfo of id-ct-compressedData (RFC 3274 §1.1.1), with nothing in it.
  const empty = Buffer.from('300f060b2a864886f70d0109100109a000', 'hex').toString('base64');
  expect(told(compressed(empty))).toBe('not signed: the message is compressed data');
  const certificates = openssl(['crl2pkcs7', '-nocrl', '-certfile', anna.certificate, '-outform', 'DER']);
  expect(told(compressed(certificates.toString('base64')))).toBe(
    'not signed: the message holds certificates only',
  );
});

test('signed with OpenPGP', () => {
  const message =
    'From: a@example.com\r\nContent-Type: multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"; boundary=b\r\n\r\n' +
    '--b\r\n\r\nHi\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n--b--\r\n';
  expect(told(message)).toBe('not signed: the message is signed with OpenPGP, not with S/MIME');
});

test('the signature is further down, as mailing lists and forwarding leave it', () => {
  const inner = signedBy(anna).toString('latin1');
  const list = `From: list@example.com\r\nContent-Type: multipart/mixed; boundary="=_list"\r\n\r\n--=_list\r\n${inner.replace(/^From.*\r\n/, '')}\r\n--=_list\r\n\r\n-- \r\nfooter\r\n--=_list--\r\n`;
  expect(told(list)).toBe(
    'not signed: the message is multipart/mixed; signed is only part 1 (multipart/signed) in it',
  );
  const opaque = signedBy(anna, '-nodetach').toString('latin1');
  const forwarded = `From: bob@example.com\r\nContent-Type: multipart/mixed; boundary="=_fwd"\r\n\r\n--=_fwd\r\n\r\nSee:\r\n--=_fwd\r\nContent-Type: message/rfc822\r\n\r\n${opaque}\r\n--=_fwd--\r\n`;
  expect(told(forwarded)).toBe(
    'not signed: the message is multipart/mixed; signed is only part 2.1 (application/pkcs7-mime) in it',
  );
});

test('a header over a megabyte is not read', () => {
  const { verdict } = judge(Buffer.from(`X: ${'x'.repeat(1024 * 1024)}\r\n\r\nHi\r\n`), root);
  expect(verdict.outcome).toBe('damaged');
  expect(verdict.text).toContain('Header too large');
});

describe('opaque (R20), and not whole', () => {
  const changed = (message: Buffer, change: (cms: Buffer) => Buffer): Buffer => {
    const [header, base64] = message.toString('latin1').split('\r\n\r\n') as [string, string];
    return Buffer.from(`${header}\r\n\r\n${toLines(change(Buffer.from(base64, 'base64')))}\r\n`, 'latin1');
  };

  test.each<[string, string[]]>([
    ['DER', []],
    ['BER', ['-stream']],
  ])('cut short, in %s', (_, options) => {
    const message = signedBy(anna, '-nodetach', ...options);
    for (const octets of [400, 10, 1]) {
      const cut = changed(message, cms => cms.subarray(0, -octets));
      expect(agreed(cut, root).verdict.outcome).toBe('damaged');
    }
  });

  test.each<[string, string[]]>([
    ['DER', []],
    ['BER', ['-stream']],
  ])('other content, in %s', (_, options) => {
    const message = changed(signedBy(anna, '-nodetach', ...options), cms =>
      Buffer.from(cms.toString('latin1').replace('Hello', 'Jello'), 'latin1'),
    );
    expect(agreed(message, root).verdict.outcome).toBe('bad signature');
  });

  test('without its content', () => {
    const cms = openssl(
      ['cms', '-sign', '-outform', 'DER', '-signer', anna.certificate, '-inkey', anna.key],
      entity,
    );
    const message = changed(signedBy(anna, '-nodetach'), () => cms);
    expect(agreed(message, root).verdict.text).toBe(
      'message: damaged (the signature is detached, and what it is over is not here)',
    );
  });

  test('content with LF: told', () => {
    const by = ['-signer', anna.certificate, '-inkey', anna.key, '-certfile', anna.chain];
    const message = openssl(
      ['cms', '-sign', '-binary', '-nodetach', ...by, '-from', 'anna@example.com'],
      'Content-Type: text/plain\n\nHi\n',
    );
    const report = agreed(canonical(message), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)[0]).toBe(
      'warning content: the signed part has bare LF for line ends (RFC 8551 §3.1.1)',
    );
    expect(report.structure?.parts[0]).toMatchObject({ type: 'text/plain', octets: 3 });
  });
});

test('signed twice, one inside the other: the outer one is judged, the tree shows both', () => {
  const by = ['-signer', anna.certificate, '-inkey', anna.key, '-certfile', anna.chain];
  const inner = edited(signedBy(anna, '-nodetach'), 'From: anna@example.com\r\n', '');
  const message = canonical(openssl(['cms', '-sign', '-crlfeol', ...by, '-from', 'anna@example.com'], inner));
  const report = agreed(message, root);
  expect(report.verdict.outcome).toBe('good');
  expect(report.structure).toMatchObject({
    type: 'multipart/signed',
    parts: [
      { type: 'application/pkcs7-mime', encoding: 'base64', parts: [{ type: 'text/plain', octets: 27 }] },
      { type: 'application/pkcs7-signature', name: 'smime.p7s' },
    ],
  });
});
