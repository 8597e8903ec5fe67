// Certificate files → checked identities, or every problem in words (R5 to R9).
import { join } from 'node:path';
import type { Identity } from '../identity.js';
import * as asn1 from './asn1.js';
import { Fault, type CertificateProblem, type OptionKey } from './fault.js';
import {
  checkRights,
  nodeIo,
  passwordOption,
  readBounded,
  readDirectory,
  readPassword,
  type CertificateIo,
  type PasswordSource,
} from './files.js';
import { foreignFile, type Foreign } from './foreign.js';
import { makeIdentity, type Contents } from './make.js';
import { isPem, readPem } from './pem.js';
import { isPkcs12, readPkcs12 } from './pkcs12.js';

export { nodeIo, type CertificateIo, type PasswordSource } from './files.js';
export type { CertificateProblem, OptionKey } from './fault.js';

/** One certificate as the ini file names it; paths are absolute. */
export interface CertificateSource {
  readonly name: string;
  /** PKCS#12 or PEM. */
  readonly file: string;
  readonly keyFile?: string;
  readonly chainFile?: string;
  readonly password: PasswordSource;
}

/** A directory of certificates; its path is absolute. */
export interface DirectorySource {
  readonly name: string;
  readonly directory: string;
  readonly password: PasswordSource;
}

export type Loaded =
  | { readonly identity: Identity; readonly warnings: readonly CertificateProblem[] }
  | { readonly problems: readonly CertificateProblem[] };

export interface LoadedDirectory {
  /** In the order of their file names. */
  readonly identities: readonly Identity[];
  readonly warnings: readonly CertificateProblem[];
  readonly problems: readonly CertificateProblem[];
}

/** Loads one certificate with its key and chain. Never rejects for what is in the files. */
export async function loadCertificate(
  source: CertificateSource,
  io: CertificateIo = nodeIo,
): Promise<Loaded> {
  const secret = await readSecret(source.password, io);
  return load(source, secret, io);
}

/**
 * Loads every .p12, .pfx and .pem file of a directory, hidden ones apart. One that fails leaves the
 * others in; identities are named `staff/anna.p12`.
 */
export async function loadDirectory(
  source: DirectorySource,
  io: CertificateIo = nodeIo,
): Promise<LoadedDirectory> {
  const { directory } = source;
  const identities: Identity[] = [];
  const problems: CertificateProblem[] = [];
  const warnings: CertificateProblem[] = [];
  const at = (message: string): CertificateProblem => ({ key: 'directory', message });
  // What a file lacks, the directory's section cannot name: all of it is about the directory.
  const reword = ({ key, message }: CertificateProblem): CertificateProblem =>
    key === 'file' ? at(message) : { ...(key && { key }), message };
  let names: string[];
  try {
    names = await readDirectory(directory, io);
  } catch (error) {
    return { identities, warnings, problems: [at(`${directory}: ${(error as Error).message}`)] };
  }
  const secret = await readSecret(source.password, io);
  problems.push(...secret.problems);
  warnings.push(...secret.warnings);
  for (const name of names.filter(n => !n.startsWith('.'))) {
    const file = join(directory, name);
    if (/\.(?:key|crt|cer|der)$/i.test(name)) {
      warnings.push(at(`${file}: is not read; put key, certificate and chain together into one .pem file`));
    }
    if (!/\.(?:p12|pfx|pem)$/i.test(name) || secret.problems.length > 0) continue;
    const one = { name: `${source.name}/${name}`, file, password: source.password };
    const loaded = await load(one, { ...secret, warnings: [] }, io);
    if ('problems' in loaded) problems.push(...loaded.problems.map(reword));
    else {
      identities.push(loaded.identity);
      warnings.push(...loaded.warnings.map(reword));
    }
  }
  if (identities.length === 0 && problems.length === 0) {
    warnings.push(at(`${directory}: holds no .p12, .pfx or .pem file`));
  }
  return { identities, warnings, problems };
}

/** A password that was looked up, or why it could not be. */
interface Secret {
  readonly password: string | undefined;
  readonly warnings: readonly CertificateProblem[];
  readonly problems: readonly CertificateProblem[];
}

async function readSecret(source: PasswordSource, io: CertificateIo): Promise<Secret> {
  try {
    return { ...(await readPassword(source, io)), problems: [] };
  } catch (error) {
    const { message } = asFault(error);
    return { password: undefined, warnings: [], problems: [{ key: passwordOption(source), message }] };
  }
}

async function load(source: CertificateSource, secret: Secret, io: CertificateIo): Promise<Loaded> {
  const { file, keyFile, chainFile, password } = source;
  const warnings = [...secret.warnings];
  const problems = [...secret.problems];
  const readPart = async (path: string, key: OptionKey): Promise<Contents | undefined> => {
    try {
      const { bytes, mode } = await readBounded(path, io);
      const contents = { path, ...(await readContents(bytes, path, secret.password)) };
      if (contents.keys.length > 0) warnings.push(...checkRights(path, mode, key));
      return contents;
    } catch (error) {
      const { message, about } = asFault(error);
      // Without its password a file cannot be opened: that has been said.
      if (about === 'password' && secret.problems.length > 0) return undefined;
      const named = about === 'password' && password.kind !== 'none';
      problems.push({ key: named ? passwordOption(password) : key, message: `${path}: ${message}` });
      return undefined;
    }
  };
  const main = await readPart(file, 'file');
  const key = keyFile === undefined ? undefined : await readPart(keyFile, 'key');
  const chain = chainFile === undefined ? undefined : await readPart(chainFile, 'chain');
  if (problems.length > 0 || !main) return { problems };
  const made = makeIdentity(source.name, { file: main, key, chain }, io.now());
  if ('problems' in made) return made;
  return { identity: made.identity, warnings: [...warnings, ...made.warnings] };
}

type FileContents = Omit<Contents, 'path'>;

/** @throws Fault without the path in front */
async function readContents(
  bytes: Buffer,
  path: string,
  password: string | undefined,
): Promise<FileContents> {
  const text = bytes.toString('utf8'); // a byte order mark is then white space
  if (isPem(text)) return { kind: 'PEM', ...(await readPem(text, password, path)) };
  const foreign: Foreign[] = [];
  let node: asn1.Node | undefined;
  try {
    node = asn1.parse(bytes);
  } catch {
    // neither, then
  }
  if (!node || !isPkcs12(node)) throw foreignFile(bytes, path);
  return { kind: 'PKCS#12', ...(await readPkcs12(node, password)), foreign };
}

/** What is no Fault is a bug, and must not be told as a mistake of the administrator. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}
