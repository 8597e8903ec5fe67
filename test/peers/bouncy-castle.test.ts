// Bouncy Castle as a verifier: it must accept what OpenSSL signs, and refuse what is wrong with it.
//
//   openssl cms -sign ──► message ──► Bouncy Castle's SignedMailValidator
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BouncyCastle, bouncyCastlePeers } from '../support/bouncy-castle.js';
import { describeWithPeers } from '../support/peers.js';
import { type Pki, makePki, openssl } from '../support/pki.js';
import { flipped } from '../support/verifiers.js';

describeWithPeers('Bouncy Castle', ['openssl', ...bouncyCastlePeers], () => {
  let directory: string;
  let pki: Pki;
  let bouncyCastle: BouncyCastle;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-bouncy-'));
    pki = makePki(directory);
    bouncyCastle = new BouncyCastle(pki.root.certificate);
  });

  afterAll(async () => {
    await bouncyCastle.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const entity = 'Content-Type: text/plain\r\n\r\nHello\r\n';

  function signed(form: readonly string[] = [], from = 'anna@example.com', eku?: string): Buffer {
    const { certificate, key, chain } = pki.issue({
      name: 'anna',
      addresses: ['anna@example.com'],
      ...(eku === undefined ? {} : { eku }),
    });
    const by = ['-signer', certificate, '-inkey', key, '-certfile', chain, '-from', from];
    return openssl(['cms', '-sign', '-crlfeol', ...form, ...by], entity);
  }

  for (const form of [[], ['-nodetach']]) {
    test(`accepts a good signature and refuses a changed byte (${form.join(' ') || 'detached'})`, async () => {
      const message = signed(form);
      expect(await bouncyCastle.verify(message)).toEqual({ ok: true, detail: 'good' });
      expect(await bouncyCastle.verify(flipped(message))).toMatchObject({
        ok: false,
        detail: expect.stringContaining('message-digest attribute value does not match') as string,
      });
    });
  }

  test.each([
    ['an address that the certificate does not name', () => signed([], 'bob@example.com'), /address/i],
    ['a certificate for another purpose', () => signed([], undefined, 'serverAuth'), /email/i],
    ['a message without a signature', () => Buffer.from(`From: a@example.com\r\n${entity}`), /not a signed/],
  ])('refuses %s', async (_, message, words) => {
    expect(await bouncyCastle.verify(message())).toMatchObject({
      ok: false,
      detail: expect.stringMatching(words) as string,
    });
  });

  test('refuses a signer whose root it does not trust', async () => {
    const strange = new BouncyCastle(pki.authority('stranger').certificate);
    expect(await strange.verify(signed())).toMatchObject({ ok: false });
    await strange.close();
  });
});
