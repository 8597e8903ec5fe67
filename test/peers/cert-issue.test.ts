// Requests, and certificates for trying out:
//   postseal cert request → openssl req, NSS's certutil and an authority of openssl's → postseal cert add
//   postseal cert make-test → postseal sign → openssl cms, NSS's cmsutil, gpgsm and postseal verify
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { postseal } from '../cli/command.js';
import { House } from '../cli/cert-house.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { makePki, openssl } from '../support/pki.js';
import { Verifiers, verifierPeers } from '../support/verifiers.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-issue-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
const rights = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describeWithPeers('cert request', ['openssl', 'certutil'], () => {
  test.each([
    ['rsa-2048', 'sha256WithRSAEncryption', '2048 bit'],
    ['rsa-3072', 'sha256WithRSAEncryption', '3072 bit'],
    ['p256', 'ecdsa-with-SHA256', 'NIST CURVE: P-256'],
    ['p384', 'ecdsa-with-SHA384', 'NIST CURVE: P-384'],
  ])(
    '%s: openssl verifies it, and it asks for what signing mail needs',
    async (algorithm, signature, key) => {
      const house = new House(root, '');
      const args = ['--address', 'billing@example.com', '--address', 'j\u00fcrgen@ex\u00e4mple.com'];
      const subject = 'CN=Billing\\, all,O=Example GmbH,C=DE';
      const { code, out } = await house.cert(
        'request',
        'billing',
        ...args,
        '--subject',
        subject,
        '--algorithm',
        algorithm,
      );
      expect(code).toBe(0);
      const [csr, keyFile] = [house.path('certs/billing.csr'), house.path('certs/billing.key')];
      expect(out).toContain(csr);
      expect([rights(keyFile), rights(house.path('certs'))]).toEqual(['640', '750']);
      const show = ['req', '-in', csr, '-noout', '-verify', '-text', '-nameopt', 'RFC2253,utf8'];
      const text = openssl(show).toString();
      expect(text).toContain(`Subject: ${subject}\n`);
      expect(text).toContain(key);
      expect(text).toContain(`Signature Algorithm: ${signature}\n`);
      expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
      expect(text).toMatch(/X509v3 Extended Key Usage:\s+E-mail Protection\n/);
      expect(text).toContain(
        'email:billing@example.com, othername: SmtpUTF8Mailbox::j\u00fcrgen@xn--exmple-cua.com\n',
      );
      // NSS issues only for a request whose signature holds.
      const db = mkdtempSync(join(root, 'nss-'));
      const noise = join(db, 'noise');
      writeFileSync(noise, 'some octets that are no secret');
      const certutil = (...more: string[]): Buffer =>
        execFileSync(peer('certutil'), ['-d', `sql:${db}`, ...more], { stdio: 'pipe' });
      certutil('-N', '--empty-password');
      certutil(
        '-S',
        '-x',
        '-n',
        'ca',
        '-s',
        'CN=ca',
        '-t',
        'C,C,C',
        '-k',
        'ec',
        '-q',
        'nistp256',
        '-z',
        noise,
      );
      certutil('-C', '-c', 'ca', '-m', '7', '-a', '-i', csr, '-o', join(db, 'made.pem'));
      expect(
        openssl([
          'x509',
          '-in',
          join(db, 'made.pem'),
          '-noout',
          '-subject',
          '-nameopt',
          'RFC2253',
        ]).toString(),
      ).toBe(`subject=${subject}\n`);
    },
  );

  test('the key waits, and cert add finds it by the certificate, once', async () => {
    const pki = makePki(mkdtempSync(join(root, 'pki-')));
    const house = new House(root, '[rule:billing]\nsender = billing@example.com\ncertificate = billing\n');
    await house.cert('request', 'first', '--address', 'billing@example.com', '--algorithm', 'p256');
    await house.cert('request', 'other', '--address', 'other@example.com', '--algorithm', 'p256');
    expect(
      (await house.cert('request', 'first', '--address', 'x@example.com', '--algorithm', 'p256')).code,
    ).toBe(73);
    const keyText = readFileSync(house.path('certs/first.key'), 'utf8');
    const issued = pki.issue({ name: 'billing', addresses: ['billing@example.com'], keyText });
    const { code, out, err } = await house.cert('add', issued.certificate, '--chain', issued.chain);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`The key that waited for it, ${house.path('certs/first.key')}, is in it now`);
    expect(readdirSync(house.path('certs')).sort()).toEqual(['billing.pem', 'other.csr', 'other.key']);
    expect((await house.cert('list')).out).toMatch(/ billing +billing .* valid\n/);
  });
});

describeWithPeers('cert make-test', verifierPeers, () => {
  test('mail that is signed with it is verified by whoever trusts ca.pem; a further call adds to the same', async () => {
    const house = new House(root, '');
    const made = await house.cert('make-test', '--address', 'a@example.com', '--days', '30');
    await house.cert('make-test', '--address', 'b@example.com', '--algorithm', 'p256');
    expect(made.code).toBe(0);
    const directory = house.path('certs/test');
    const ca = join(directory, 'ca.pem');
    expect(readdirSync(directory).sort()).toEqual([
      'a@example.com.pem',
      'b@example.com.pem',
      'ca.pem',
      'private',
    ]);
    expect(
      ['.', 'a@example.com.pem', 'ca.pem', 'private', 'private/ca.key'].map(p => rights(join(directory, p))),
    ).toEqual(['750', '640', '644', '700', '600']);
    expect(openssl(['x509', '-in', ca, '-noout', '-subject']).toString()).toMatch(
      /CN = Postseal test CA [0-9a-f]{8}\n/,
    );
    expect(
      openssl([
        'verify',
        '-x509_strict',
        '-purpose',
        'smimesign',
        '-CAfile',
        ca,
        join(directory, 'b@example.com.pem'),
      ]).toString(),
    ).toContain('OK');
    // The lines that it printed are an ini file.
    const lines = /\n(\[certificates:test\]\n.*?)\n\nTo trust/s.exec(made.out)![1]!;
    writeFileSync(house.ini, lines.replace('sender = a@', 'sender = *@'));
    const verifiers = new Verifiers(ca);
    try {
      for (const sender of ['a@example.com', 'b@example.com']) {
        const message = `From: ${sender}\r\nTo: c@example.net\r\nSubject: x\r\n\r\nHello\r\n`;
        const { code, stdout, stderr } = await postseal(['sign', '--config', house.ini], message);
        expect({ code, stderr }).toMatchObject({
          code: 0,
          stderr: expect.stringContaining('signed rule=test') as string,
        });
        const signed = Buffer.from(stdout, 'latin1');
        expect(await verifiers.verify(signed), sender).toBe('good');
        expect((await postseal(['verify', '--ca', ca], signed)).stdout).toContain(
          'signature: good; signer: trusted',
        );
      }
    } finally {
      verifiers.close();
    }
  });

  test('overwrites nothing, and adds to nothing that is no authority', async () => {
    const house = new House(root, '');
    const again = (): ReturnType<House['cert']> =>
      house.cert(
        'make-test',
        '--address',
        'a@example.com',
        '--algorithm',
        'p256',
        '--directory',
        house.path('try'),
      );
    expect((await again()).code).toBe(0);
    expect(await again()).toMatchObject({ code: 73 });
    writeFileSync(house.path('try/ca.pem'), 'something else');
    expect(await again()).toMatchObject({ code: 66 });
  });
});
