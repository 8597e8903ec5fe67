// CMS that was put together wrong on purpose, and signed: OpenSSL refuses it, and so it is refused here.
import { constants, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as der from '../../../src/cms/der.js';
import type { Issued } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { readCertificate } from '../../../src/verify/certificate.js';
import { agreed, attribute, basic, clear, derOf, entity, judge, rsaEncryption, sha256 } from './messages.js';

const pki = temporaryPki();
let anna: Issued;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], issuer: pki.root });
});

const [data, signedData] = ['1.2.840.113549.1.7.1', '1.2.840.113549.1.7.2'].map(der.objectIdentifier);
const sha512 = der.sequence(der.objectIdentifier('2.16.840.1.101.3.4.2.3'));
const utf8 = (octets: Buffer): Buffer => der.tlv(0x0c, octets);

interface Pieces {
  readonly version: Buffer;
  readonly digests: Buffer;
  /** What is in [0] of the content, if there is a [0]. */
  readonly content: readonly Buffer[];
  readonly signerVersion: Buffer;
  readonly digest: Buffer;
  /** As they stand in the message, and what is signed instead of that. */
  readonly attributes: Buffer;
  readonly signed?: Buffer;
  readonly algorithm: Buffer;
  readonly signatureTag: number;
  readonly afterSignature: readonly Buffer[];
  readonly after: readonly Buffer[];
}

const usual = (): Pieces => ({
  version: der.integer(1),
  digests: der.setOf(sha256),
  content: [],
  signerVersion: der.integer(1),
  digest: sha256,
  attributes: der.setOf(...basic()),
  algorithm: rsaEncryption,
  signatureTag: 0x04,
  afterSignature: [],
  after: [],
});

/** A message around a CMS with something about it. */
function crafted(odd: Partial<Pieces>): Buffer {
  const p = { ...usual(), ...odd };
  const { issuerName, serialNumber } = readCertificate(derOf(anna));
  const key = createPrivateKey(readFileSync(anna.key));
  const pss =
    p.algorithm === rsaEncryption ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const signature = sign('sha256', p.signed ?? p.attributes, { key, ...pss });
  const signer = der.sequence(
    p.signerVersion,
    der.sequence(issuerName, serialNumber),
    p.digest,
    der.retag(0xa0, p.attributes),
    p.algorithm,
    der.tlv(p.signatureTag, signature),
    ...p.afterSignature,
  );
  const content = p.content.length > 0 ? [der.contextConstructed(0, ...p.content)] : [];
  const fields = [
    p.version,
    p.digests,
    der.sequence(data!, ...content),
    der.contextConstructed(0, derOf(anna)),
    der.setOf(signer),
    ...p.after,
  ];
  return clear(der.sequence(signedData!, der.contextConstructed(0, der.sequence(...fields))));
}

const verdict = (odd: Partial<Pieces>): string => agreed(crafted(odd), pki.root.certificate).verdict.outcome;

const content = Buffer.from(entity);
/** RSASSA-PSS-params: hash, mask, then these. */
const pss = (...fields: Buffer[]): Buffer =>
  der.sequence(
    der.objectIdentifier('1.2.840.113549.1.1.10'),
    der.sequence(
      der.contextConstructed(0, sha256),
      der.contextConstructed(1, der.sequence(der.objectIdentifier('1.2.840.113549.1.1.8'), sha256)),
      ...fields,
    ),
  );
const salt = der.contextConstructed(2, der.integer(32));
const trailer = (n: number): Buffer => der.contextConstructed(3, der.integer(n));

describe('good, for comparison', () => {
  test.each<[string, Partial<Pieces>]>([
    ['nothing about it', {}],
    ['two digests', { digests: der.setOf(sha256, sha512) }],
    ['with its content', { content: [der.octetString(content)] }],
    ['RSA-PSS', { algorithm: pss(salt) }],
    ['RSA-PSS, trailer 1', { algorithm: pss(salt, trailer(1)) }],
    [
      'unsigned attribute',
      { afterSignature: [der.retag(0xa1, der.setOf(attribute('1.2.3.4', der.nullValue)))] },
    ],
  ])('%s', (_, odd) => {
    expect(verdict(odd)).toBe('good');
  });
});

describe('refused', () => {
  test.each<[string, Partial<Pieces>]>([
    ['another digest in digestAlgorithms', { digests: der.setOf(sha512) }],
    ['no digest in digestAlgorithms', { digests: der.setOf() }],
    ['content as SEQUENCE', { content: [der.sequence(der.octetString(content))] }],
    ['content as UTF8String', { content: [utf8(content)] }],
    ['content twice', { content: [der.octetString(content), der.octetString(content)] }],
    ['signature as UTF8String', { signatureTag: 0x0c }],
    ['RSA-PSS, trailer 2', { algorithm: pss(salt, trailer(2)) }],
    ['RSA-PSS, two salts', { algorithm: pss(salt, salt) }],
    ['octets behind the signature', { afterSignature: [der.octetString(content)] }],
    ['unsigned attributes that are none', { afterSignature: [der.contextConstructed(1, der.integer(1))] }],
    ['octets behind the signers', { after: [der.nullValue] }],
    ['digestAlgorithms as SEQUENCE', { digests: der.sequence(sha256) }],
    ['a version with a zero in front', { version: der.tlv(0x02, Buffer.from([0, 1])) }],
    [
      'a BOOLEAN beside the digest',
      { digest: der.sequence(der.objectIdentifier('2.16.840.1.101.3.4.2.1'), der.tlv(0x01)) },
    ],
  ])('%s', (_, odd) => {
    expect(verdict(odd)).not.toBe('good');
  });

  test('other octets than were signed: an INTEGER with a zero in front', () => {
    const extra = (value: number[]): Buffer =>
      der.tlv(0x31, ...basic(), attribute('1.2.3.4', der.tlv(0x02, Buffer.from(value))));
    expect(verdict({ attributes: extra([0x28]) })).toBe('good');
    const report = agreed(
      crafted({ attributes: extra([0x00, 0x28]), signed: extra([0x28]) }),
      pki.root.certificate,
    );
    expect(report.verdict.text).toBe(
      'signature: bad (not in DER: what was signed does not stand in the message)',
    );
  });
});

// OpenSSL takes any.
test.each([
  ['SignedData', { version: der.integer(2) }],
  ['SignerInfo', { signerVersion: der.integer(2) }],
])('a version of %s that is not known', (_, odd) => {
  expect(verdictHere(odd)).toBe('damaged');
});

function verdictHere(odd: Partial<Pieces>): string {
  return judge(crafted(odd), pki.root.certificate).verdict.outcome;
}
