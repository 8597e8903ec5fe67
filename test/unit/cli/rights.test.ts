// Which files the doctor looks at for their rights, and which of them are secrets.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesOf, look } from '../../../src/cli/rights.js';
import { readConfig } from '../../../src/config/read.js';
import { findingsOfEntry } from '../../../src/wiring/findings-rights.js';

const key = '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n';
const certificate = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n';
/** The beginning of one: only its name and its octets tell that there may be a key in it. */
const pkcs12 = '\x30\x82';
const tree: Readonly<Record<string, string>> = {
  'certs/test/private/ca.key': key,
  'certs/test/ca.pem': certificate,
  'certs/test/anna.pem': certificate + key,
  'certs/test/ben.p12': pkcs12,
  'certs/test/issuer.crt': certificate,
  'certs/test/notes.txt': 'not read by the service',
  'certs/test/.anna.pem.new': key,
  'certs/billing.crt': certificate,
  'certs/billing.key': key,
  'certs/chain.pem': certificate,
  'certs/anna.bin': pkcs12,
  'certs/password': 'secret\n',
};
const ini = `
[certificates:test]
directory = certs/test
password_file = certs/password
[certificate:billing]
file = certs/billing.crt
key = certs/billing.key
chain = certs/chain.pem
[certificate:anna]
file = certs/anna.bin
[certificate:handed-in]
file = credential:anna
`;
let house: string;

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'postseal-rights-'));
  mkdirSync(join(house, 'certs/test/private'), { recursive: true });
  for (const [name, text] of Object.entries(tree)) writeFileSync(join(house, name), text);
});

afterAll(() => {
  rmSync(house, { recursive: true, force: true });
});

test('those that the service reads, and those with a key or a password are secrets', async () => {
  const { config } = readConfig(join(house, 'postseal.ini'), ini);
  const files = await filesOf(config!);
  expect(Object.fromEntries(files.map(([path, role]) => [relative(house, path), role]))).toEqual({
    'certs/anna.bin': 'secret',
    'certs/billing.crt': 'public',
    'certs/billing.key': 'secret',
    'certs/chain.pem': 'public',
    'certs/test/anna.pem': 'secret',
    'certs/test/ben.p12': 'secret',
    'certs/test/ca.pem': 'public',
    'certs/test/issuer.crt': 'public',
    'certs/password': 'secret',
  });
});

test('of a link it looks at the way to its target too', async () => {
  const closed = join(house, 'root');
  mkdirSync(closed);
  const path = join(house, 'linked.key');
  writeFileSync(join(closed, 'linked.key'), key, { mode: 0o644 });
  symlinkSync('root/linked.key', path);
  for (const directory of [house, closed]) chmodSync(directory, 0o711);
  const service = { name: 'postseal', uid: 990, gids: [991] };
  const found = async () => findingsOfEntry(await look(path), 'public', [service], 'postseal');
  expect(await found()).toEqual([]);
  chmodSync(closed, 0o700);
  expect((await found()).map(({ text }) => text)).toEqual([
    `the user postseal does not get through ${closed}`,
  ]);
});

test('a directory in the place of a file is left to "postseal check"', async () => {
  const path = join(house, 'named-as-file');
  mkdirSync(path, { mode: 0o755 });
  expect(findingsOfEntry(await look(path), 'secret', [], 'postseal')).toEqual([]);
});
