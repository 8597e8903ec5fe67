// When what an ini file says is known, before the files are read that it names.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
