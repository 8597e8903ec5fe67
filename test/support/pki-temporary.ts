// A Pki for one test file, in a directory that goes away with it, and loading that must succeed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { loadCertificate, nodeIo, type CertificateIo, type CertificateSource } from '../../src/certs/load.js';
import type { Identity } from '../../src/identity.js';
import { makePki, type Pki } from './pki.js';

/** Makes a Pki below the temporary directory; removed after all tests of the file. */
export function temporaryPki(): Pki {
  const dir = mkdtempSync(join(tmpdir(), 'postseal-pki-'));
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return makePki(dir);
}

/** Writes a file into the directory of the Pki. @returns its path */
export function put(pki: Pki, name: string, content: string | Buffer, mode = 0o640): string {
  const path = join(pki.dir, name);
  writeFileSync(path, content, { mode });
  return path;
}

/** A source with that password, or with none. */
export function source(file: string, password?: string): CertificateSource {
  return {
    name: 'test',
    file,
    password: password === undefined ? { kind: 'none' } : { kind: 'inline', password },
  };
}

/** Loads; throws with the problems, or with warnings (but for kinds of keys that always have one). */
export async function identityOf(from: CertificateSource, io: CertificateIo = nodeIo): Promise<Identity> {
  const loaded = await loadCertificate(from, io);
  const found = 'problems' in loaded ? loaded.problems : loaded.warnings;
  const doubts = found.filter(d => !/signatures of \S+ keys cannot be verified by/.test(d.message));
  if ('problems' in loaded || doubts.length > 0) throw new Error(doubts.map(d => d.message).join('\n'));
  return loaded.identity;
}
