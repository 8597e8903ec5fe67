import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadDirectory } from '../../../src/certs/load.js';
import { openssl } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
// Authorities of one name share their key, also between Pkis.
const elsewhere = temporaryPki();
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
      'directory: /bert.pem: holds a certificate, but no private key; put both into one PEM file, or name the key with "key ="',
      'directory: /carl.p12: is empty',
      'directory: /dora.pem: is a directory; name a file in it',
    ]);
  });

  it('warns of files that look as if they were meant, and of an empty directory', async () => {
    add(anna.key, 'anna.key');
    add(anna.certificate, 'anna.crt');
    writeFileSync(join(directory, 'ca.cer'), '');
    const { warnings } = await loadDirectory(from);
    expect(warnings.map(w => w.message.replaceAll(directory, ''))).toEqual([
      '/anna.crt: is not used; put key, certificate and chain together into one .pem file',
      '/anna.key: is not used; put key, certificate and chain together into one .pem file',
      '/ca.cer: is empty',
      ': holds no .p12, .pfx or .pem file with a key',
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

describe('a chain that a file lacks is completed from the others (R9)', () => {
  const deep = pki.authority('deep', pki.intermediate);
  const carl = pki.issue({ name: 'carl', addresses: ['carl@example.com'], key: 'p256', issuer: deep });
  const dora = pki.issue({ name: 'dora', addresses: ['dora@example.com'], key: 'p256', issuer: deep });
  const der = (path: string): Buffer => openssl(['x509', '-in', path, '-outform', 'DER']);
  const raw = [deep, pki.intermediate].map(({ certificate }) => der(certificate));
  const bare = readFileSync(carl.key, 'utf8') + readFileSync(carl.certificate, 'utf8');
  beforeEach(() => {
    writeFileSync(join(directory, 'carl.pem'), bare, { mode: 0o600 });
  });

  it.each([
    [
      '.crt files in PEM',
      () => {
        [deep, pki.intermediate, pki.root].forEach(a => {
          add(a.certificate, `${a.name}.crt`);
        });
      },
    ],
    [
      '.cer files in DER',
      () => {
        raw.forEach((bytes, i) => {
          writeFileSync(join(directory, `${i}.cer`), bytes);
        });
      },
    ],
    [
      'a .pem file of issuers in any order',
      () => {
        const chain = [pki.root, pki.intermediate, deep].map(a => readFileSync(a.certificate, 'utf8'));
        writeFileSync(join(directory, 'ca-chain.pem'), chain.join(''));
      },
    ],
    [
      'what another identity brings along',
      () => {
        add(dora.p12, 'dora.p12');
      },
    ],
    [
      'some of each',
      () => {
        add(anna.p12, 'anna.p12');
        add(deep.certificate, 'deep.crt');
      },
    ],
  ] as [string, () => void][])('by %s', async (_, prepare) => {
    prepare();
    const { identities, warnings, problems } = await loadDirectory(from);
    expect([...warnings, ...problems]).toEqual([]);
    expect(identities.find(({ name }) => name === 'staff/carl.pem')!.chain).toEqual(raw);
  });

  it('and where all of them have none, that is told', async () => {
    add(pki.intermediate.certificate, 'unrelated.crt');
    const { identities, warnings } = await loadDirectory(from);
    expect(identities).toMatchObject([{ chain: [] }]);
    expect(warnings).toMatchObject([
      { message: expect.stringMatching(/the chain ends at "CN=carl"/) as string },
    ]);
  });

  it('but its own issuers come first', async () => {
    const later = new Date(Date.now() + 5000 * 86_400_000);
    const renewed = elsewhere.authority('deep', pki.intermediate, later);
    const own = bare + readFileSync(carl.chain, 'utf8');
    writeFileSync(join(directory, 'carl.pem'), own, { mode: 0o600 });
    add(renewed.certificate, 'deep.crt');
    const { identities } = await loadDirectory(from);
    expect(identities[0]!.chain).toEqual(raw);
  });
});
