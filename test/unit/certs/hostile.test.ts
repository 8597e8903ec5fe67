// Damaged and hostile files: whatever is in them, loading ends with an identity or with words, and soon.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadOctets } from '../../support/load-octets.js';
import { openssl } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';

// `FUZZ_RUNS=100000 npx vitest run test/unit/certs/hostile.test.ts` for a long run.
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 400);
const password = 'Tr0ub4dor';
const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com', 'jürgen@example.com'], key: 'p256' });
const pss = pki.issue({ name: 'pss', addresses: ['pss@example.com'], key: 'rsa-pss' });
const der = (path: string): Buffer => openssl(['x509', '-in', path, '-outform', 'DER']);
const pkcs8 = (...args: string[]): Buffer =>
  openssl(['pkcs8', '-topk8', '-in', anna.key, '-passout', `pass:${password}`, '-outform', 'DER', ...args]);
const p12 = (...args: string[]): Buffer =>
  openssl(['pkcs12', '-export', '-in', anna.pem, '-passout', `pass:${password}`, '-iter', '2', ...args]);
const armour = (label: string, bytes: Buffer): Buffer =>
  Buffer.from(`-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`);
const rest = readFileSync(anna.pem);

type Wrap = (bytes: Buffer) => Buffer;
const bare: Wrap = bytes => bytes;

/** What is changed, and what is put around it then. */
const seeds: readonly (readonly [string, Buffer, Wrap])[] = [
  ['PKCS#12', p12(), bare],
  ['PKCS#12 of old', p12('-legacy'), bare],
  ['PKCS#12 in the clear', p12('-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'), bare],
  ['a certificate in DER', der(anna.certificate), bare],
  ['PEM', rest, bare],
  [
    'a certificate in PEM',
    der(pss.certificate),
    bytes => Buffer.concat([armour('CERTIFICATE', bytes), readFileSync(pss.key)]),
  ],
  [
    'an issuer in PEM',
    der(pki.intermediate.certificate),
    bytes => Buffer.concat([rest, armour('CERTIFICATE', bytes)]),
  ],
  [
    'a key in PEM',
    createPrivateKey(readFileSync(pss.key)).export({ format: 'der', type: 'pkcs8' }),
    bytes => Buffer.concat([readFileSync(pss.certificate), armour('PRIVATE KEY', bytes)]),
  ],
  [
    'an encrypted key',
    pkcs8('-iter', '2'),
    bytes => Buffer.concat([readFileSync(anna.certificate), armour('ENCRYPTED PRIVATE KEY', bytes)]),
  ],
  [
    'a key under scrypt',
    pkcs8('-scrypt', '-scrypt_N', '16', '-scrypt_r', '1', '-scrypt_p', '1'),
    bytes => Buffer.concat([readFileSync(anna.certificate), armour('ENCRYPTED PRIVATE KEY', bytes)]),
  ],
];

const at = fc.nat(4095);
const change = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(7) }),
  // Tags, lengths and what makes them odd: more often than chance would have it.
  fc.record({
    kind: fc.constant('set' as const),
    at,
    value: fc.oneof(
      fc.nat(255),
      fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff),
    ),
  }),
  fc.record({ kind: fc.constant('cut' as const), at, length: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at, length: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('end' as const), at }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: Buffer, changes: readonly Change[]): Buffer {
  let changed = Buffer.from(bytes);
  for (const one of changes) {
    if (changed.length === 0) break;
    const from = one.at % changed.length;
    if (one.kind === 'flip') changed[from]! ^= 1 << one.bit;
    else if (one.kind === 'set') changed[from] = one.value;
    else if (one.kind === 'end') changed = changed.subarray(0, from);
    else {
      const again = one.kind === 'repeat' ? changed.subarray(from, from + one.length) : Buffer.alloc(0);
      changed = Buffer.concat([changed.subarray(0, from), again, again, changed.subarray(from + one.length)]);
    }
  }
  return changed;
}

describe('a changed file ends with an identity or with words', () => {
  it.each(seeds)(
    '%s',
    async (_, seed, wrap) => {
      const outcomes = { identity: 0, problems: 0 };
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async changes => {
          const loaded = await loadOctets(wrap(apply(seed, changes)), password); // never rejects
          outcomes['identity' in loaded ? 'identity' : 'problems']++;
          const told = 'identity' in loaded ? loaded.warnings : loaded.problems;
          if (!('identity' in loaded)) expect(told).not.toEqual([]);
          for (const { message } of told) {
            expect(message).toMatch(/^\/it: [^\p{C}\p{Zl}\p{Zp}]+$/u); // one line of the journal
            expect(message).not.toContain(password);
          }
          if ('identity' in loaded) {
            const { certificate, key } = loaded.identity;
            expect(new X509Certificate(certificate).checkPrivateKey(key)).toBe(true);
          }
        }),
        { numRuns },
      );
      // Changes that break nothing or break all would show nothing.
      expect(outcomes.problems).toBeGreaterThan(0);
    },
    600_000,
  );
});
