// A certificate that is handed in: read once, checked whole, and put into the form in which it is stored.
import { X509Certificate } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as asn1 from '../../asn1.js';
import {
  loadCertificate,
  nodeIo,
  type CertificateIo,
  type CertificateProblem,
  type PasswordSource,
} from '../../certs/load.js';
import { readBounded } from '../../certs/files.js';
import { isPem, readPem } from '../../certs/pem.js';
import { isPkcs12 } from '../../certs/pkcs12.js';
import { readCertificateFile } from '../../certs/read.js';
import { CommandError, exit } from '../../exit.js';
import { validity, type Identity } from '../../identity.js';
import { day } from '../../printable.js';
import { realPath, type Needs } from './needs.js';
import { obtainPassword } from './password.js';

/** What the command line names. */
export interface Handed {
  readonly file: string;
  readonly key?: string | undefined;
  readonly chain?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** A certificate that can sign, as it is to be stored. */
export interface Candidate {
  readonly identity: Identity;
  readonly warnings: readonly string[];
  /** `.p12`, or `.pem` with key, certificate and chain in one. */
  readonly ending: '.p12' | '.pem';
  readonly content: Buffer;
  /** PEM of the issuers, where they cannot be put into `content`. */
  readonly chain?: Buffer;
  /** What opens `content`. */
  readonly password?: string;
  /** The key of a request, which is in `content` now. */
  readonly waitingKey?: string;
}

/**
 * @param keys the directory in which keys of requests wait
 * @param needs of the ini files: a key that one of them names waits for nothing
 * @param fixed the password of the directory that it is for; nobody is asked for another one
 * @throws CommandError (66) with every problem in words
 */
export async function readCandidate(
  handed: Handed,
  keys: string,
  needs: Needs,
  fixed?: PasswordSource,
): Promise<Candidate> {
  const io = readingOnce();
  const { file, chain } = handed;
  const waitingKey = handed.key === undefined ? await findWaitingKey(file, keys, needs, io) : undefined;
  const key = handed.key ?? waitingKey;
  await refusePkcs12Parts(file, key, chain, io);
  const { identity, password, warnings } = await open({ ...handed, key }, fixed, io);
  const common = {
    identity,
    warnings,
    ...(password !== undefined && { password }),
    ...(waitingKey !== undefined && { waitingKey }),
  };
  const pemOf = async (path: string | undefined): Promise<Buffer> =>
    path === undefined ? Buffer.alloc(0) : asPem(await io.readFile(path));
  const content = await io.readFile(file);
  if (isPkcs12File(content))
    return { ...common, ending: '.p12', content, ...(chain !== undefined && { chain: await pemOf(chain) }) };
  const parts = [await pemOf(key), asPem(content), await pemOf(chain)];
  return { ...common, ending: '.pem', content: Buffer.concat(parts) };
}

/** PKCS#12 is a whole, and nothing to put together with other files. @throws CommandError (66) */
async function refusePkcs12Parts(
  file: string,
  key: string | undefined,
  chain: string | undefined,
  io: CertificateIo,
): Promise<void> {
  // What cannot be read is told later, with what else is wrong.
  const is = async (path: string | undefined): Promise<boolean> =>
    path !== undefined &&
    (await readBounded(path, io).then(
      ({ bytes }) => isPkcs12File(bytes),
      () => false,
    ));
  for (const part of [key, chain])
    if (await is(part))
      throw new CommandError(exit.noInput, `${part!}: is PKCS#12: hand it in as FILE itself`);
  if (key !== undefined && (await is(file)))
    throw new CommandError(exit.noInput, `${file}: is PKCS#12, which holds its key itself; leave out --key`);
}

interface Opened {
  readonly identity: Identity;
  readonly password: string | undefined;
  readonly warnings: readonly string[];
}

/** Loads it as the service does; where it does not open, with a password. @throws CommandError (66) */
async function open(handed: Handed, fixed: PasswordSource | undefined, io: CertificateIo): Promise<Opened> {
  const { file, key, chain, passwordFile } = handed;
  const parts = {
    ...(key !== undefined && { keyFile: key }),
    ...(chain !== undefined && { chainFile: chain }),
  };
  const attempt = (password: PasswordSource) => loadCertificate({ name: file, file, ...parts, password }, io);
  const told: string[] = [];
  let password: string | undefined;
  let loaded = await attempt(fixed ?? { kind: 'none' });
  const locked = 'problems' in loaded ? loaded.problems.find(problem => problem.locked) : undefined;
  if (locked) {
    const path = [file, key, chain].find(p => locked.message.startsWith(`${p ?? ''}: `))!;
    if (fixed)
      throw new CommandError(
        exit.noInput,
        `${path}: does not open with what its section says of passwords, which holds for every file of the directory; ` +
          'export it again in that way',
      );
    const given = await obtainPassword(passwordFile, path);
    password = given.password;
    told.push(...given.warnings);
    loaded = await attempt({ kind: 'inline', password });
  } else if (passwordFile !== undefined) told.push('it opens without a password: none is stored');
  if ('problems' in loaded) throw useless(loaded.problems);
  const { identity, warnings } = loaded;
  if (validity(identity, io.now()) === 'expired')
    throw new CommandError(
      exit.noInput,
      `${file}: expired on ${day(identity.notAfter)}; have it renewed first`,
    );
  return { identity, password, warnings: [...told, ...warnings.map(inCommandWords)] };
}

/** What was checked is what is stored, whatever becomes of the file meanwhile. */
function readingOnce(): CertificateIo {
  const read = new Map<string, Promise<Buffer>>();
  return {
    ...nodeIo,
    readFile: path => {
      const bytes = read.get(path) ?? readFile(path);
      read.set(path, bytes);
      return bytes;
    },
  };
}

/** The key of a request whose certificate this is; by the request beside it, it is known to be one. */
async function findWaitingKey(
  file: string,
  directory: string,
  needs: Needs,
  io: CertificateIo,
): Promise<string | undefined> {
  const secret = { source: { kind: 'none' }, password: undefined, warnings: [], problems: [] } as const;
  const { contents } = await readCertificateFile(file, 'file', secret, io);
  if (!contents || contents.keys.length > 0) return undefined;
  const names: string[] = await readdir(directory).catch(() => []);
  for (const name of names.filter(n => n.endsWith('.key') && names.includes(requestOf(n))).sort()) {
    const path = join(directory, name);
    if (needs.has(await realPath(path))) continue;
    const waiting = await readPem(await keyText(path), undefined, path).catch(() => undefined);
    if (waiting?.keys.some(k => contents.certificates.some(c => c.checkPrivateKey(k)))) return path;
  }
  return undefined;
}

/** `certs/billing.key` → `certs/billing.csr` */
export function requestOf(key: string): string {
  return key.replace(/key$/, 'csr');
}

function keyText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** The mends are those for the ini file: here an option does the same. */
function inCommandWords({ message }: CertificateProblem): string {
  return message
    .replace('name the password with "password_file ="', 'give it with --password-file FILE')
    .replace('put both into one PEM file, or name the key with "key ="', 'give the key with --key FILE')
    .replace(
      'add the certificate that belongs to the key',
      'give the key with --key, and name the certificate instead',
    )
    .replace(/ and add the private key$/, ', and hand that in with --key FILE')
    .replace("add its issuer's certificate", "give its issuer's certificate with --chain FILE");
}

function useless(problems: readonly CertificateProblem[]): CommandError {
  return new CommandError(exit.noInput, ...problems.map(inCommandWords));
}

function isPkcs12File(bytes: Buffer): boolean {
  try {
    return isPkcs12(asn1.parse(bytes));
  } catch {
    return false;
  }
}

/** Text as it is, but for its byte order mark; a certificate in DER as PEM. */
function asPem(bytes: Buffer): Buffer {
  const text = bytes.toString('utf8');
  const pem = isPem(text) ? text.replace(/^\ufeff/, '') : new X509Certificate(bytes).toString();
  return Buffer.from(pem.endsWith('\n') ? pem : `${pem}\n`);
}
