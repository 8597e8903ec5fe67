// SignedData read back by node-forge: detached (R21), and around its content in BER (R20).
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digests } from '../../../src/algorithms.js';
import {
  closingSignedData,
  detachedSignedData,
  EncapsulatedContent,
  segmentSize,
} from '../../../src/cms/signed-data.js';
import { signerInfo, type SigningInput } from '../../../src/cms/signer-info.js';
import { chunks, pseudoRandom, unevenChunks } from '../../support/golden-chunks.js';
import { goldenClock, goldenIdentity } from '../../support/golden-filter.js';
import { oid, parse, plain, signer, signers, type Element } from './elements.js';

const { identity, algorithm } = await signer(plain);

function input(content: Buffer, changes: Partial<SigningInput> = {}): SigningInput {
  const contentDigest = createHash('sha256').update(content).digest();
  return { identity, algorithm, contentDigest, signingTime: goldenClock, ...changes };
}

/** The parts of a SignedData in its ContentInfo. */
function partsOf(bytes: Buffer) {
  const [type, explicit] = parse(bytes).children;
  const [version, digestAlgorithms, encapsulated, certificates, signers] = explicit!.children[0]!.children;
  return { type, version, digestAlgorithms, encapsulated, certificates, signers };
}

/** A complete SignedData around that content, which comes in these pieces. */
async function encapsulate(pieces: readonly Buffer[], given: SigningInput): Promise<Buffer> {
  const content = new EncapsulatedContent(given.algorithm.digest);
  const octets = pieces.map(piece => content.write(piece));
  return Buffer.concat([...octets, content.end(), await closingSignedData(given)]);
}

const contentOf = ({ children }: Element): readonly Element[] => children[1]!.children[0]!.children;

describe('detached', () => {
  test('it is of version 1 and without the content, which is id-data (R21)', async () => {
    const given = input(Buffer.from('content'));
    const { type, version, encapsulated, signers } = partsOf(await detachedSignedData(given));
    expect(oid(type)).toBe('1.2.840.113549.1.7.2');
    expect(version!.der).toEqual(Buffer.from([2, 1, 1]));
    expect(encapsulated!.children).toHaveLength(1);
    expect(oid(encapsulated!.children[0])).toBe('1.2.840.113549.1.7.1');
    expect(signers!.children.map(s => s.der)).toEqual([await signerInfo(given)]);
  });

  test.each(signers)(
    'it names the digest first, as the signer does (R25): $key, $digest, $scheme',
    async by => {
      const given = { ...input(Buffer.from('content')), ...(await signer(by)) };
      const { digestAlgorithms, signers } = partsOf(await detachedSignedData(given));
      expect(digestAlgorithms!.children.map(d => d.der)).toEqual([signers!.children[0]!.children[2]!.der]);
    },
  );

  test('it carries the certificate and its chain, in DER order, which is always the same (R9)', async () => {
    const issuer = (await goldenIdentity('ec')).certificate;
    const given = input(Buffer.from('content'), { identity: { ...identity, chain: [issuer] } });
    const { certificates } = partsOf(await detachedSignedData(given));
    expect(certificates!.tag).toBe(0xa0);
    expect(certificates!.children.map(c => c.der)).toEqual(
      [identity.certificate, issuer].sort((a, b) => a.compare(b)),
    );
  });
});

describe('around its content', () => {
  test.each([0, 1, segmentSize - 1, segmentSize, segmentSize + 1, 3 * segmentSize + 7])(
    'it has all %d octets of it, in segments of one size (R20)',
    async size => {
      const content = Buffer.alloc(size, 'content of the message');
      const { encapsulated } = partsOf(await encapsulate([content], input(content)));
      expect(oid(encapsulated!.children[0])).toBe('1.2.840.113549.1.7.1');
      const segments = contentOf(encapsulated!).map(segment => segment.value);
      expect(Buffer.concat(segments).equals(content)).toBe(true);
      expect(segments.slice(0, -1).every(segment => segment.length === segmentSize)).toBe(true);
      expect(segments.every(segment => segment.length > 0)).toBe(true);
    },
  );

  test('it is the detached one but for the content: the rest is DER (R20)', async () => {
    const content = Buffer.from('content');
    const around = partsOf(await encapsulate([content], input(content)));
    const detached = partsOf(await detachedSignedData(input(content)));
    for (const part of ['type', 'version', 'digestAlgorithms', 'certificates', 'signers'] as const)
      expect(around[part]!.der).toEqual(detached[part]!.der);
    // As written, not only as read: DER has definite lengths, each of its shortest form.
    const written = await closingSignedData(input(content));
    expect(written.subarray(0, -6)).toEqual(
      Buffer.concat([detached.certificates!.der, detached.signers!.der]),
    );
    expect(written.subarray(-6)).toEqual(Buffer.alloc(6));
  });

  test('it opens with lengths that are told by their end (X.690 §8.1.3.6)', () => {
    const written = new EncapsulatedContent(digests.sha256).write(Buffer.from('content'));
    expect(written.toString('hex')).toBe(
      '3080' +
        '06092a864886f70d010702' +
        'a080' +
        '3080' +
        '020101' +
        '310d300b0609608648016503040201' + // SignedData
        '3080' +
        '06092a864886f70d010701' +
        'a080' +
        '2480', // EncapsulatedContentInfo
    );
  });

  test('it is the same whatever the chunks', async () => {
    const random = pseudoRandom(20);
    const content = Buffer.from(Array.from({ length: 2 * segmentSize + 100 }, () => random(256)));
    const whole = await encapsulate([content], input(content));
    for (const pieces of [chunks(content, 1), chunks(content, 7), unevenChunks(content, [1, 9000, 40_000])])
      expect((await encapsulate(pieces, input(content))).equals(whole)).toBe(true);
  });

  test('what was handed out stays as it was while more is written', () => {
    const content = new EncapsulatedContent(digests.sha256);
    const first = content.write(Buffer.alloc(segmentSize, 1));
    const copy = Buffer.from(first);
    content.write(Buffer.alloc(segmentSize, 2));
    expect(first.equals(copy)).toBe(true);
  });
});
