// Random MIME trees through the signer: what comes out is 7-bit, means the same, and verifies.
// A few seconds in the normal run; FUZZ_MINUTES=10 npx vitest run test/fuzz for more.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parseHeader } from '../../src/mime/header.js';
import { unevenChunks } from '../support/golden-chunks.js';
import { goldenClock, goldenDirectory, goldenIdentity } from '../support/golden-filter.js';
import { readTree, type Node } from '../support/golden-reader.js';
import { frame, notSevenBit, signFrame, walkEntity, walkTree, type Framed } from '../support/golden-sign.js';
import { tree } from '../support/golden-trees.js';
import { fuzz, fuzzTimeout } from './fuzz.js';

const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 });
const directory = mkdtempSync(join(tmpdir(), 'postseal-fuzz-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** mailsplit takes the line end of an empty part now for content and now not; the walker's tree is compared too. */
const withoutEmptyLine = (node: Node): Node => (node.content === '\r\n' ? { ...node, content: '' } : node);

/** Every so many outputs one is kept for OpenSSL. */
const sample: Framed[] = [];

test(
  'any tree comes out 7-bit and means the same, whatever the pieces',
  async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(tree, sizes, async ({ header, body, nodes, frozen }, cut) => {
        const fields = parseHeader(Buffer.from(header.map(h => `${h}\r\n`).join('')));
        const framed = frame(fields, [body]);
        expect(frame(fields, unevenChunks(body, cut)).begun.equals(framed.begun)).toBe(true);
        expect(notSevenBit(framed.entity)).toEqual([]);
        expect((await readTree(framed.entity)).map(withoutEmptyLine)).toEqual(nodes.map(withoutEmptyLine));
        expect(walkEntity(framed.entity)).toEqual(walkTree(fields, body));
        for (const octets of frozen) expect(framed.entity.includes(octets)).toBe(true);
        if (count++ % 12 === 0 && sample.length < 25) sample.push(framed);
      }),
      fuzz(300),
    );
  },
  fuzzTimeout,
);

test('a sample of them verifies with OpenSSL', async () => {
  const identity = await goldenIdentity('rsa');
  for (const [i, framed] of sample.entries())
    writeFileSync(join(directory, `${i}.eml`), await signFrame(framed, identity));
  const at = String(goldenClock.getTime() / 1000);
  const verify = `openssl cms -verify -CAfile "$1" -attime "$2" -in "$f" -out "$f.out" 2>"$f.err" && cmp "$f.want" "$f.out"`;
  sample.forEach((framed, i) => {
    writeFileSync(join(directory, `${i}.eml.want`), framed.entity);
  });
  const script = `cd "$0" && for f in *.eml; do ${verify} || { echo "$f"; cat "$f.err"; }; done`;
  const faults = execFileSync('sh', ['-c', script, directory, join(goldenDirectory, 'root.pem'), at]);
  expect(sample.length).toBeGreaterThan(10);
  expect(faults.toString()).toBe('');
});
