// Files → what they hold, whatever form they have: with the words for each that cannot be read.
import { X509Certificate } from 'node:crypto';
import * as asn1 from '../asn1.js';
import { mailboxesOf } from './certificate.js';
import { Fault, type CertificateProblem, type OptionKey } from './fault.js';
import {
  checkRights,
  passwordOption,
  readPassword,
  readPlace,
  type CertificateIo,
  type PasswordSource,
} from './files.js';
import { foreignFile } from './foreign.js';
import type { Contents, Material } from './material.js';
import { isPem, readPem } from './pem.js';
import { isPkcs12, readPkcs12 } from './pkcs12.js';

/** A password that was looked up, or in `problems` why it could not be. */
export interface Secret {
  readonly source: PasswordSource;
  readonly password: string | undefined;
  readonly warnings: readonly CertificateProblem[];
  readonly problems: readonly CertificateProblem[];
}

export async function readSecret(source: PasswordSource, io: CertificateIo): Promise<Secret> {
  try {
    return { source, ...(await readPassword(source, io)), problems: [] };
  } catch (error) {
    const { message } = asFault(error);
    const problem = { key: passwordOption(source), message };
    return { source, password: undefined, warnings: [], problems: [problem] };
  }
}

/** A file that was read, or in `problems` why it could not be. */
export interface ReadFile {
  readonly contents?: Contents;
  readonly warnings: readonly CertificateProblem[];
  readonly problems: readonly CertificateProblem[];
}

/** `readCertificateFile`, wherever it happens. */
export type ReadCertificateFile = (place: string, key: OptionKey, secret: Secret) => Promise<ReadFile>;

/** Who reads files, and how many at a time. */
export interface Reading {
  readonly read: ReadCertificateFile;
  readonly atOnce: number;
}

/**
 * In this thread. Of the four that derive keys and sign for this process (libuv's) one stays free: mail is signed while
 * certificates are read again.
 */
export function readingHere(io: CertificateIo): Reading {
  return { read: (...args) => readCertificateFile(...args, io), atOnce: 3 };
}

/** @param place a path, or `credential:NAME` @param key the option that names it */
export async function readCertificateFile(
  place: string,
  key: OptionKey,
  secret: Secret,
  io: CertificateIo,
): Promise<ReadFile> {
  try {
    const { bytes, mode } = await readPlace(place, io);
    const contents = { path: place, ...(await readMaterial(bytes, place, secret.password)) };
    return {
      contents,
      warnings: contents.keys.length > 0 ? checkRights(place, mode, key) : [],
      problems: [],
    };
  } catch (error) {
    const { message, about, certificates } = asFault(error);
    // Without its password a file cannot be opened: that has been said.
    if (about === 'password' && secret.problems.length > 0) return { warnings: [], problems: [] };
    const named = about === 'password' && secret.source.kind !== 'none';
    const option = named ? passwordOption(secret.source) : key;
    const mailboxes = mailboxesOf(certificates);
    const problem = {
      key: option,
      message: `${place}: ${message}`,
      ...(mailboxes && { mailboxes }),
      ...(about === 'password' && { locked: true as const }),
    };
    return { warnings: [], problems: [problem] };
  }
}

/** @throws Fault without the path in front */
async function readMaterial(bytes: Buffer, path: string, password: string | undefined): Promise<Material> {
  const text = bytes.toString('utf8'); // a byte order mark is then white space
  if (isPem(text)) return readPem(text, password, path);
  const node = parse(bytes);
  if (node && isPkcs12(node)) return readPkcs12(node, password);
  try {
    return { keys: [], certificates: [new X509Certificate(bytes)], foreign: [] }; // in DER
  } catch {
    throw foreignFile(bytes, path);
  }
}

function parse(bytes: Buffer): asn1.Node | undefined {
  try {
    return asn1.parse(bytes);
  } catch {
    return undefined;
  }
}

/** What is no Fault is a bug, and must not be told as a mistake of the administrator. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}
