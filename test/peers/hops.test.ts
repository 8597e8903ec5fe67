// What really happens to mail after it was signed, and what of it still verifies.
//
//   sample ──► filter() in memory ──► hop ──► OpenSSL (one sample: NSS, GnuPG and Bouncy Castle as well)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Form } from '../../src/decision.js';
import { BouncyCastle, bouncyCastlePeers } from '../support/bouncy-castle.js';
import { HopPrograms, hopPeers } from '../support/hop-programs.js';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { Verifiers, canonical, verifierPeers, type Verification } from '../support/verifiers.js';
import { everyHop } from './hop-cases.js';
import { everyForm, everySample, plainAlgorithm } from './interop-cases.js';
import { Signer } from './interop-sign.js';
import { compose, type Sample } from './messages.js';

interface Signed {
  readonly sample: Sample;
  readonly message: Buffer;
}

/** The sample that all verifiers look at after each hop. */
const shown = 'HTML alternative';

describeWithPeers('hostile hops', [...verifierPeers, ...bouncyCastlePeers, ...hopPeers], () => {
  let directory: string;
  let verifiers: Verifiers;
  let bouncyCastle: BouncyCastle;
  let programs: HopPrograms;
  const signed: Record<Form, Signed[]> = { clear: [], opaque: [] };
  const unsigned = everySample.map(sample =>
    canonical(compose(sample, { from: 'anna@example.com', to: 'kim@example.net', id: 'plain@example.com' })),
  );

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-hops-'));
    const pki = makePki(directory);
    verifiers = new Verifiers(pki.root.certificate);
    bouncyCastle = new BouncyCastle(pki.root.certificate);
    programs = await HopPrograms.start();
    const signer = new Signer(pki);
    for (const [i, sample] of everySample.entries()) {
      // What is odd in the header matters only where it is signed too.
      const headerProtection = sample.fields !== undefined || i % 2 === 0;
      for (const form of everyForm) {
        if (sample.opaque && form === 'clear') continue;
        const message = await signer.sign(sample, { algorithm: plainAlgorithm, form, headerProtection });
        signed[form].push({ sample, message });
      }
    }
  });

  afterAll(async () => {
    await programs.close();
    await bouncyCastle.close();
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Many hops leave many messages as they are: each is verified once. */
  const known = new Map<string, Promise<Verification>>();
  function verified(message: Buffer): Promise<Verification> {
    const text = message.toString('latin1');
    const verdict = known.get(text) ?? verifiers.openssl(message);
    known.set(text, verdict);
    return verdict;
  }

  for (const { title, change, pass, spoils } of everyHop) {
    test.each(everyForm)(`${title}: %s (R12, R13, R14)`, async form => {
      const messages = signed[form];
      const passed = await pass(
        messages.map(({ message }) => message),
        programs,
      );
      const verdicts = await Promise.all(passed.map(verified));
      const spoiled = messages.filter((_, i) => !verdicts[i]!.ok).map(({ sample }) => sample.name);
      const expected = spoils[form]?.samples ?? [];
      expect(spoiled).toEqual(
        messages
          .filter(({ sample, message }, i) =>
            expected === 'changed' ? !message.equals(passed[i]!) : expected.includes(sample.name),
          )
          .map(({ sample }) => sample.name),
      );

      const at = messages.findIndex(({ sample }) => sample.name === shown);
      if (verdicts[at]!.ok) {
        expect(await verifiers.verify(passed[at]!)).toBe('good');
        expect(await bouncyCastle.verify(passed[at]!)).toEqual({ ok: true, detail: 'good' });
      }
    });

    if (change)
      test(`${title}: changes something`, () => {
        const messages = [...unsigned, ...signed.clear.map(({ message }) => message)];
        expect(messages.filter(message => !change(message).equals(message))).not.toEqual([]);
      });
  }

  test('Postfix does all this to what is not signed', async () => {
    const plain = (name: string): Buffer => unsigned[everySample.findIndex(sample => sample.name === name)]!;
    const [text, long] = await programs.withoutEightBitMime([plain('8-bit text'), plain('long lines')]);
    expect(text!.toString()).toMatch(/^Content-Transfer-Encoding: quoted-printable\r$/m);
    expect(long!.toString()).toContain('x'.repeat(998) + '\r\n x');
    const [stored] = await programs.throughMbox([plain('From lines')]);
    expect(stored!.toString()).toContain('\r\n>From here\r\n');
  });
});
