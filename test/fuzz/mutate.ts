// Damage as messages suffer it, and as nobody would think of it: an arbitrary of functions over octets.
import * as fc from 'fast-check';

export type Mutation = (message: Buffer) => Buffer;

const at = (message: Buffer, where: number): number => Math.floor(where * message.length);

/** In the header, or anywhere: most of what is decided is decided by headers. */
const place = fc.oneof(
  { weight: 1, arbitrary: fc.double({ min: 0, max: 0.15, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
);

/** Octets that mean something somewhere, or are too many. */
const troublesome = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '--',
  '=',
  '=\r\n',
  ' ',
  '\t',
  ' \r\n',
  '"',
  '\\',
  ';',
  '(',
  ':',
  '\0',
  '\xe9',
  '\xef\xbb\xbf',
  '.\r\n',
  '--b1\r\n',
  '--b1--\r\n',
  '\r\nFrom ',
  'x'.repeat(999),
  '\xe9'.repeat(70),
  '\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\n',
  '\r\nContent-Type: multipart/signed; boundary=b1\r\n\r\n--b1\r\n',
  '\r\nContent-Type: multipart/digest; boundary="b1"\r\n\r\n--b1\r\n',
  '\r\nContent-Type: message/rfc822\r\n\r\n>From a\r\n',
  '\r\nContent-Type (a): text/html; charset=utf-8; charset=utf-16',
  '\r\nContent-Transfer-Encoding: base64\r\n',
  '\r\nContent-Transfer-Encoding: quoted-printable\r\n',
  '\r\nContent-Transfer-Encoding: 8bit\r\n',
  '\r\nSubject: \xe9\r\n',
);

const overwrite = fc
  .tuple(place, fc.integer({ min: 0, max: 255 }))
  .map(([where, octet]): Mutation => message => {
    const copy = Buffer.from(message);
    if (copy.length > 0) copy[Math.min(at(copy, where), copy.length - 1)] = octet;
    return copy;
  });

const insert = fc.tuple(place, troublesome).map(([where, text]): Mutation => message => {
  const i = at(message, where);
  return Buffer.concat([message.subarray(0, i), Buffer.from(text, 'latin1'), message.subarray(i)]);
});

const cut = fc.tuple(place, fc.nat(60)).map(([where, length]): Mutation => message => {
  const i = at(message, where);
  return Buffer.concat([message.subarray(0, i), message.subarray(i + length)]);
});

const truncate = place.map(
  (where): Mutation =>
    message =>
      message.subarray(0, at(message, where)),
);

const repeat = fc
  .tuple(place, fc.nat(200), fc.integer({ min: 2, max: 40 }))
  .map(([where, length, times]): Mutation => message => {
    const i = at(message, where);
    const run = message.subarray(i, i + length);
    return Buffer.concat([
      message.subarray(0, i),
      ...new Array<Buffer>(times).fill(run),
      message.subarray(i),
    ]);
  });

/** Inside another message, and that one in another: deeper than anybody opens. */
const wrap = fc.integer({ min: 1, max: 25 }).map((times): Mutation => message => {
  const shell = Buffer.from('From: a@example.com\r\nContent-Type: message/rfc822\r\n\r\n');
  return Buffer.concat([...new Array<Buffer>(times).fill(shell), message]);
});

const splice = (originals: readonly Buffer[]): fc.Arbitrary<Mutation> =>
  fc.tuple(place, fc.nat(), place).map(([where, other, from]): Mutation => message => {
    const tail = originals[other % originals.length]!;
    return Buffer.concat([message.subarray(0, at(message, where)), tail.subarray(at(tail, from))]);
  });

/** An original after up to six mutations. */
export function mutated(originals: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const mutation = fc.oneof(
    { weight: 4, arbitrary: overwrite },
    { weight: 6, arbitrary: insert },
    { weight: 4, arbitrary: cut },
    { weight: 1, arbitrary: truncate },
    { weight: 1, arbitrary: repeat },
    { weight: 1, arbitrary: wrap },
    { weight: 3, arbitrary: splice(originals) },
  );
  return fc
    .tuple(fc.nat(originals.length - 1), fc.array(mutation, { minLength: 1, maxLength: 6 }))
    .map(([i, mutations]) => mutations.reduce<Buffer>((bytes, mutate) => mutate(bytes), originals[i]!));
}
