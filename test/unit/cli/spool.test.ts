// A message that goes into a file: what a disk that takes no more is told as.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Address } from '../../../src/address.js';
import { envelopeOf } from '../../../src/cli/arguments.js';
import { passThrough } from '../../../src/cli/spool.js';
import { Journal } from '../../../src/journal.js';
import { Outcomes } from '../../../src/outcomes.js';
import { load, type Installation } from '../../../src/service/load.js';

const [anna, kim] = ['anna@example.com', 'kim@example.net'].map(text => Address.parse(text)!);

test.each([
  ['all of it at its end', 100],
  ['a block in its midst', 200_000],
])('a full disk defers the message: %s', async (_, octets) => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-spool-'));
  try {
    const ini = join(directory, 'postseal.ini');
    writeFileSync(ini, '');
    const { installation } = (await load(ini)) as { installation: Installation };
    const message = Buffer.from(`Subject: x\r\n\r\n${'x'.repeat(octets)}\r\n`);
    let lines = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines += String(chunk);
        done();
      },
    });
    const journal = new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false });
    const { reply } = await passThrough(
      { envelope: envelopeOf(anna!, [kim!]), content: Readable.from([message]) },
      '/dev/full',
      installation,
      { journal, outcomes: new Outcomes() },
    );
    await journal.close();
    expect(reply.code).toBe(451);
    expect(lines).toContain('ENOSPC');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
