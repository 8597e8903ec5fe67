// `postseal cert add`: checks a certificate with its key, stores both, and names them in the ini file.
import { basename, extname } from 'node:path';
import { appendSection, sectionsIn } from '../../config/edit.js';
import type { CertificatesSection } from '../../config/config.js';
import { isSectionName } from '../../config/parsers.js';
import { CommandError, exit } from '../../exit.js';
import type { Identity } from '../../identity.js';
import { loadOrFail, readText } from '../../service/load.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { readCandidate } from './candidate.js';
import { changeIni } from './ini.js';
import { needsOf } from './needs.js';
import { endWaiting, entriesFor, placeOf, storeCandidate, type Place } from './place.js';
import { filesOf, inALine, leftOver, print, reload, warn } from './report.js';
import { whoSigns } from './signers.js';
import { closedTo } from './store.js';
import { inQuotes } from '../../printable.js';

export const addHelp = `Usage: postseal cert add FILE [--key FILE] [--chain FILE] [--password-file FILE] [--name NAME]
                         [--to SECTION] [--config FILE]

Checks a certificate with its key, stores both where root and the group of the ini file's directory (postseal) alone
can read them, and names them in the ini file. FILE is PKCS#12 (.p12, .pfx) with everything in it; or PEM with the
certificate, with the key and the issuers in any order; or the certificate alone, PEM or DER (.crt, .cer), with --key.
For a certificate that was asked for with "postseal cert request" the key is found by itself.

      --key FILE            PEM of the key, where it is not in FILE
      --chain FILE          the issuers' certificates, PEM or DER, where they are not in FILE
      --password-file FILE  its first line is the password; - is standard input. Without it the password is asked
                            for on the terminal, and never shown. There is no option for the password itself: the
                            command line of a process can be read by everybody
      --name NAME           the name for rules (default: the part before the @ of its first address)
      --to SECTION          store it in the directory of [certificates:SECTION], and leave the ini file as it is
  -c, --config FILE         the ini file (default ${defaultConfig})

Checked are: that it can be read and opened, that the key belongs to it and signs, that it is for signing mail, its
dates, its issuers and its addresses. Stored are certs/NAME.p12 or certs/NAME.pem beside the ini file, and
certs/NAME.pass with the password, where there is one. Nothing is overwritten. A key without a password is stored as
it is. The changed ini file is loaded whole before it takes the place of the old one; if that fails nothing changes.

  postseal cert add billing.pfx
  postseal cert add billing.crt --key billing.key --chain issuers.pem --name billing
  postseal cert add anna.p12 --password-file - --to staff < password

Exit status: 0 it is stored; 66 a file is not there or of no use; 73 there is one of that name; 77 this user may not;
78 the ini file is wrong; 75 somebody else is changing it; 74 the disk does not take it; 64 the command line is
wrong.
`;

export async function add(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions('cert add', args, candidateOptions, true);
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw usageError('cert add', 'name one FILE');
  const { name: wanted, to, key, chain, 'password-file': passwordFile } = values;
  if (wanted !== undefined && !isSectionName(wanted))
    throw usageError('cert add', `--name: ${inQuotes(wanted)} is not a name: use A-Z a-z 0-9 . _ - only`);
  const place = await placeOf(values.config ?? defaultConfig);
  const directory = to === undefined ? undefined : await findDirectory(place, to);
  if (directory && directory.password.kind !== 'none' && passwordFile !== undefined)
    throw usageError(
      'cert add',
      `--password-file: the files of [certificates:${directory.name}] have its password`,
    );
  const handed = { file, key, chain, passwordFile };
  const needs = await needsOf(place, await readText(place.ini));
  const candidate = await readCandidate(handed, place.certs, needs, directory?.password);
  const { identity } = candidate;
  const name = wanted ?? nameFor(identity, file);
  const section = directory ? `certificates ${directory.name}` : `certificate ${name}`;

  await changeIni(place.ini, async ({ text, made, commit }) => {
    if (!directory) refuseTaken(place, text, name);
    const stored = await storeCandidate(candidate, place, directory?.directory ?? place.certs, name, made);
    const next = directory ? text : appendSection(text, `certificate:${name}`, entriesFor(place, stored));
    const installation = await commit(next, ({ origin, message }) =>
      directory ? message.startsWith(`${stored.file}: `) : origin.section === `certificate:${name}`,
    );
    await endWaiting(candidate);
    print(
      `Stored ${directory ? `${directory.name}/${basename(stored.file)}` : name}: ${inALine(identity, new Date())}`,
      ...filesOf(stored).map(path => `  ${path}`),
      ...(directory ? [] : [`  [certificate:${name}] in ${place.ini}`]),
      ...leftOver(candidate, file, key),
      ...whoSigns(installation, next, section, identity, place),
    );
  });
  warn([...candidate.warnings, ...(await closedTo(directory?.directory ?? place.certs, place.group))]);
  process.stdout.write(reload);
  return exit.ok;
}

const candidateOptions = {
  config: { type: 'string', short: 'c' },
  key: { type: 'string' },
  chain: { type: 'string' },
  'password-file': { type: 'string' },
  name: { type: 'string' },
  to: { type: 'string' },
} as const;

/** @throws CommandError (64, 78) */
async function findDirectory({ ini }: Place, name: string): Promise<CertificatesSection> {
  const { directories } = (await loadOrFail(ini)).config;
  const found = directories.find(section => section.name === name);
  if (found) return found;
  const have = directories.map(section => section.name).join(', ') || 'none';
  throw usageError('cert add', `--to: no section [certificates:${name}] (have: ${have})`);
}

function refuseTaken({ ini }: Place, text: Buffer, name: string): void {
  if (!sectionsIn(text).some(section => section.title === `certificate:${name}`)) return;
  throw new CommandError(
    exit.cantCreate,
    `${ini}: has a [certificate:${name}] already; choose another --name, or "postseal cert replace ${name} FILE"`,
  );
}

/** The part before the @ of its first address, or else the name of the file, as a name of a section. */
function nameFor({ addresses: [first] }: Identity, file: string): string {
  const text = first?.localPart ?? basename(file, extname(file));
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'certificate';
}
