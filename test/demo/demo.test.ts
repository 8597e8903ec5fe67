// The demo as people run it, but into a temporary directory.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';

describeWithPeers('the demo', ['openssl'], () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-demo-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('signs, shows, verifies, and leaves its files', async () => {
    const args = ['--import', 'tsx', join(import.meta.dirname, 'demo.ts')];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      ...args,
      '--directory',
      directory,
    ]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/: ready, listening on 127\.0\.0\.1:\d+/);
    expect(stdout).toMatch(
      /4cZx9T2Kq1zL7: from=<anna@example\.com>, signed rule=anna certificate=anna to=<kim@example\.net>/,
    );
    expect(stdout).toMatch(
      /multipart\/signed\n.*├─ multipart\/mixed\n.*text\/plain +quoted-printable +\d+ bytes/s,
    );
    expect(stdout).toMatch(/└─ application\/pkcs7-signature \(smime\.p7s\) +base64 +\d+ bytes/);
    expect(stdout).toContain('yes: OpenSSL verifies the signature');
    expect(stdout).toMatch(/with one byte changed OpenSSL refuses it: .*(?:digest|verif)/i);
    // A pipe is no terminal.
    expect(stdout).not.toContain('\x1b');
    for (const name of ['ca.pem', 'original.eml', 'postseal.ini', 'signed.eml'])
      expect(existsSync(join(directory, name)), name).toBe(true);
    expect(readFileSync(join(directory, 'postseal.ini'), 'utf8')).toContain('[rule:anna]');
  }, 60_000);
});
