// A disk that fails `postseal cert`: an error before the new file counts, none after it.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { openssl } from '../support/pki.js';
import { temporaryPki } from '../support/pki-temporary.js';
import { House } from './cert-house.js';

const pki = temporaryPki();
const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });

afterEach(() => vi.restoreAllMocks());

/** fsync of this directory fails. */
async function failOn(directory: string): Promise<void> {
  const { ino } = statSync(directory);
  const handle = await open(directory);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the handle of each call
  const original = prototype.sync;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    if ((await this.stat()).ino === ino) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    await original.call(this);
  });
}

/** A house whose key waits for its certificate. @returns besides, that certificate */
function waitingHouse(): [House, string] {
  const house = new House(pki.dir, '');
  mkdirSync(house.path('certs'));
  writeFileSync(house.path('certs/anna.key'), readFileSync(anna.key));
  const request = openssl(['req', '-new', '-key', anna.key, '-subj', '/CN=anna']);
  writeFileSync(house.path('certs/anna.csr'), request);
  const certificate = join(mkdtempSync(join(pki.dir, 'from-ca-')), 'anna.crt');
  writeFileSync(certificate, readFileSync(anna.certificate));
  return [house, certificate];
}

test('a key that waits stays where what was stored may not last', async () => {
  const [house, certificate] = waitingHouse();
  await failOn(house.path('certs'));
  const { code, err } = await house.cert('add', certificate);
  expect({ code, err }).toEqual({
    code: 74,
    err: `${house.path('certs/anna.pem')}: cannot be written (EIO)\n`,
  });
  expect(readdirSync(house.path('certs')).sort()).toEqual(['anna.csr', 'anna.key']);
  expect(house.text).toBe('');
});

test('an ini file that has its new text already is no error', async () => {
  const [house, certificate] = waitingHouse();
  await failOn(house.directory);
  const { code } = await house.cert('add', certificate);
  expect(code).toBe(0);
  expect(readdirSync(house.path('certs'))).toEqual(['anna.pem']);
  expect(house.text).toContain('file = certs/anna.pem\n');
});

test('nor is a file that is moved already', async () => {
  const house = new House(pki.dir, '[certificate:anna]\nfile = certs/anna.pem\n');
  mkdirSync(house.path('certs/removed'), { recursive: true });
  writeFileSync(house.path('certs/anna.pem'), readFileSync(anna.pem));
  await failOn(house.path('certs/removed'));
  expect((await house.cert('remove', 'anna')).code).toBe(0);
  expect(readdirSync(house.path('certs/removed'))).toEqual(['anna.pem']);
});
