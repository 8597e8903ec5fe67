// A directory of certificates: each file with a key becomes an identity, and authorities complete the chains of all.
import { join } from 'node:path';
import type { Identity } from '../identity.js';
import { escaped } from '../printable.js';
import { bounded, type Progress } from './bounded.js';
import { distinct } from './chain.js';
import type { CertificateProblem } from './fault.js';
import { nodeIo, readDirectory, type CertificateIo, type PasswordSource } from './files.js';
import { makeIdentity } from './make.js';
import type { Contents } from './material.js';
import { readingHere, readSecret, type Reading, type ReadFile } from './read.js';

/** A directory of certificates; its path is absolute. */
export interface DirectorySource {
  readonly name: string;
  readonly directory: string;
  readonly password: PasswordSource;
}

export interface LoadedDirectory {
  /** In the order of their file names. */
  readonly identities: readonly Identity[];
  readonly warnings: readonly CertificateProblem[];
  readonly problems: readonly CertificateProblem[];
}

/** Who reads the files, and who waits for them. */
export interface Circumstances {
  /** Who reads so many files. */
  readonly readingFor?: (files: number) => Reading;
  /** Told of each file with an identity. */
  readonly progress?: Progress | undefined;
  /** When it comes, no further file is read, and loading rejects with its reason. */
  readonly ending?: AbortSignal | undefined;
}

/** Whether a file of that name is read for an identity. */
export function isMemberFile(name: string): boolean {
  return /^[^.].*\.(?:p12|pfx|pem)$/is.test(name);
}

/** Whether a file of that name is read for authorities. */
export function isIssuerFile(name: string): boolean {
  return /^[^.].*\.(?:crt|cer|der)$/is.test(name);
}

/**
 * Loads every .p12, .pfx and .pem file of a directory, hidden ones apart. One that fails leaves the others
 * in; identities are named `staff/anna.p12`, what cannot be printed in it escaped. Issuers that a file lacks are taken from the other files, and
 * from files of issuers alone, which may also be .crt, .cer or .der.
 */
export async function loadDirectory(
  { name: section, directory, password }: DirectorySource,
  io: CertificateIo = nodeIo,
  { readingFor = () => readingHere(io), progress, ending }: Circumstances = {},
): Promise<LoadedDirectory> {
  let names: string[];
  try {
    names = await readDirectory(directory, io);
  } catch (error) {
    return { identities: [], warnings: [], problems: [at(`${directory}: ${(error as Error).message}`)] };
  }
  const secret = await readSecret(password, io);
  const { read, atOnce } = readingFor(names.length);
  const readAll = (
    isWanted: (name: string) => boolean,
  ): Promise<(ReadFile & { name: string; path: string })[]> =>
    bounded(
      names.filter(isWanted),
      atOnce,
      async name => {
        const path = join(directory, name);
        const file = await read(path, 'file', secret);
        if (isMemberFile(name)) progress?.done();
        return { name, path, ...file };
      },
      ending,
    );
  progress?.expect(names.filter(isMemberFile).length);
  const members = await readAll(isMemberFile);
  const issuers = await readAll(isIssuerFile);
  // As objects first: the same authority comes with each of thousands.
  const certificates = new Set(
    [...members, ...issuers].flatMap(({ contents }) => contents?.certificates ?? []),
  );
  const pool = distinct([...certificates].filter(certificate => certificate.ca));
  const identities: Identity[] = [];
  const problems = [...secret.problems, ...members.flatMap(file => file.problems)];
  const warnings = [
    ...secret.warnings,
    ...members.flatMap(file => file.warnings),
    ...issuers.flatMap(file => file.problems), // the mail goes out without them too
  ];
  const made = await bounded(
    members,
    atOnce,
    async ({ name, contents }) => {
      const parts = contents && !holdsIssuersAlone(contents) && { file: contents, pool };
      return parts && makeIdentity(`${section}/${escaped(name)}`, parts, io.now());
    },
    ending,
  );
  for (const result of made) {
    if (!result) continue;
    if ('problems' in result) problems.push(...result.problems);
    else {
      identities.push(result.identity);
      warnings.push(...result.warnings);
    }
  }
  const unused = [
    ...issuers.filter(({ contents }) => contents && !holdsIssuersAlone(contents)).map(({ path }) => path),
    ...names.filter(name => /^[^.].*\.key$/is.test(name)).map(name => join(directory, name)),
  ];
  const mend = 'put key, certificate and chain together into one .pem file';
  warnings.push(...unused.map(path => at(`${path}: is not used; ${mend}`)));
  if (identities.length === 0 && problems.length === 0) {
    warnings.push(at(`${directory}: holds no .p12, .pfx or .pem file with a key`));
  }
  return { identities, warnings: tell(warnings), problems: tell(problems) };
}

function holdsIssuersAlone({ keys, certificates }: Contents): boolean {
  return keys.length === 0 && certificates.length > 0 && certificates.every(c => c.ca);
}

function at(message: string): CertificateProblem {
  return { key: 'directory', message };
}

/** By file. What one lacks, the section cannot name: all of it is about the directory. */
function tell(problems: readonly CertificateProblem[]): CertificateProblem[] {
  return problems
    .map(problem => (problem.key === 'file' ? { ...problem, ...at(problem.message) } : problem))
    .sort((a, b) => (a.message < b.message ? -1 : 1));
}
