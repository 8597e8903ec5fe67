// Certificate files → checked identities, or every problem in words (R5 to R9).
import type { Identity } from '../identity.js';
import type { CertificateProblem } from './fault.js';
import { nodeIo, type CertificateIo, type PasswordSource } from './files.js';
import { makeIdentity } from './make.js';
import { readingHere, readSecret } from './read.js';

export { loadDirectory, type DirectorySource, type LoadedDirectory } from './directory.js';
export { readingHere, type Reading } from './read.js';
export { Shelf } from './shelf.js';
export { many, ReadingThreads } from './threads.js';
export { nodeIo, realIo, type CertificateIo, type PasswordSource } from './files.js';
export { shortly, type CertificateProblem, type OptionKey } from './fault.js';

/** One certificate as the ini file names it: each file as an absolute path, or as `credential:NAME`. */
export interface CertificateSource {
  readonly name: string;
  /** PKCS#12 or PEM; with a key file also DER. */
  readonly file: string;
  readonly keyFile?: string;
  readonly chainFile?: string;
  readonly password: PasswordSource;
}

export type Loaded =
  | { readonly identity: Identity; readonly warnings: readonly CertificateProblem[] }
  | { readonly problems: readonly CertificateProblem[] };

/** Loads one certificate with its key and chain. Never rejects for what is in the files. */
export async function loadCertificate(
  { name, file: path, keyFile, chainFile, password }: CertificateSource,
  io: CertificateIo = nodeIo,
  { read } = readingHere(io),
): Promise<Loaded> {
  const secret = await readSecret(password, io);
  const file = await read(path, 'file', secret);
  const key = keyFile === undefined ? undefined : await read(keyFile, 'key', secret);
  const chain = chainFile === undefined ? undefined : await read(chainFile, 'chain', secret);
  const all = [secret, file, ...(key ? [key] : []), ...(chain ? [chain] : [])];
  const problems = all.flatMap(part => part.problems);
  if (problems.length > 0 || !file.contents) return { problems };
  const parts = { file: file.contents, key: key?.contents, chain: chain?.contents };
  const made = await makeIdentity(name, parts, io.now());
  if ('problems' in made) return made;
  return { identity: made.identity, warnings: [...all.flatMap(part => part.warnings), ...made.warnings] };
}
