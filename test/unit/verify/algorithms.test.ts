// What openssl signs verifies here as it does there, by every algorithm and in every form that openssl has.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Issued, KeyKind } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { agreed, basic, clear, complaints, edited, entity, handmade, judge, signedBy } from './messages.js';

const pki = temporaryPki();
const root = pki.root.certificate;
const issued = new Map<KeyKind, Issued>();

beforeAll(() => {
  for (const key of ['rsa2048', 'rsa-pss', 'p256', 'p384', 'p521', 'ed25519'] as const)
    issued.set(key, pki.issue({ name: key, addresses: ['anna@example.com'], key }));
});

const pss = ['-keyopt', 'rsa_padding_mode:pss'];
const algorithms: [string, KeyKind, string[]][] = [
  ['RSA, sha1', 'rsa2048', ['-md', 'sha1']],
  ['RSA, sha256', 'rsa2048', ['-md', 'sha256']],
  ['RSA, sha384', 'rsa2048', ['-md', 'sha384']],
  ['RSA, sha512', 'rsa2048', ['-md', 'sha512']],
  ['RSA-PSS, sha256', 'rsa2048', ['-md', 'sha256', ...pss]],
  ['RSA-PSS, sha256', 'rsa2048', ['-md', 'sha256', ...pss, '-keyopt', 'rsa_pss_saltlen:17']],
  ['RSA-PSS, sha512', 'rsa-pss', ['-md', 'sha512', ...pss]],
  ['ECDSA, sha256', 'p256', ['-md', 'sha256']],
  ['ECDSA, sha1', 'p256', ['-md', 'sha1']],
  ['ECDSA, sha384', 'p384', ['-md', 'sha384']],
  ['ECDSA, sha512', 'p521', ['-md', 'sha512']],
];

const forms: [string, string[]][] = [
  ['clear (R18, R19)', []],
  ['opaque (R20)', ['-nodetach']],
  ['opaque, streamed as BER (R20)', ['-nodetach', '-stream']],
  ['without capabilities', ['-nosmimecap']],
  ['without attributes', ['-noattr']],
  ['the certificate named by its key', ['-keyid']],
  ['with signingCertificateV2 (R22)', ['-cades']],
];

describe.each(algorithms)('%s (R25, R26)', (title, key, options) => {
  // OpenSSL 3.0 cannot write RSA-PSS as BER ("illegal zero content").
  const possible = forms.filter(([, form]) => !(options.includes(pss[1]!) && form.includes('-stream')));

  test.each(possible)('%s', (_, form) => {
    const message = signedBy(issued.get(key)!, ...options, ...form);
    const report = agreed(message, root);
    expect(report.verdict).toEqual({
      outcome: 'good',
      text: 'signature: good; signer: trusted; From: named by the certificate',
    });
    expect(report.signed?.toString()).toBe(entity);
    expect(report.signers.map(s => s.algorithm)).toEqual([title]);

    // A maildir's file ends its lines in LF; an mbox has a line of its own in front.
    const file = Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    expect(judge(file, root).verdict.outcome).toBe('good');
    const mbox = Buffer.concat([Buffer.from('From anna@example.com Mon Nov 23 10:00:00 2026\n'), file]);
    expect(judge(mbox, root).verdict.outcome).toBe('good');
  });

  test('not after one changed byte in content or signature', () => {
    const message = signedBy(issued.get(key)!, ...options);
    const changed = agreed(edited(message, 'Hello', 'Jello'), root);
    expect(changed.verdict.text).toBe(
      'signature: bad (the signed part was changed after it was signed: its digest is another)',
    );
    const bare = agreed(edited(signedBy(issued.get(key)!, ...options, '-noattr'), 'Hello', 'Jello'), root);
    expect(bare.verdict.text).toBe(
      'signature: bad (not made by the key of the certificate over the signed part)',
    );
  });
});

test('a weak digest and missing attributes are told', () => {
  expect(complaints(judge(signedBy(issued.get('rsa2048')!, '-md', 'sha1', '-nosmimecap'), root))).toEqual([
    'warning digest: SHA-1 is weak, and some clients refuse it',
    'warning attributes: without SMIMECapabilities, signingCertificateV2, CMSAlgorithmProtection',
    'warning Date: missing or unreadable, and there is a signing time: bad in Thunderbird',
  ]);
});

// OpenSSL 3.0 knows no Ed25519 in CMS, neither for signing nor for verifying.
test('Ed25519 (R26, RFC 8419)', () => {
  const message = clear(handmade(issued.get('ed25519')!, basic('sha512'), { ed25519: true }));
  expect(judge(message, root, { signatureOnly: true }).signers[0]).toMatchObject({
    algorithm: 'Ed25519, sha512',
  });
  expect(judge(message, root, { signatureOnly: true }).verdict.outcome).toBe('good');
  const other = handmade(issued.get('ed25519')!, basic('sha512', 'other'), { ed25519: true });
  expect(judge(clear(other), root, { signatureOnly: true }).verdict.outcome).toBe('bad signature');
});

test('several signers: each is verified, and all have to be good', () => {
  const [one, other] = [issued.get('rsa2048')!, issued.get('p256')!];
  const message = signedBy(one, '-signer', other.certificate, '-inkey', other.key);
  const report = agreed(message, root);
  expect(report.verdict.outcome).toBe('good');
  expect(report.signers.map(s => s.algorithm).sort()).toEqual(['ECDSA, sha256', 'RSA, sha256']);
});
