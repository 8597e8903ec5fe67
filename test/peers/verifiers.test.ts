// The verifiers themselves: each must accept what OpenSSL signs, and refuse it changed or untrusted.
//
//   openssl cms -sign ──► message ──► Verifiers: openssl · cmsutil (NSS) · gpgsm
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { type KeyKind, type Pki, makePki, openssl } from '../support/pki.js';
import { Verifiers, dissect, flipped, verifierPeers } from '../support/verifiers.js';

describeWithPeers('the verifiers', verifierPeers, () => {
  let directory: string;
  let pki: Pki;
  let verifiers: Verifiers;
  let strangers: Verifiers;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-verifiers-'));
    pki = makePki(join(directory, 'pki'));
    verifiers = new Verifiers(pki.root.certificate);
    const stranger = join(directory, 'stranger.pem');
    const subject = ['-subj', '/O=Stranger/CN=root', '-keyout', join(directory, 'stranger.key')];
    openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-out', stranger]);
    strangers = new Verifiers(stranger);
  });

  afterAll(() => {
    verifiers.close();
    strangers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function signed(key: KeyKind, digest: string, entity: string, form: readonly string[] = []): Buffer {
    const {
      certificate,
      key: keyFile,
      chain,
    } = pki.issue({ name: key, addresses: ['anna@example.com'], key });
    const by = ['-signer', certificate, '-inkey', keyFile, '-certfile', chain, '-md', digest];
    return openssl(['cms', '-sign', '-crlfeol', ...form, ...by, '-from', 'anna@example.com'], entity);
  }

  const entity = 'Content-Type: text/plain\r\n\r\nHello\r\n\r\n.dot\r\nend\r\n';

  const combinations: [KeyKind, string][] = [
    ['rsa2048', 'sha256'],
    ['rsa2048', 'sha512'],
    ['p256', 'sha256'],
    ['p384', 'sha384'],
  ];
  for (const [key, digest] of combinations) {
    test(`accept a good signature and refuse a changed byte (${key}, ${digest})`, async () => {
      const message = signed(key, digest, entity);
      expect(dissect(message).entity.toString()).toBe(entity);
      expect(await verifiers.verify(message)).toBe('good');
      // As Postfix writes it to a maildir.
      const lf = Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
      expect(await verifiers.verify(lf)).toBe('good');

      const bad = flipped(message);
      expect(await verifiers.openssl(bad)).toMatchObject({ ok: false });
      expect(await verifiers.nssCms(bad)).toMatchObject({ ok: false });
      expect(await verifiers.gpgsm(bad)).toMatchObject({ ok: false });
    });
  }

  for (const form of [['-nodetach'], ['-nodetach', '-stream']]) {
    test(`accept the opaque form, and refuse a changed byte in it (${form.join(' ')})`, async () => {
      const message = signed('rsa2048', 'sha256', entity, form);
      expect(dissect(message)).toMatchObject({ form: 'opaque', entity: Buffer.from(entity) });
      expect(await verifiers.verify(message)).toBe('good');

      const bad = flipped(message);
      expect(dissect(bad).entity.toString()).toBe(entity.replace('end', 'ene'));
      expect(await verifiers.openssl(bad)).toMatchObject({ ok: false });
      expect(await verifiers.nssCms(bad)).toMatchObject({ ok: false });
      expect(await verifiers.gpgsm(bad)).toMatchObject({ ok: false });
    });
  }

  test('refuse a signer whose root they do not trust', async () => {
    const message = signed('rsa2048', 'sha256', entity);
    expect(await strangers.openssl(message)).toMatchObject({ ok: false });
    expect(await strangers.nssCms(message)).toMatchObject({ ok: false });
    expect(await strangers.gpgsm(message)).toMatchObject({ ok: false });
  });

  // GnuPG 2.2 takes neither a digest shorter than the EC key ("a 256 bit hash is not valid for a 384 bit
  // ECC key") nor P-521 at all ("DSA requires the hash length to be a multiple of 8 bits").
  for (const [key, digest] of [
    ['p384', 'sha256'],
    ['p521', 'sha512'],
  ] as const) {
    test(`OpenSSL and NSS take what GnuPG 2.2 does not (${key}, ${digest})`, async () => {
      const message = signed(key, digest, entity);
      expect(await verifiers.openssl(message)).toMatchObject({ ok: true });
      expect(await verifiers.nssCms(message)).toMatchObject({ ok: true });
    });
  }

  test('refuse a message without a signature', async () => {
    const detail = 'not signed, Content-Type: text/plain';
    const message = Buffer.from('From: a@example.com\n\nContent-Type: text/plain\n\nHello\n');
    expect(await verifiers.openssl(message)).toEqual({
      ok: false,
      detail: 'not signed, Content-Type: (none)',
    });
    expect(await verifiers.gpgsm(Buffer.from('Content-Type: text/plain\n\nHi\n'))).toEqual({
      ok: false,
      detail,
    });
  });
});
