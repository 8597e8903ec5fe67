// The debug journal through many reloads: what it has closed is nothing that it keeps.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { DebugJournal } from '../../../src/debug/journal.js';

test('of files that are closed nothing is left', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-debug-journal-'));
  const journal = new DebugJournal(new PassThrough(), () => undefined);
  for (const name of ['a', 'b', 'a']) journal.set({ debug: true, debugFile: join(directory, name) });
  await expect(journal['closing']).resolves.toBeUndefined();
  await journal.close();
  rmSync(directory, { recursive: true });
});
