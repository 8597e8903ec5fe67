// Golden messages with octets flipped, cut out and spliced: refused in words, or signed 7-bit with the same meaning.
// A few seconds in the normal run; FUZZ_MINUTES=10 npx vitest run test/fuzz for more.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Failure } from '../../src/failure.js';
import type { Field } from '../../src/mime/header.js';
import { chunks, unevenChunks } from '../support/golden-chunks.js';
import { goldenDirectory } from '../support/golden-filter.js';
import { frame, notSevenBit, parseMessage, walkEntity, walkTree } from '../support/golden-sign.js';
import { fuzz, fuzzTimeout } from './fuzz.js';

const originals = readdirSync(goldenDirectory)
  .filter(name => name.endsWith('.eml'))
  .map(name => readFileSync(join(goldenDirectory, name)))
  .filter(message => message.length > 200 && message.length < 5000);

const place = fc.double({ min: 0, max: 1, noNaN: true });
type Mutation = (message: Buffer) => Buffer;
const at = (message: Buffer, where: number): number => Math.floor(where * message.length);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(([where, octet]): Mutation => message => {
    const copy = Buffer.from(message);
    if (copy.length > 0) copy[Math.min(at(copy, where), copy.length - 1)] = octet;
    return copy;
  }),
  fc
    .tuple(
      place,
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\r\n\r\n',
        '--',
        '=',
        ' ',
        '\t',
        '"',
        ';',
        '(',
        '\0',
        '\xe9',
        '--b1\r\n',
        '\r\nFrom ',
        '\r\nContent-Type: message/rfc822\r\n\r\n>From a\r\n',
      ),
    )
    .map(([where, text]): Mutation => message => {
      const i = at(message, where);
      return Buffer.concat([message.subarray(0, i), Buffer.from(text, 'latin1'), message.subarray(i)]);
    }),
  fc.tuple(place, fc.nat(60)).map(([where, length]): Mutation => message => {
    const i = at(message, where);
    return Buffer.concat([message.subarray(0, i), message.subarray(i + length)]);
  }),
  fc.tuple(place, fc.constantFrom(...originals), place).map(([where, other, from]): Mutation => message => {
    return Buffer.concat([message.subarray(0, at(message, where)), other.subarray(at(other, from))]);
  }),
);

/** The output up to the signature, or why there is none. */
function attempt(fields: readonly Field[], pieces: readonly Buffer[]): Buffer | string {
  try {
    return frame(fields, pieces).begun;
  } catch (error) {
    if (error instanceof Failure && error.kind === 'unsignable') return error.message;
    throw error;
  }
}

test(
  'a damaged message is refused in words, or comes out 7-bit and means the same, whatever the pieces',
  () => {
    let signed = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
        (original, mutations, cut) => {
          const message = mutations.reduce<Buffer>((bytes, mutate) => mutate(bytes), original);
          const { fields, body } = parseMessage(message);
          const result = attempt(fields, [body]);
          for (const pieces of [unevenChunks(body, cut), chunks(body, 1)]) {
            // Which of several troubles is named may depend on the pieces; whether there is one may not.
            const again = attempt(fields, pieces);
            if (typeof result === 'string') expect(typeof again).toBe('string');
            else expect(again).toEqual(result);
          }
          if (typeof result === 'string') {
            refused++;
            return;
          }
          signed++;
          const { entity } = frame(fields, [body]);
          expect(notSevenBit(entity)).toEqual([]);
          const inner = fields.filter(f => f.name.startsWith('content-'));
          expect(walkEntity(entity)).toEqual(walkTree(inner, body));
        },
      ),
      fuzz(700),
    );
    expect(signed).toBeGreaterThan(refused);
  },
  fuzzTimeout,
);
