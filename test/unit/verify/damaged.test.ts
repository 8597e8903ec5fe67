// Messages that were changed after they were signed, or never were right: refused, as openssl refuses them, and why.
import { beforeAll, describe, expect, test } from 'vitest';
import * as der from '../../../src/cms/der.js';
import { openssl, type Issued } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import {
  agreed,
  attribute,
  basic,
  clear,
  complaints,
  derOf,
  edited,
  entity,
  flippedAt,
  handmade,
  judge,
  oid,
  rsaEncryption,
  sha256,
  signedBy,
  withCms,
} from './messages.js';

const pki = temporaryPki();
const root = pki.root.certificate;
let anna: Issued;
let message: Buffer;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], serial: '4A' });
  message = signedBy(anna, '-cades');
});

/** The message with the signature part's CMS changed. */
const cms = (change: (cms: Buffer) => Buffer): Buffer => withCms(message, change);

describe('one octet is another', () => {
  test('in the content', () => {
    expect(agreed(edited(message, 'last line', 'last lime'), root).verdict.outcome).toBe('bad signature');
  });

  test('in the header of the signed part', () => {
    expect(agreed(edited(message, 'us-ascii', 'us-asciI'), root).verdict.outcome).toBe('bad signature');
  });

  test('at the end of the signed part, an empty line more or less', () => {
    for (const ending of ['last line\r\n\r\n', 'last line']) {
      const changed = edited(message, 'last line\r\n', ending);
      expect(agreed(changed, root).verdict.outcome).toBe('bad signature');
    }
  });

  test('in the signature', () => {
    const { text } = agreed(
      cms(bytes => flippedAt(bytes, bytes.subarray(-256))),
      root,
    ).verdict;
    expect(text).toBe('signature: bad (not made by the key of the certificate over the signed attributes)');
  });

  test('in each attribute', () => {
    for (const type of [oid.messageDigest, oid.signingTime, oid.contentType]) {
      // Attribute, its type, the SET around its value, the value: one octet of that.
      const changed = cms(bytes => {
        const at = bytes.indexOf(der.objectIdentifier(type));
        return flippedAt(bytes, bytes.subarray(at, at + der.objectIdentifier(type).length + 6));
      });
      expect(agreed(changed, root).verdict.outcome).toBe('bad signature');
    }
  });

  test('in the certificate: its issuer has not signed that', () => {
    // The address stands in the certificate only, and From is changed with it.
    const certificate = derOf(anna);
    const other = Buffer.from(
      certificate.toString('latin1').replace('anna@example.com', 'emma@example.com'),
      'latin1',
    );
    const swapped = cms(bytes => replaced(bytes, certificate, other));
    const { verdict } = agreed(edited(swapped, 'anna@example.com', 'emma@example.com'), root);
    expect(verdict.text).toBe('signature: bad (the attribute names another certificate)');
  });
});

function replaced(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  expect(to.length).toBe(from.length);
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  return Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]);
}

describe('another certificate is in the message', () => {
  /** Named as Anna's is, by issuer and serial number, and as long. */
  const twin = { name: 'twin', subject: '/O=Postseal Test/CN=anna', serial: '4A' };

  test('of another key: the signature is not its own', () => {
    const other = pki.issue({ ...twin, addresses: ['anna@example.com'], freshKey: true });
    const swapped = withCms(signedBy(anna), bytes => replaced(bytes, derOf(anna), derOf(other)));
    expect(agreed(swapped, root).verdict.outcome).toBe('bad signature');
  });

  test('of the same key for another address: signingCertificateV2 tells (R22, RFC 5035)', () => {
    const other = pki.issue({ ...twin, addresses: ['emma@example.com'] });
    const swapped = cms(bytes => replaced(bytes, derOf(anna), derOf(other)));
    // OpenSSL compares only when it is told to.
    const report = agreed(edited(swapped, 'anna@example.com', 'emma@example.com'), root, '-cades');
    expect(report.verdict.text).toBe('signature: bad (the attribute names another certificate)');
  });

  test('none of the signer', () => {
    const report = agreed(signedBy(anna, '-nocerts'), root);
    expect(report.verdict.text).toBe('signature: bad (the certificate of the signer is not in the message)');
  });
});

describe('the frame is not what it was', () => {
  test('a part more', () => {
    const boundary = /boundary="([^"]+)"/.exec(message.toString())![1]!;
    const added = edited(message, `--${boundary}--`, `--${boundary}\r\n\r\nfooter\r\n--${boundary}--`);
    expect(agreed(added, root).verdict).toEqual({
      outcome: 'damaged',
      text: 'message: damaged (multipart/signed with 3 parts instead of two (RFC 1847 §2.1))',
    });
  });

  test('a part less', () => {
    const text = message.toString('latin1');
    const boundary = /boundary="([^"]+)"/.exec(text)![1]!;
    const second = text.lastIndexOf(`--${boundary}\r\n`);
    const only = Buffer.from(`${text.slice(0, second)}--${boundary}--\r\n`, 'latin1');
    expect(agreed(only, root).verdict.outcome).toBe('damaged');
  });

  test('the end is missing', () => {
    const boundary = /boundary="([^"]+)"/.exec(message.toString())![1]!;
    expect(agreed(edited(message, `--${boundary}--`, ''), root).verdict.text).toBe(
      'message: damaged (the closing delimiter is missing: the message was cut short)',
    );
  });

  test('the base64 of the signature is cut short', () => {
    for (const octets of [1, 57, 300]) {
      const cut = cms(bytes => bytes.subarray(0, -octets));
      expect(agreed(cut, root).verdict.text).toBe(
        'message: damaged (the signature cannot be read: it is damaged or cut short)',
      );
    }
  });

  test('the signature is empty, or no CMS', () => {
    expect(
      agreed(
        cms(() => Buffer.alloc(0)),
        root,
      ).verdict.text,
    ).toContain('is empty');
    expect(
      agreed(
        cms(() => Buffer.from('Hello')),
        root,
      ).verdict.outcome,
    ).toBe('damaged');
  });

  test('the signature part has another type', () => {
    const renamed = edited(
      message,
      '\r\nContent-Type: application/pkcs7-signature',
      '\r\nContent-Type: text/x',
    );
    expect(agreed(renamed, root).verdict.text).toBe(
      'message: damaged (the second part is text/x, not application/pkcs7-signature)',
    );
  });
});

describe('what changes nothing in the verdict, and is told', () => {
  test('a wrong micalg (R18)', () => {
    const wrong = agreed(edited(message, 'micalg="sha-256"', 'micalg="sha-1"'), root);
    expect(wrong.verdict.outcome).toBe('good');
    expect(complaints(wrong)).toContain('warning micalg: says sha-1, the digest is sha-256');
    const none = agreed(edited(message, 'micalg="sha-256"; ', ''), root);
    expect(complaints(none)).toContain('warning micalg: the micalg parameter is missing');
    const old = agreed(edited(message, 'micalg="sha-256"', 'micalg=SHA256'), root);
    expect(complaints(old).join()).not.toContain('micalg');
  });

  test('LF among the CRLF of the signed part', () => {
    const mixed = agreed(edited(message, 'last line\r\n', 'last line\n'), root);
    expect(mixed.verdict.outcome).toBe('good');
    expect(complaints(mixed)).toContain(
      'warning line ends: LF and CRLF mixed: verified with CRLF, which not everybody does',
    );
  });

  const few = 'a few relays change it, most do not';
  test.each([
    ['8-bit octets', 'Grüße', '8-bit', 'a relay may change it'],
    ['a long line', 'x'.repeat(999), 'line over 998 octets', 'a relay may change it'],
    ['a line that Sendmail breaks', 'x'.repeat(995), 'line over 990 octets', few],
    ['a quoted From line', '>From here', 'From line', few],
    ['two kinds', 'From Grüße', '8-bit, From line', 'a relay may change it'],
    ['white space at the end of a line', 'hello ', 'trailing white space', few],
    ['a From line', 'From here', 'From line', few],
  ])('%s in the signed part (R12, R13)', (_, line, trouble, who) => {
    const by = ['-signer', anna.certificate, '-inkey', anna.key, '-certfile', anna.chain];
    const from = ['-from', 'anna@example.com'];
    const input = `Content-Type: text/plain; charset=utf-8\r\n\r\n${line}\r\n`;
    const report = agreed(openssl(['cms', '-sign', '-crlfeol', ...by, ...from], input), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report).filter(c => c.includes('signed part'))).toEqual([
      `warning signed part: ${trouble}: ${who} (RFC 8551 §3.1.3, §3.1.4)`,
    ]);
  });

  test('no MIME-Version, another protocol', () => {
    const none = agreed(edited(message, 'MIME-Version: 1.0\r\n', ''), root);
    expect(complaints(none)[0]).toMatch(/^warning MIME-Version: missing/);
    const protocol = 'protocol="application/pkcs7-signature"';
    const other = agreed(edited(message, protocol, 'protocol="application/x"'), root);
    expect(complaints(other)[0]).toMatch(/^warning protocol: the protocol parameter says application\/x,/);
  });
});

describe('attributes that a signer should not have signed (R22)', () => {
  const protection = (...algorithms: Buffer[]): Buffer =>
    attribute(oid.algorithmProtection, der.sequence(...algorithms));

  test('good ones, for comparison', () => {
    const good = [...basic(), protection(sha256, der.retag(0xa1, rsaEncryption))];
    expect(agreed(clear(handmade(anna, good)), root).verdict.outcome).toBe('good');
  });

  test('CMSAlgorithmProtection of other algorithms (RFC 6211)', () => {
    // OpenSSL 3.0 does not compare them.
    for (const other of [
      [sha256],
      [sha256, der.retag(0xa1, sha256)],
      [rsaEncryption, der.retag(0xa1, rsaEncryption)],
    ]) {
      const { verdict } = judge(clear(handmade(anna, [...basic(), protection(...other)])), root);
      expect(verdict.text).toBe('signature: bad (the attribute names other algorithms than were used)');
    }
  });

  test('messageDigest missing, or there twice', () => {
    const [contentType, digest] = basic() as [Buffer, Buffer];
    for (const list of [[contentType], [contentType, digest, digest]])
      expect(agreed(clear(handmade(anna, list)), root).verdict.text).toBe(
        'signature: bad (the attribute messageDigest is missing or damaged)',
      );
  });

  test('contentType missing, or of another type', () => {
    const [contentType, digest] = basic() as [Buffer, Buffer];
    const other = attribute(oid.contentType, der.objectIdentifier('1.2.840.113549.1.7.5'));
    const text = 'signature: bad (the attribute contentType is missing, damaged, or names another type)';
    for (const list of [[digest], [contentType, contentType, digest]])
      expect(agreed(clear(handmade(anna, list)), root).verdict.text).toBe(text);
    // OpenSSL 3.0 does not compare the types, which RFC 5652 §11.1 asks for.
    expect(judge(clear(handmade(anna, [other, digest])), root).verdict.text).toBe(text);
  });

  test('the order is not that of DER: OpenSSL takes it, others sort and find another signature', () => {
    const [contentType, digest] = basic() as [Buffer, Buffer];
    const report = agreed(clear(handmade(anna, [digest, contentType])), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)).toContain(
      'warning attributes: not in the order of DER: some clients find the signature bad',
    );
  });

  test('no signer at all', () => {
    const certificates = openssl(['crl2pkcs7', '-nocrl', '-certfile', anna.certificate, '-outform', 'DER']);
    expect(agreed(clear(certificates), root).verdict.text).toBe(
      'signature: bad (the signature has no signer)',
    );
  });
});

describe('content in the signature part too', () => {
  test('the same: told', () => {
    const report = agreed(clear(handmade(anna, basic(), { content: Buffer.from(entity) })), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)).toContain(
      'warning content: the signature part holds the signed part a second time',
    );
  });

  test('other content: some clients show it, and OpenSSL does not see it', () => {
    const report = judge(clear(handmade(anna, basic(), { content: Buffer.from('other') })), root);
    expect(report.verdict.text).toBe(
      'message: damaged (the signature part holds other content than the signed part)',
    );
  });

  test('of another type than data', () => {
    const type = der.objectIdentifier('1.2.840.113549.1.9.16.1.4');
    const [, digest] = basic() as [Buffer, Buffer];
    const attributes = [attribute(oid.contentType, type), digest];
    const report = agreed(clear(handmade(anna, attributes, { contentType: type })), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)[0]).toBe(
      'warning content type: 1.2.840.113549.1.9.16.1.4, S/MIME has data (RFC 8551 §2.4.1)',
    );
  });
});
