import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CertificatesSection, CertificateSection } from '../../../src/config/config.js';
import { loadCertificate, loadDirectory, nodeIo, type PasswordSource } from '../../../src/certs/load.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
const bert = pki.issue({ name: 'bert', addresses: ['bert@example.com'], key: 'p256' });
const directory = join(pki.dir, 'staff');
const from = { name: 'staff', directory, password: { kind: 'inline', password: 'secret' } } as const;
const add = (path: string, name: string): void => {
  copyFileSync(path, join(directory, name));
};

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
});

describe('loadDirectory', () => {
  it('loads what it should, in the order of names, and skips the rest', async () => {
    add(bert.p12, 'zoe.pfx');
    add(anna.pem, 'anna.PEM');
    add(bert.p12, 'bert.p12');
    add(anna.pem, '.hidden.pem');
    writeFileSync(join(directory, 'README'), 'text');
    writeFileSync(join(directory, 'bert.pem~'), 'text');
    const { identities, warnings, problems } = await loadDirectory(from);
    expect(identities.map(i => i.name)).toEqual(['staff/anna.PEM', 'staff/bert.p12', 'staff/zoe.pfx']);
    expect(identities[0]!.file).toBe(join(directory, 'anna.PEM'));
    expect([...warnings, ...problems]).toEqual([]);
  });

  it('tells what fails and keeps the others', async () => {
    add(anna.pem, 'anna.pem');
    add(bert.certificate, 'bert.pem');
    writeFileSync(join(directory, 'carl.p12'), '');
    mkdirSync(join(directory, 'dora.pem'));
    const { identities, problems } = await loadDirectory(from);
    expect(identities.map(i => i.name)).toEqual(['staff/anna.pem']);
    expect(problems.map(p => `${p.key ?? ''}: ${p.message.replace(directory, '')}`)).toEqual([
      'directory: /bert.pem: holds a certificate, but no private key; add the key to the file, or name its file with "key ="',
      'directory: /carl.p12: is empty',
      'directory: /dora.pem: is a directory; name a file in it',
    ]);
  });

  it('warns of files that look as if they were meant, and of an empty directory', async () => {
    add(anna.key, 'anna.key');
    add(anna.certificate, 'anna.crt');
    const { warnings } = await loadDirectory(from);
    expect(warnings.map(w => w.message.replaceAll(directory, ''))).toEqual([
      '/anna.crt: is not read; put key, certificate and chain together into one .pem file',
      '/anna.key: is not read; put key, certificate and chain together into one .pem file',
      ': holds no .p12, .pfx or .pem file',
    ]);
  });

  it('tells a wrong password for each file, and a missing one once', async () => {
    add(anna.p12, 'anna.p12');
    add(bert.p12, 'bert.p12');
    const wrong = await loadDirectory({ ...from, password: { kind: 'inline', password: 'wrong' } });
    expect(wrong.problems.map(p => p.key)).toEqual(['password', 'password']);
    const missing = await loadDirectory({
      ...from,
      password: { kind: 'file', path: join(pki.dir, 'none.pass') },
    });
    expect(missing.problems).toHaveLength(1);
    expect(missing.problems[0]!.key).toBe('password_file');
  });

  it('tells a directory that is not there, or is none', async () => {
    rmSync(directory, { recursive: true });
    expect((await loadDirectory(from)).problems).toEqual([
      { key: 'directory', message: `${directory}: does not exist` },
    ]);
    const { problems } = await loadDirectory({ ...from, directory: anna.pem });
    expect(problems[0]!.message).toMatch(/a part of the path is a file$/);
  });
});

describe('passwords', () => {
  const load = (password: PasswordSource, credentialsDirectory?: string) =>
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
