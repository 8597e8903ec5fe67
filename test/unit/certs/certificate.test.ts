import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Address } from '../../../src/address.js';
import { readFacts, title, type Facts } from '../../../src/certs/certificate.js';
import type { Request } from '../../support/pki.js';
import { openssl } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
let count = 0;
const issue = (request: Partial<Request>): X509Certificate => {
  const { certificate } = pki.issue({ name: `leaf${count++}`, key: 'p256', ...request });
  return new X509Certificate(readFileSync(certificate));
};
const facts = (request: Partial<Request>): Facts => readFacts(issue(request));
const addresses = (request: Partial<Request>): string[] => facts(request).addresses.map(a => a.key);

/** The fields of the TBSCertificate, cut by openssl's idea of where they are. */
function fields(x509: X509Certificate): Buffer[] {
  const listing = openssl(['asn1parse', '-inform', 'DER'], x509.raw).toString();
  // `   13:d=2  hl=2 l=  16 prim:  INTEGER`
  return [...listing.matchAll(/^ *(\d+):d=2 +hl=(\d+) +l= *(\d+)/gm)].map(([, at, header, length]) =>
    x509.raw.subarray(Number(at), Number(at) + Number(header) + Number(length)),
  );
}

describe('issuer and serial number (R21)', () => {
  it('are cut out byte for byte', () => {
    const x509 = issue({ serial: '00ff00' });
    const { issuer, serialNumber } = readFacts(x509);
    expect(serialNumber.toString('hex')).toBe('020300ff00');
    const [, serialField, , issuerField] = fields(x509);
    expect(serialNumber.equals(serialField!)).toBe(true);
    expect(issuer.equals(issuerField!)).toBe(true);
  });

  it('keep a multi-valued RDN, and a serial number that is negative, nought or 20 octets long', () => {
    for (const [serial, der] of [
      ['-129', '0202ff7f'],
      [`0x7f${'ab'.repeat(19)}`, `02147f${'ab'.repeat(19)}`],
      ['0', '020100'],
    ] as const) {
      const args = ['-subj', '/O=Odd/CN=zz+OU=a+emailAddress=odd@example.com', '-set_serial', serial];
      const x509 = new X509Certificate(
        openssl(['req', '-x509', '-new', '-key', pki.intermediate.key, ...args]),
      );
      const { issuer, serialNumber, addresses: named } = readFacts(x509);
      expect(serialNumber.toString('hex')).toBe(der);
      expect(issuer.equals(fields(x509)[3]!)).toBe(true);
      expect(named.map(String)).toEqual(['odd@example.com']);
    }
  });
});

describe('addresses (R5, R6)', () => {
  it('come from the SAN, each once', () => {
    expect(addresses({ addresses: ['Anna@Example.COM', 'b@example.com', 'b@EXAMPLE.com'] })).toEqual([
      'anna@example.com',
      'b@example.com',
    ]);
  });

  it('that differ in the case of the local part stay apart, for rules that tell them apart', () => {
    const { addresses: named } = facts({ addresses: ['Anna@example.com', 'anna@example.com'] });
    expect(named.map(a => a.localPart)).toEqual(['Anna', 'anna']);
  });

  it('come from the subject where the SAN has none', () => {
    const subject = '/CN=x/emailAddress=old@example.com';
    expect(addresses({ subject })).toEqual(['old@example.com']);
    expect(addresses({ subject, extensions: ['subjectAltName=DNS:example.com'] })).toEqual([
      'old@example.com',
    ]);
    expect(addresses({ subject, addresses: ['new@example.com'] })).toEqual(['new@example.com']);
  });

  it('are not to be had by what looks like one in the printable form', () => {
    const extensions = [
      'subjectAltName=@tricky',
      '[tricky]',
      'DNS=a.example\\, email:ceo@example.com',
      'email=a@b.example',
    ];
    expect(addresses({ extensions })).toEqual(['a@b.example']);
  });

  it('can be internationalised (RFC 9598)', () => {
    expect(addresses({ addresses: ['jürgen@bücher.example'] })).toEqual(['jürgen@xn--bcher-kva.example']);
  });

  it('compare by the A-labels of their domain, in whichever form it stands where', () => {
    const key = Address.parse('anna@BÜCHER.example')!.key;
    expect(addresses({ addresses: ['anna@xn--bcher-kva.example'] })).toEqual([key]);
    expect(addresses({ addresses: ['jürgen@xn--bcher-kva.example', 'jürgen@BÜCHER.example'] })).toEqual([
      Address.parse('jürgen@bücher.example')!.key,
    ]);
  });

  it('of the subject are all of them, and count no more where the SAN has one that cannot be read', () => {
    const subject = '/CN=x/emailAddress=a@example.com/OU=y/emailAddress=b@example.com';
    expect(addresses({ subject })).toEqual(['a@example.com', 'b@example.com']);
    expect(facts({ subject, addresses: ['no mailbox'] })).toMatchObject({
      addresses: [],
      unreadable: ['no mailbox'],
    });
  });

  it('beyond ASCII do not stand in an rfc822Name', () => {
    const extensions = ['subjectAltName=email:jürgen@example.com,email:a@bücher.example,email:b@example.com'];
    const { addresses: named, unreadable } = facts({ extensions });
    expect(named.map(String)).toEqual(['b@example.com']);
    expect(unreadable).toEqual(['jürgen@example.com', 'a@bücher.example']);
  });

  it('with controls in them are told in one line', () => {
    const { unreadable } = facts({ addresses: ['a\u007fb@example.com', 'ä\u0085\u2028\u202eb@example.com'] });
    expect(unreadable).toEqual(['a\\u007fb@example.com', 'ä\\u0085\\u2028\\u202eb@example.com']);
  });

  it('that are none are told and left out', () => {
    const { addresses: named, unreadable } = facts({
      addresses: ['a b@example.com', 'postmaster', 'a@b.example'],
    });
    expect(named.map(String)).toEqual(['a@b.example']);
    expect(unreadable).toEqual(['a b@example.com', 'postmaster']);
  });
});

describe('usage (R7)', () => {
  const unfit = (request: Partial<Request>): readonly string[] => facts(request).unfit;

  it.each([
    [{ keyUsage: null, eku: null, basicConstraints: null }],
    [{ keyUsage: 'digitalSignature' }],
    [{ keyUsage: 'nonRepudiation' }],
    [{ eku: 'clientAuth,emailProtection' }],
    [{ eku: 'anyExtendedKeyUsage' }],
    [{ basicConstraints: 'critical,CA:FALSE' }],
  ])('%j may sign', request => {
    expect(unfit(request)).toEqual([]);
  });

  it.each([
    [{ keyUsage: 'keyAgreement' }, /keyUsage/],
    [{ keyUsage: 'decipherOnly' }, /keyUsage/],
    [{ eku: 'timeStamping' }, /emailProtection/],
    [{ basicConstraints: 'critical,CA:TRUE,pathlen:0' }, /authority/],
  ])('%j may not', (request, why) => {
    expect(unfit(request)).toHaveLength(1);
    expect(unfit(request)[0]).toMatch(why);
  });

  it('refuses a certificate that has an extension twice', () => {
    const x509 = issue({ addresses: ['a@b.example'], keyUsage: 'keyAgreement' });
    // subjectKeyIdentifier (2.5.29.14) becomes a second keyUsage (2.5.29.15)
    const raw = Buffer.from(x509.raw);
    const at = raw.indexOf(Buffer.from('0603551d0e', 'hex'));
    expect(at).toBeGreaterThan(0);
    raw[at + 4] = 0x0f;
    expect(() => readFacts(new X509Certificate(raw))).toThrow('is damaged');
  });
});

describe('subject and dates', () => {
  it('are readable on one line', () => {
    const read = facts({
      subject: '/O=Ünï\n/CN=Anna',
      notBefore: new Date('2026-01-02T03:04:05Z'),
      notAfter: new Date('2060-12-31T23:59:59Z'),
    });
    expect(read.subject).toMatch(/^O=Ünï.*, CN=Anna$/);
    expect(read.subject).not.toContain('\n');
    expect(read.notBefore.toISOString()).toBe('2026-01-02T03:04:05.000Z');
    expect(read.notAfter.toISOString()).toBe('2060-12-31T23:59:59.000Z');
  });

  it('may be absent', () => {
    const x509 = issue({ subject: '/', addresses: ['a@b.example'] });
    expect(readFacts(x509).subject).toBe('');
    expect(title(x509)).toBe('without a subject');
  });
});
