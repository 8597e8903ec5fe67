// When what an ini file says is known, before the files are read that it names; and which of them are read again.
import type { KeyObject } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Shelf } from '../../../src/certs/load.js';
import { load } from '../../../src/service/load.js';
import { makePki } from '../../support/pki.js';

test('who is told of the ini file is so before a directory is read, and may have it left', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-load-'));
  const { pem } = makePki(join(directory, 'pki')).issue({ name: 'anna', addresses: ['anna@example.com'] });
  const ini = join(directory, 'postseal.ini');
  writeFileSync(ini, '[certificates:staff]\ndirectory = .\n');
  const result = await load(ini, undefined, {
    parsed: ({ directories }) => {
      copyFileSync(pem, join(directories[0]!.directory, 'anna.pem'));
    },
  });
  expect('installation' in result && result.installation.identities.map(i => i.identity.name)).toEqual([
    'staff/anna.pem',
  ]);
  const end = new AbortController();
  const { signal: ending } = end;
  const reading = load(ini, undefined, {
    ending,
    parsed: () => {
      end.abort();
    },
  });
  expect(
    await reading.then(
      () => 'read',
      () => 'left',
    ),
  ).toBe('left');
  rmSync(directory, { recursive: true });
});

test('a certificate file that has not changed is not read again', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-load-'));
  const pki = makePki(join(directory, 'pki'));
  const file = join(directory, 'anna.pem');
  const ini = join(directory, 'postseal.ini');
  copyFileSync(pki.issue({ name: 'anna', addresses: ['anna@example.com'] }).pem, file);
  writeFileSync(ini, '[certificate:anna]\nfile = anna.pem\n');
  const shelf = new Shelf(() => Date.now() + 3000);
  const key = async (): Promise<KeyObject> => {
    const result = await load(ini, undefined, { shelf });
    if (!('installation' in result)) throw new Error('not loaded');
    return result.installation.identities[0]!.identity.key;
  };
  const first = await key();
  expect(await key()).toBe(first);
  rmSync(file);
  copyFileSync(
    pki.issue({ name: 'renewed', addresses: ['anna@example.com'], freshKey: true, key: 'p256' }).pem,
    file,
  );
  const renewed = await key();
  expect(renewed.equals(first)).toBe(false);
  expect(await key()).toBe(renewed);
  rmSync(directory, { recursive: true });
});
