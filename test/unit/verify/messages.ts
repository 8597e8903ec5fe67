// Signed messages for the tests of the verifier, made by openssl or by hand, and both verdicts on them side by side.
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { addressesOf } from '../../../src/certs/certificate.js';
import * as der from '../../../src/cms/der.js';
import { toLines } from '../../../src/mime/base64.js';
import { readCertificate } from '../../../src/verify/certificate.js';
import type { Report } from '../../../src/verify/report.js';
import { verify, type VerifyOptions } from '../../../src/verify/verify.js';
import { openssl, type Issued } from '../../support/pki.js';
import { canonical } from '../../support/verifiers.js';

export const entity = 'Content-Type: text/plain; charset=us-ascii\r\n\r\nHello.\r\n\r\n.dot\r\nlast line\r\n';

/** A message from anna@example.com as `openssl cms -sign` makes it, with CRLF; a certificate that is its own chain goes alone. */
export function signedBy(signer: Issued, ...options: string[]): Buffer {
  const chain = signer.chain === signer.certificate ? [] : ['-certfile', signer.chain];
  const by = ['-signer', signer.certificate, '-inkey', signer.key, ...chain];
  const from = options.includes('-from') ? [] : ['-from', 'anna@example.com'];
  // Its option -crlfeol leaves the first fields out.
  return canonical(openssl(['cms', '-sign', '-crlfeol', ...by, ...from, ...options], entity));
}

/** Our verdict, with the roots of a PEM file. */
export function judge(message: Buffer, ca: string, options: Partial<VerifyOptions> = {}): Report {
  return verify(message, {
    trusted: certificatesOf(ca),
    now: new Date(),
    addressesOf,
    ...options,
  });
}

/** OpenSSL's verdict, which is told whom to expect: it does not look at From by itself. */
export function opensslAccepts(message: Buffer, ca: string, ...options: string[]): boolean {
  const from = /^From: (?:.*<)?([^<>\r\n]+)/m.exec(message.toString('latin1'))?.[1];
  const email = from === undefined ? [] : ['-verify_email', from];
  const args = ['cms', '-verify', '-CAfile', ca, ...email, ...options, '-out', '/dev/null'];
  try {
    execFileSync('openssl', args, { input: message, stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** Our report, after both were found to agree on whether the message verifies. */
export function agreed(message: Buffer, ca: string, ...options: string[]): Report {
  const report = judge(message, ca);
  const ours = report.verdict.outcome === 'good';
  expect({ accepts: ours, because: report.verdict.text }).toEqual({
    accepts: opensslAccepts(message, ca, ...options),
    because: report.verdict.text,
  });
  return report;
}

/** What is not `ok`, as `warning about: text`. */
export function complaints({ checks, signers }: Report): string[] {
  return [...checks, ...signers.flatMap(s => s.checks)]
    .filter(check => check.result !== 'ok')
    .map(({ result, about, text }) => `${result} ${about}: ${text}`);
}

/** Replaces text that has to be there, once. */
export function edited(message: Buffer, from: string, to: string): Buffer {
  const text = message.toString('latin1');
  expect(text).toContain(from);
  return Buffer.from(
    text.replace(from, () => to),
    'latin1',
  );
}

/** Changes the CMS of a clear-signed message of openssl's. */
export function withCms(message: Buffer, change: (cms: Buffer) => Buffer): Buffer {
  const text = message.toString('latin1');
  const [, before, base64, after] = /^([^]*smime\.p7s"\r\n\r\n)([^]*?)(\r\n\r\n--[^]*)$/.exec(text)!;
  return Buffer.from(`${before!}${toLines(change(Buffer.from(base64!, 'base64')))}${after!}`, 'latin1');
}

/** The last octet of a value that has to be there is changed. */
export function flippedAt(bytes: Buffer, value: Buffer): Buffer {
  const at = bytes.indexOf(value);
  expect(at).toBeGreaterThan(0);
  const copy = Buffer.from(bytes);
  copy[at + value.length - 1]! ^= 1;
  return copy;
}

export function derOf(issued: Pick<Issued, 'certificate'>): Buffer {
  return certificatesOf(issued.certificate)[0]!.raw;
}

function certificatesOf(pem: string): X509Certificate[] {
  const blocks = readFileSync(pem, 'utf8').match(/-----BEGIN[^]+?-----END.*/g) ?? [];
  return blocks.map(block => new X509Certificate(block));
}

export const oid = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  algorithmProtection: '1.2.840.113549.1.9.52',
};

export const attribute = (type: string, ...values: Buffer[]): Buffer =>
  der.sequence(der.objectIdentifier(type), der.setOf(...values));

const data = der.objectIdentifier('1.2.840.113549.1.7.1');
const algorithm = (dotted: string): Buffer => der.sequence(der.objectIdentifier(dotted));
export const sha256 = algorithm('2.16.840.1.101.3.4.2.1');
const sha512 = algorithm('2.16.840.1.101.3.4.2.3');
export const rsaEncryption = algorithm('1.2.840.113549.1.1.1');

/** The attributes that every signature has. */
export const basic = (digest = 'sha256', content = entity): Buffer[] => [
  attribute(oid.contentType, data),
  attribute(oid.messageDigest, der.octetString(createHash(digest).update(content).digest())),
];

/** SignedData made by hand, to say what no program would sign: any attributes, in any order. */
export function handmade(
  signer: Issued,
  attributes: readonly Buffer[],
  { ed25519 = false, contentType = data, content = Buffer.alloc(0) } = {},
): Buffer {
  const certificates = [signer.certificate, signer.chain].flatMap(certificatesOf);
  const key = createPrivateKey(readFileSync(signer.key));
  const { issuerName, serialNumber } = readCertificate(derOf(signer));
  const encoded = der.tlv(0x31, ...attributes);
  const digest = ed25519 ? sha512 : sha256;
  return der.sequence(
    der.objectIdentifier('1.2.840.113549.1.7.2'),
    der.contextConstructed(
      0,
      der.sequence(
        der.integer(1),
        der.setOf(digest),
        der.sequence(
          contentType,
          ...(content.length > 0 ? [der.contextConstructed(0, der.octetString(content))] : []),
        ),
        der.contextConstructed(0, ...certificates.map(c => c.raw)),
        der.setOf(
          der.sequence(
            der.integer(1),
            der.sequence(issuerName, serialNumber),
            digest,
            der.retag(0xa0, encoded),
            ed25519 ? algorithm('1.3.101.112') : rsaEncryption,
            der.octetString(sign(ed25519 ? null : 'sha256', encoded, key)),
          ),
        ),
      ),
    ),
  );
}

/** A clear-signed message around it. */
export function clear(cms: Buffer, header = 'From: anna@example.com\r\n'): Buffer {
  return Buffer.from(
    `${header}MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n` +
      ` micalg=sha-256; boundary="b1"\r\n\r\n--b1\r\n${entity}\r\n--b1\r\n` +
      'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
      `${toLines(cms)}\r\n--b1--\r\n`,
  );
}
