import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CertificatesSection, CertificateSection } from '../../../src/config/config.js';
import {
  loadCertificate,
  loadDirectory,
  nodeIo,
  realIo,
  type PasswordSource,
} from '../../../src/certs/load.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
describe('passwords', () => {
  const load = (password: PasswordSource, credentialsDirectory = '/run/credentials/none.service') =>
    loadCertificate({ name: 'anna', file: anna.p12, password }, { ...nodeIo, credentialsDirectory });

  it.each(['secret', 'secret\n', 'secret\r\n', 'secret\nsecond line\n'])(
    'are the first line of %j',
    async text => {
      const path = put(pki, 'it.pass', text);
      expect(await load({ kind: 'file', path })).toMatchObject({ warnings: [] });
      expect(await load({ kind: 'credential', name: 'it.pass' }, pki.dir)).toMatchObject({ warnings: [] });
    },
  );

  it('keep their white space', async () => {
    const path = put(pki, 'space.pass', ' secret \n');
    expect(await load({ kind: 'file', path })).toMatchObject({ problems: [{ key: 'password_file' }] });
  });

  it('that all may read are warned about, but not a credential of systemd', async () => {
    const path = put(pki, 'open.pass', 'secret\n', 0o644);
    const loaded = await load({ kind: 'file', path });
    expect(loaded).toMatchObject({ warnings: [{ key: 'password_file' }] });
    expect(await load({ kind: 'credential', name: 'open.pass' }, pki.dir)).toMatchObject({ warnings: [] });
  });

  it('of $CREDENTIALS_DIRECTORY are found by nodeIo', async () => {
    process.env['CREDENTIALS_DIRECTORY'] = pki.dir;
    try {
      put(pki, 'it.pass', 'secret\n');
      const password = { kind: 'credential', name: 'it.pass' } as const;
      await identityOf({ name: 'anna', file: anna.p12, password });
    } finally {
      delete process.env['CREDENTIALS_DIRECTORY'];
    }
  });
});

describe('credential:NAME', () => {
  it('stands for the certificate, the key and the chain, whatever rights systemd gave them', async () => {
    const [certificate, key, chain] = [anna.certificate, anna.key, anna.chain].map((path, i) => {
      const name = `handed-${i}`;
      put(pki, name, readFileSync(path, 'utf8'), 0o644);
      return `credential:${name}`;
    });
    const handed = { name: 'anna', file: certificate!, keyFile: key!, chainFile: chain! };
    const io = { ...nodeIo, credentialsDirectory: pki.dir };
    const loaded = await loadCertificate({ ...handed, password: { kind: 'none' } }, io);
    expect(loaded).toMatchObject({ identity: { name: 'anna' }, warnings: [] });
  });

  it('is looked for where the unit has them, by a process that has none itself', () => {
    expect(realIo('postseal@billing.service').credentialsDirectory).toBe(
      '/run/credentials/postseal@billing.service',
    );
  });
});

describe('file rights', () => {
  it.each([
    [0o600, 0],
    [0o640, 0],
    [0o400, 0],
    [0o660, 1],
    [0o644, 1],
    [0o602, 1],
  ])('%o gives %i warnings', async (mode, count) => {
    const status = { mode: 0o100000 | mode, size: 5000, isFile: () => true, isDirectory: () => false };
    const io = { ...nodeIo, stat: () => Promise.resolve(status) };
    const loaded = await loadCertificate(source(anna.pem), io);
    expect(loaded).toHaveProperty('warnings.length', count);
    // a certificate is no secret
    const apart = { ...source(anna.certificate), keyFile: anna.key, chainFile: anna.chain };
    const split = await loadCertificate(apart, io);
    expect(split).toHaveProperty('warnings.length', count);
    if (count > 0) expect(split).toHaveProperty('warnings.0.key', 'key');
  });

  it('a device or a pipe is not read', async () => {
    expect(await loadCertificate(source('/dev/zero'))).toEqual({
      problems: [{ key: 'file', message: '/dev/zero: is not a regular file' }],
    });
  });
});

it('takes the sections of the configuration as they are', () => {
  // a matter of types: does not compile otherwise
  const certificate: (section: CertificateSection) => unknown = section => loadCertificate(section);
  const certificates: (section: CertificatesSection) => unknown = section => loadDirectory(section);
  expect([certificate, certificates]).toHaveLength(2);
});
