import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import forge from 'node-forge';
import { describe, expect, it } from 'vitest';
import * as asn1 from '../../src/asn1.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('asn1', () => {
  it('gives DER back byte for byte', () => {
    // a Name with a multi-valued RDN whose parts are out of order, a negative and a 20-octet INTEGER
    const name = '300e 310c 3004 0c02 7a7a 3004 0c02 6161';
    for (const text of [name, '0201ff', `0214 ${'7f'.repeat(20)}`, '0101ff', '030204f0', 'a0030c0141']) {
      expect(asn1.encode(asn1.parse(hex(text))).toString('hex')).toBe(text.replace(/\s/g, ''));
    }
  });

  it('does not give BER back as it was, which the caller must notice', () => {
    expect(asn1.encode(asn1.parse(hex('0281 0105')))).toEqual(hex('020105'));
  });

  it('joins an OCTET STRING in pieces, of definite and indefinite length', () => {
    expect(asn1.contents(asn1.parse(hex('2408 0402 6162 0402 6364'))).toString()).toBe('abcd');
    expect(asn1.contents(asn1.parse(hex('2480 0402 6162 0402 6364 0000'))).toString()).toBe('abcd');
  });

  it('leaves BIT STRINGs alone, where forge would guess', () => {
    const bits = hex('0303 00 0500');
    expect(forge.asn1.fromDer(bits.toString('latin1')).composed).toBe(true);
    expect(asn1.contents(asn1.parse(bits))).toEqual(hex('00 0500'));
  });

  it('reads integers up to 48 bits, and takes larger ones for infinite', () => {
    expect(asn1.integer(asn1.parse(hex('020203e8')))).toBe(1000);
    expect(asn1.integer(asn1.parse(hex('0206 7fffffffffff')))).toBe(2 ** 47 - 1);
    expect(asn1.integer(asn1.parse(hex('0209 00ffffffffffffffff')))).toBe(Infinity);
    expect(() => asn1.integer(asn1.parse(hex('0201ff')))).toThrow('positive');
    expect(() => asn1.integer(asn1.parse(hex('0401ff')))).toThrow('INTEGER');
  });

  it('refuses nesting without end, cut values and bytes behind the value', () => {
    expect(() => asn1.parse(Buffer.alloc(100_000, hex('3080')))).toThrow();
    expect(() => asn1.parse(hex('300a0101'))).toThrow();
    expect(() => asn1.parse(hex('0101ff00'))).toThrow();
  });

  it('tells types apart', () => {
    expect(() => asn1.oid(asn1.parse(hex('0201ff')))).toThrow('OBJECT IDENTIFIER');
    expect(() => asn1.children(asn1.parse(hex('0201ff')))).toThrow('constructed');
    expect(() => asn1.contents(undefined)).toThrow('missing');
    expect(asn1.isTagged(asn1.parse(hex('a0020500')), 0)).toBe(true);
    expect(asn1.isTagged(asn1.parse(hex('02020500')), 2)).toBe(false);
  });
});

describe('node:crypto', () => {
  it('keeps the bytes of a certificate as they are', () => {
    // A certificate of the system's store, where there is one, made by neither of us.
    let pem: string;
    try {
      pem = readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8');
    } catch {
      return;
    }
    for (const block of pem.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []) {
      const { raw } = new X509Certificate(block);
      expect(asn1.encode(asn1.parse(raw)).equals(raw)).toBe(true);
    }
  });
});
