// The DER writer, read back by node-forge or compared with bytes known from X.690.
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';
import {
  contextConstructed,
  integer,
  objectIdentifier,
  retag,
  sequence,
  setOf,
  time,
  tlv,
} from '../../../src/cms/der.js';

const hex = (bytes: Buffer) => bytes.toString('hex');

describe('lengths', () => {
  test.each([
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65536, '0483010000'],
  ])('%d octets', (size, want) => {
    const encoded = tlv(0x04, Buffer.alloc(size));
    expect(hex(encoded.subarray(0, encoded.length - size))).toBe(want);
  });
});

describe('object identifiers', () => {
  test.each([
    '1.2.840.113549.1.7.2',
    '2.16.840.1.101.3.4.2.1',
    '2.999.3',
    '0.9.2342.19200300.100.1.1',
    '1.3.127.128.16384',
  ])('%s', oid => {
    const parsed = forge.asn1.fromDer(objectIdentifier(oid).toString('latin1'));
    // forge reads the first octet as one number: 2.999 is beyond it.
    if (oid === '2.999.3') expect(hex(objectIdentifier(oid))).toBe('0603883703');
    else expect(forge.asn1.derToOid(parsed.value as string)).toBe(oid);
  });
});

test('SET OF puts its elements in the order of their encodings (X.690 §11.6)', () => {
  const [a, b, c] = [
    tlv(0x04, Buffer.from([2])),
    tlv(0x04, Buffer.from([1, 9])),
    tlv(0x02, Buffer.from([5])),
  ];
  expect(hex(setOf(a, b, c))).toBe('310a' + '020105' + '040102' + '04020109');
});

test('small integers, and only these', () => {
  expect(hex(integer(0))).toBe('020100');
  expect(hex(integer(127))).toBe('02017f');
  expect(() => integer(128)).toThrow(RangeError);
});

test('tagging: explicit around, implicit instead', () => {
  expect(hex(contextConstructed(0, integer(1)))).toBe('a003020101');
  expect(hex(retag(0xa1, sequence(integer(1))))).toBe('a103020101');
});

describe('time: UTCTime through 2049, then GeneralizedTime (R23, RFC 5652 §11.3)', () => {
  test.each([
    ['2026-11-24T10:30:59.999Z', 0x17, '261124103059Z'],
    ['2049-12-31T23:59:59Z', 0x17, '491231235959Z'],
    ['2050-01-01T00:00:00Z', 0x18, '20500101000000Z'],
  ])('%s', (iso, tag, text) => {
    const encoded = time(new Date(iso));
    expect(encoded[0]).toBe(tag);
    expect(encoded.subarray(2).toString()).toBe(text);
  });
});
