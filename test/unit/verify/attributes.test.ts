// What is read out of signed attributes, and what is said of those that cannot be read (R22, R23).
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import * as der from '../../../src/cms/der.js';
import type { Report } from '../../../src/verify/report.js';
import type { Issued } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { attribute, basic, clear, complaints, derOf, handmade, judge, oid, signedBy } from './messages.js';

const pki = temporaryPki();
let anna: Issued;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
});

const withAttributes = (...more: Buffer[]): Report =>
  judge(clear(handmade(anna, [...basic(), ...more])), pki.root.certificate, { signatureOnly: true });

const text = (tag: number, value: string): Buffer => der.tlv(tag, Buffer.from(value));
const utcTime = (value: string): Buffer => text(0x17, value);
const generalizedTime = (value: string): Buffer => text(0x18, value);

describe('signingTime (R23, RFC 5652 §11.3)', () => {
  test.each([
    [utcTime('261123103000Z'), '2026-11-23T10:30:00.000Z'],
    [utcTime('491231235959Z'), '2049-12-31T23:59:59.000Z'],
    [utcTime('500101000000Z'), '1950-01-01T00:00:00.000Z'],
    [generalizedTime('20500101000000Z'), '2050-01-01T00:00:00.000Z'],
  ])('%o is %s', (value, want) => {
    const { signers } = withAttributes(attribute(oid.signingTime, value));
    expect(signers[0]!.attributes.signingTime?.toISOString()).toBe(want);
  });

  test.each([
    ['without seconds', utcTime('2611231030Z')],
    ['in a zone', utcTime('261123103000+0100')],
    ['on no day', utcTime('261341103000Z')],
    ['in no form', generalizedTime('tomorrow')],
  ])('%s it cannot be read', (_, value) => {
    const { verdict } = withAttributes(attribute(oid.signingTime, value));
    expect(verdict.text).toBe(
      'signature: bad (the attribute signingTime cannot be read, or comes more than once)',
    );
  });

  test('twice, or with two values, nobody knows which one counts', () => {
    const [one, two] = [utcTime('261123103000Z'), utcTime('261123103001Z')];
    for (const list of [
      [attribute(oid.signingTime, one), attribute(oid.signingTime, two)],
      [attribute(oid.signingTime, one, two)],
    ])
      expect(withAttributes(...list).verdict.outcome).toBe('bad signature');
  });
});

test('signingCertificate of old, by SHA-1 (RFC 5035 §5)', () => {
  const naming = (certificate: Buffer): Report => {
    const hash = createHash('sha1').update(certificate).digest();
    return withAttributes(
      attribute(oid.signingCertificate, der.sequence(der.sequence(der.sequence(der.octetString(hash))))),
    );
  };
  expect(naming(derOf(anna)).verdict.outcome).toBe('good');
  expect(naming(derOf(pki.root)).verdict.text).toBe(
    'signature: bad (the attribute names another certificate)',
  );
});

test('SMIMECapabilities are named, and harmless when they are damaged', () => {
  const report = judge(signedBy(anna), pki.root.certificate);
  expect(report.signers[0]!.attributes.capabilities?.[0]).toBe('2.16.840.1.101.3.4.1.42');
  const damaged = withAttributes(attribute('1.2.840.113549.1.9.15', der.octetString(Buffer.from('x'))));
  expect(damaged.verdict.outcome).toBe('good');
  expect(complaints(damaged)).toContain('warning SMIMECapabilities: the attribute cannot be read');
});

test('others are listed', () => {
  const { signers, verdict } = withAttributes(attribute('1.2.3.4', der.nullValue));
  expect(signers[0]!.otherAttributes).toEqual(['1.2.3.4']);
  expect(verdict.outcome).toBe('good');
});
