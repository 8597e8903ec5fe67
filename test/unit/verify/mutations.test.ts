// Signed messages with octets flipped, cut out and spliced, in the mail and in the CMS: nothing crashes the verifier,
// and it calls no message good whose signed part is another.
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { verify } from '../../../src/verify/verify.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { entity, signedBy, withCms } from './messages.js';

const pki = temporaryPki();
let clear: Buffer[];
let opaque: Buffer[];

beforeAll(() => {
  const rsa = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
  const ec = pki.issue({ name: 'emma', addresses: ['anna@example.com'], key: 'p256' });
  clear = [signedBy(rsa, '-cades'), signedBy(ec), signedBy(rsa, '-noattr')];
  opaque = [signedBy(ec, '-nodetach'), signedBy(rsa, '-nodetach', '-stream')];
});

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
type Mutation = (bytes: Buffer, others: readonly Buffer[]) => Buffer;
const spliced = (bytes: Buffer, from: number, to: number, ...between: Buffer[]): Buffer =>
  Buffer.concat([bytes.subarray(0, from), ...between, bytes.subarray(to)]);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([where, bits]): Mutation => bytes => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[Math.floor(where * copy.length)]! ^= bits;
    return copy;
  }),
  fc.tuple(place, fc.nat(60)).map(([where, length]): Mutation => bytes => {
    const at = Math.floor(where * bytes.length);
    return spliced(bytes, at, at + length);
  }),
  fc
    .tuple(
      place,
      fc.constantFrom('\n', '\r', '\r\n', '\0', ' ', '=', '--', '\r\n\r\n', ';', '"', '\x30\x80', '\x80'),
    )
    .map(([where, text]): Mutation => bytes => {
      const at = Math.floor(where * bytes.length);
      return spliced(bytes, at, at, Buffer.from(text, 'latin1'));
    }),
  // A piece of itself or of another message, in its place or too much.
  fc
    .tuple(place, place, fc.nat(400), fc.nat(9), fc.boolean())
    .map(([where, from, length, which, instead]): Mutation => (bytes, others) => {
      const other = others[which % others.length]!;
      const [at, start] = [Math.floor(where * bytes.length), Math.floor(from * other.length)];
      return spliced(bytes, at, instead ? at + length : at, other.subarray(start, start + length));
    }),
);
const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });

/** What was accepted, and as what. */
let good: number;

function mustNotBeFooled(message: Buffer): void {
  const options = { trusted: [], now: new Date(), addressesOf: () => [], signatureOnly: true };
  const { verdict, signed } = verify(message, options);
  if (verdict.outcome !== 'good') return;
  good++;
  expect(signed?.toString('latin1')).toBe(entity);
}

const apply = (bytes: Buffer, list: readonly Mutation[], others: readonly Buffer[]): Buffer =>
  list.reduce((changed, mutate) => mutate(changed, others), bytes);

test('changed in the mail', () => {
  good = 0;
  fc.assert(
    fc.property(fc.nat(4), mutations, (which, list) => {
      const all = [...clear, ...opaque];
      mustNotBeFooled(apply(all[which]!, list, all));
    }),
    { numRuns: 1500 },
  );
  // Some changes do not matter: in other fields of the header, in the certificate of an authority.
  expect(good).toBeGreaterThan(20);
}, 60_000);

test('changed in the CMS', () => {
  good = 0;
  fc.assert(
    fc.property(fc.nat(2), mutations, (which, list) => {
      mustNotBeFooled(withCms(clear[which]!, cms => apply(cms, list, [cms])));
    }),
    { numRuns: 1500 },
  );
  expect(good).toBeGreaterThan(20);
}, 60_000);
