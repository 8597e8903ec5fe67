// Every algorithm, in every form, around every kind of message: who verifies it, and who refuses it changed.
//
//   sample ──► filter() in memory ──► signed message ──► OpenSSL · NSS · GnuPG · Bouncy Castle
//
// `npm test` runs each algorithm and each sample once in each form; `npm run interop` all of the product.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digests } from '../../src/algorithms.js';
import type { Form } from '../../src/decision.js';
import { BouncyCastle, bouncyCastlePeers } from '../support/bouncy-castle.js';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { Verifiers, dissect, flipped, verifierPeers, type Verification } from '../support/verifiers.js';
import {
  everyAlgorithm,
  everyForm,
  everySample,
  everyVerifier,
  plainAlgorithm,
  refusals,
  type Algorithm,
  type Verifier,
} from './interop-cases.js';
import { Signer } from './interop-sign.js';
import type { Sample } from './messages.js';

interface Case {
  readonly algorithm: Algorithm;
  readonly form: Form;
  readonly headerProtection: boolean;
  readonly sample: Sample;
}

/** The whole product, or one case for each algorithm and for each sample in each form. */
function cases(): Case[] {
  if (process.env['INTEROP'] === 'full')
    return everyAlgorithm.flatMap(algorithm =>
      everyForm.flatMap(form =>
        [false, true].flatMap(headerProtection =>
          everySample.map(sample => ({ algorithm, form, headerProtection, sample })),
        ),
      ),
    );
  return everyForm.flatMap(form => [
    ...everyAlgorithm.map((algorithm, i) => ({
      algorithm,
      form,
      headerProtection: i % 2 === 0,
      sample: everySample[i % 6]!,
    })),
    ...everySample.map((sample, i) => ({
      algorithm: plainAlgorithm,
      form,
      headerProtection: i % 2 === 1,
      sample,
    })),
  ]);
}

describeWithPeers('interoperability', [...verifierPeers, ...bouncyCastlePeers], () => {
  let directory: string;
  let signer: Signer;
  let verifiers: Verifiers;
  let bouncyCastle: BouncyCastle;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-interop-'));
    const pki = makePki(directory);
    signer = new Signer(pki);
    verifiers = new Verifiers(pki.root.certificate);
    bouncyCastle = new BouncyCastle(pki.root.certificate);
  });

  afterAll(async () => {
    verifiers.close();
    await bouncyCastle.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function verdicts(message: Buffer): Promise<Record<Verifier, Verification>> {
    const [OpenSSL, NSS, GnuPG, BouncyCastle] = await Promise.all([
      verifiers.openssl(message),
      verifiers.nssCms(message),
      verifiers.gpgsm(message),
      bouncyCastle.verify(message),
    ]);
    return { OpenSSL, NSS, GnuPG, 'Bouncy Castle': BouncyCastle };
  }

  for (const { algorithm, form, headerProtection, sample } of cases()) {
    const covered = headerProtection ? ', header protected' : '';
    const { scheme, digest } = algorithm;
    test(`${scheme.title} ${digest}, ${form}${covered}: ${sample.name} (R18, R20, R25, R26)`, async () => {
      const message = await signer.sign(sample, { algorithm, form, headerProtection });
      const signedForm = sample.opaque ? 'opaque' : form;
      expect(dissect(message).form).toBe(signedForm);
      if (signedForm === 'clear') expect(message.toString()).toContain(` micalg=${digests[digest].micalg};`);

      const words = refusals(algorithm, signedForm, sample);
      const found = await verdicts(message);
      const said = everyVerifier.map(name => {
        const { ok, detail } = found[name];
        const expected = words[name];
        return [name, ok ? 'good' : expected !== undefined && detail.includes(expected) ? expected : detail];
      });
      expect(Object.fromEntries(said)).toEqual(
        Object.fromEntries(everyVerifier.map(name => [name, words[name] ?? 'good'])),
      );

      for (const changed of [flipped(message), withFlippedSignature(message)]) {
        const after = await verdicts(changed);
        expect(everyVerifier.filter(name => after[name].ok)).toEqual([]);
      }
    });
  }
});

/** One bit of the signature value changed, which ends the CMS but for end-of-contents octets. */
function withFlippedSignature(message: Buffer): Buffer {
  const { signature } = dissect(message);
  const old = lines(signature);
  signature[signature.length - 20]! ^= 1;
  const text = message.toString('latin1');
  expect(text).toContain(old);
  return Buffer.from(text.replace(old, lines(signature)), 'latin1');
}

function lines(octets: Buffer): string {
  return octets.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');
}
