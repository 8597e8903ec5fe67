// The roots that verification trusts: those of files, or those of the system.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Fault } from '../certs/fault.js';
import { readPem } from '../certs/pem.js';
import { CommandError, exit } from '../exit.js';

/** Where Debian and its relatives have the roots that the administrator trusts. */
export const systemRoots = '/etc/ssl/certs/ca-certificates.crt';

/** @throws CommandError (66) for a file that cannot be read, or holds none */
export async function readRoots(files: readonly string[]): Promise<X509Certificate[]> {
  const roots: X509Certificate[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw unreadable(file, error);
    });
    try {
      const { certificates } = await readPem(text, undefined, file);
      if (certificates.length === 0) throw new Fault('holds no certificate in PEM');
      roots.push(...certificates);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new CommandError(exit.noInput, `${file}: ${error.message}`);
    }
  }
  return roots;
}

/** Those of the system, or else of Node.js. */
export async function systemStore(): Promise<X509Certificate[]> {
  try {
    return await readRoots([systemRoots]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return rootCertificates.map(pem => new X509Certificate(pem));
  }
}

export function unreadable(file: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`;
  return new CommandError(exit.noInput, `${file}: ${why}`);
}
