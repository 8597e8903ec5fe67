// `postseal cert make-test`: an authority of one's own and certificates of it, for trying out.
import { createPrivateKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Address } from '../../address.js';
import * as asn1 from '../../asn1.js';
import { quoted } from '../../printable.js';
import { CommandError, exit } from '../../exit.js';
import { mailCertificate, rootCertificate, type Issuer } from '../../issue/certificate.js';
import { commonName } from '../../issue/name.js';
import { readFields } from '../../x509.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { algorithms, keyToPem, newKey, readAddresses, readAlgorithm } from './new-key.js';
import { inIni, placeOf, type Place } from './place.js';
import { print } from './report.js';
import { makeDirectory, rootMode, secretMode, writeNew } from './store.js';

export const makeTestHelp = `Usage: postseal cert make-test --address ADDRESS [--address ADDRESS]... [--directory DIR] [--days N]
                               [--algorithm ALGORITHM] [--config FILE]

Makes a certificate authority for tests and a certificate of it for each address, so that signing can be tried before
there is a real certificate. Nobody trusts them who was not told to: they are not for real mail.

      --address ADDRESS      whom to make a certificate for, may be repeated
      --directory DIR        where to write (default: certs/test beside the ini file)
      --days N               how long the certificates are valid, 1 to 3650 (default 365)
      --algorithm ALGORITHM  of the keys: ${algorithms.join(', ')} (default rsa-2048)
  -c, --config FILE          the ini file (default ${defaultConfig})

DIR/ADDRESS.pem has key, certificate and issuer in one, DIR/ca.pem is the root to trust. The key of the authority,
DIR/private/ca.key, is for root alone; with it a further call adds to the same authority. Nothing is overwritten.

Exit status: 0; 64 the command line is wrong; 73 there is a certificate for that address; 77 this user may not; 74 the
disk does not take it; 66 what is in DIR is of no use.
`;

const dayLength = 86_400_000;
/** Of the authority, in days. */
const longest = 3650;

interface Authority extends Issuer {
  readonly certificate: X509Certificate;
}

export async function makeTest(args: readonly string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c' },
    address: { type: 'string', multiple: true },
    directory: { type: 'string' },
    days: { type: 'string' },
    algorithm: { type: 'string' },
  } as const;
  const { values } = parseOptions('cert make-test', args, options);
  const addresses = readAddresses('cert make-test', values.address);
  const algorithm = readAlgorithm('cert make-test', values.algorithm ?? 'rsa-2048');
  const days = Number(values.days ?? 365);
  if (!Number.isInteger(days) || days < 1 || days > longest)
    throw usageError('cert make-test', `--days: write a whole number from 1 to ${longest}`);
  const place = await placeOf(values.config ?? defaultConfig);
  const directory = resolve(values.directory ?? join(place.certs, 'test'));
  if (values.directory === undefined) await makeDirectory(place.certs, 0o750, place.group);
  await makeDirectory(directory, 0o750, place.group);
  const authority = await authorityIn(directory, place);
  for (const address of addresses) {
    const key = await newKey(algorithm);
    const certificate = issue(address, key, days, authority);
    const pem = keyToPem(key) + certificate.toString() + authority.certificate.toString();
    await writeNew(join(directory, fileFor(address)), Buffer.from(pem), secretMode, place.group);
  }
  tell(place, directory, addresses);
  return exit.ok;
}

/** The authority that is there, or a new one. */
async function authorityIn(directory: string, { group }: Place): Promise<Authority> {
  const [file, hidden] = [join(directory, 'ca.pem'), join(directory, 'private')];
  const keyFile = join(hidden, 'ca.key');
  try {
    return authority(createPrivateKey(await readFile(keyFile)), new X509Certificate(await readFile(file)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new CommandError(
        exit.noInput,
        `${keyFile} and ${file} are no authority to add to; take another --directory`,
      );
  }
  const key = await newKey('rsa-2048');
  const name = `Postseal test CA ${randomBytes(4).toString('hex')}`;
  const dates = period(longest);
  const root = rootCertificate({ key, subject: commonName(name), serial: newSerial(), ...dates });
  const made = authority(key, new X509Certificate(root));
  await makeDirectory(hidden, 0o700, undefined);
  await writeNew(keyFile, Buffer.from(keyToPem(key)), rootMode, undefined);
  await writeNew(file, Buffer.from(made.certificate.toString()), 0o644, group);
  return made;
}

function authority(key: KeyObject, certificate: X509Certificate): Authority {
  if (!certificate.checkPrivateKey(key)) throw new Error('the key is of another certificate');
  const { subject } = readFields(asn1.parse(certificate.raw));
  return { key, certificate, name: asn1.encode(subject) };
}

function issue(
  address: Address,
  key: KeyObject,
  days: number,
  { certificate, ...issuer }: Authority,
): X509Certificate {
  const { notBefore, notAfter } = period(days);
  const end = new Date(certificate.validTo); // none outlives its issuer
  const subject = [
    { type: 'O', value: 'Postseal test (not for real mail)' },
    ...commonName(address.canonical),
  ];
  const leaf = { key, subject, serial: newSerial(), notBefore, notAfter: notAfter < end ? notAfter : end };
  return new X509Certificate(mailCertificate(leaf, [address], issuer));
}

/** From an hour ago: clocks differ. */
function period(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + days * dayLength) };
}

/** Positive, and not the same one twice (RFC 5280 §4.1.2.2). */
function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = 0x40 | (serial[0]! & 0x3f);
  return serial;
}

function fileFor(address: Address): string {
  return `${address.canonical.replace(/[^\w.@+-]/g, '_')}.pem`;
}

function tell(place: Place, directory: string, addresses: readonly Address[]): void {
  const root = quoted(join(directory, 'ca.pem'));
  print(
    `Test certificates in ${directory}:`,
    ...addresses.map(address => `  ${fileFor(address)}`),
    '',
    `For ${place.ini}, where it has no such lines yet:`,
    '',
    '[certificates:test]',
    `directory = ${inIni(place, directory)}`,
    '',
    '[rule:test]',
    `sender = ${addresses.map(a => a.canonical).join(', ')}`,
    'certificates = test',
    '',
    'To trust the authority:',
    `  postseal verify --ca ${root} signed.eml`,
    `  openssl cms -verify -CAfile ${root} -in signed.eml`,
    '  Thunderbird: Settings, Privacy & Security, Manage Certificates, Authorities, Import: ca.pem,',
    '  and tick "Trust this CA to identify email users".',
  );
}
