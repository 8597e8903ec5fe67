// Where an ini file keeps its certificates, and what in the file names what.
import { access, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { CertificateSection } from '../../config/config.js';
import { sectionsIn } from '../../config/edit.js';
import { requestOf, type Candidate } from './candidate.js';
import type { Change } from './ini.js';
import { groupFor, makeDirectory, secretMode, writeNew } from './store.js';

export interface Place {
  /** The ini file as it was named. */
  readonly ini: string;
  /** Its directory, absolute: paths in it start there. */
  readonly directory: string;
  /** The directory of the certificates. */
  readonly certs: string;
  /** Who may read what is stored. */
  readonly group: number | undefined;
}

export async function placeOf(ini: string): Promise<Place> {
  const directory = dirname(resolve(ini));
  return { ini, directory, certs: join(directory, 'certs'), group: await groupFor(resolve(ini)) };
}

/** As the ini file writes it: from its directory where it is below that. */
export function inIni({ directory }: Place, path: string): string {
  return isBelow(directory, path) ? relative(directory, path) : path;
}

function isBelow(directory: string, path: string): boolean {
  return path.startsWith(directory + sep);
}

/** A rule that names certificates of its own. */
export interface Reference {
  readonly rule: string;
  readonly line: number;
  readonly names: readonly string[];
  readonly signs: boolean;
}

/** The rules that name a section by this key, in the order of the file. */
export function referencesIn(text: Buffer, key: 'certificate' | 'certificates'): Reference[] {
  return sectionsIn(text).flatMap(({ kind, name = '', entries }) => {
    const entry = kind === 'rule' ? entries.find(e => e.key === key) : undefined;
    if (entry?.value === undefined) return [];
    const names = entry.value.split(',').map(n => n.trim());
    const signs = entries.find(e => e.key === 'sign')?.value !== 'never';
    return [{ rule: name, line: entry.line, names, signs }];
  });
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Where a candidate came to lie; paths are absolute. */
export interface Stored {
  readonly file: string;
  readonly chain?: string;
  readonly passwordFile?: string;
}

/** Stores a candidate under a name that nobody has yet. @throws CommandError (73, 74, 77) */
export async function storeCandidate(
  candidate: Candidate,
  { group }: Place,
  directory: string,
  name: string,
  made: Change['made'],
): Promise<Stored> {
  await makeDirectory(directory, 0o750, group);
  const write = async (ending: string, content: Buffer): Promise<string> => {
    const path = join(directory, name + ending);
    await writeNew(path, content, secretMode, group);
    made(path);
    return path;
  };
  const { ending, content, chain, password } = candidate;
  const file = await write(ending, content);
  return {
    file,
    ...(chain && { chain: await write('-chain.crt', chain) }),
    ...(password !== undefined && { passwordFile: await write('.pass', Buffer.from(`${password}\n`)) }),
  };
}

/**
 * Every file that a section leads to. A password that stands in the ini file goes with its line: it becomes a file
 * of its own, for what it opens may be elsewhere.
 */
export async function filesBehind(
  { file, keyFile, chainFile, password }: CertificateSection,
  { certs, group }: Place,
  { text, made }: Change,
): Promise<string[]> {
  const files = [file, keyFile, chainFile, password.kind === 'file' ? password.path : undefined];
  if (password.kind === 'inline') {
    const path = join(
      certs,
      `${await freeName(certs, basename(file).replace(/^credential:/, ''), text)}.pass`,
    );
    await makeDirectory(certs, 0o750, group);
    await writeNew(path, Buffer.from(`${password.password}\n`), secretMode, group);
    made(path);
    files.push(path);
  }
  return [...new Set(files.filter(path => path !== undefined))];
}

/** What the section of a stored candidate says. */
export function entriesFor(place: Place, { file, chain, passwordFile }: Stored) {
  return {
    file: inIni(place, file),
    chain: chain && inIni(place, chain),
    password_file: passwordFile && inIni(place, passwordFile),
  };
}

/** The key of a request is in what was stored: nothing waits any more. */
export async function endWaiting({ waitingKey }: Candidate): Promise<void> {
  if (waitingKey === undefined) return;
  await rm(waitingKey);
  await rm(requestOf(waitingKey), { force: true });
}

/** A name for files that nobody has, and that no section has. */
export async function freeName(directory: string, wanted: string, text: Buffer): Promise<string> {
  const titles = sectionsIn(text).map(section => section.title);
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    const paths = ['.pem', '.p12', '.pass', '-chain.crt'].map(ending => join(directory, name + ending));
    const there = await Promise.all(paths.map(isThere));
    if (!there.includes(true) && !titles.includes(`certificate:${name}`)) return name;
  }
}
