// `postseal cert replace`: a renewed certificate in the place of the old one, at once or from the day that it is valid.
import { basename, extname } from 'node:path';
import { appendSection, changeSection } from '../../config/edit.js';
import type { CertificateSection } from '../../config/config.js';
import { CommandError, exit } from '../../exit.js';
import { names, validity, type Identity } from '../../identity.js';
import { day } from '../../printable.js';
import { loadOrFail, readText } from '../../service/load.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { readCandidate, type Candidate } from './candidate.js';
import { findCertificate, type Found } from './find.js';
import { changeIni, type Change } from './ini.js';
import { moveUnneeded, needsOf } from './needs.js';
import {
  endWaiting,
  entriesFor,
  filesBehind,
  freeName,
  placeOf,
  referencesIn,
  storeCandidate,
  type Place,
  type Stored,
} from './place.js';
import { filesOf, inALine, leftOver, listed, print, reload, warn } from './report.js';
import { gapBetween } from './signers.js';
import { closedTo } from './store.js';

export const replaceHelp = `Usage: postseal cert replace NAME FILE [--key FILE] [--chain FILE] [--password-file FILE]
                             [--config FILE]

Puts a renewed certificate in the place of the one called NAME. FILE and the options are those of "postseal cert add",
and so are the checks; besides, it must name every address that the old one names, where that can be read.

A certificate that is valid today takes the place at once: it is stored under a new file name, the section is changed
to it, and the old files stay beside with .old at the end of their names. One that is not valid yet is added as
[certificate:NAME-YYYYMMDD], by the day from which on it is valid, and each rule that names NAME names both: the old
one signs until then. If it expires before, the command says from when to when neither signs. In a directory (NAME is
staff/anna.p12) the new file is put beside the old one; of those that are valid the one that lasts longest signs.

      --key FILE            PEM of the key, where it is not in FILE
      --chain FILE          the issuers' certificates, where they are not in FILE
      --password-file FILE  its first line is the password; - is standard input
  -c, --config FILE         the ini file (default ${defaultConfig})

Exit status: as of "postseal cert add"; 64 there is no certificate NAME.
`;

interface Replacement {
  readonly place: Place;
  readonly old: Found;
  readonly candidate: Candidate;
  /** `20261122`, the day from which on the new one is valid. */
  readonly date: string;
}

export async function replace(args: readonly string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c' },
    key: { type: 'string' },
    chain: { type: 'string' },
    'password-file': { type: 'string' },
  } as const;
  const { values, positionals } = parseOptions('cert replace', args, options, true);
  const [name, file] = positionals;
  if (name === undefined || file === undefined || positionals.length > 2)
    throw usageError('cert replace', 'name a certificate and one FILE');
  const place = await placeOf(values.config ?? defaultConfig);
  const text = await readText(place.ini);
  const old = findCertificate(await loadOrFail(place.ini), text, name);
  const { key, chain, 'password-file': passwordFile } = values;
  const handed = { file, key, chain, passwordFile };
  const fixed = old.kind === 'member' ? old.section.password : undefined;
  const candidate = await readCandidate(handed, place.certs, await needsOf(place, text), fixed);
  refuseOther(old, candidate.identity, file);
  const date = day(candidate.identity.notBefore).replaceAll('-', '');
  const replacement = { place, old, candidate, date };
  const later = validity(candidate.identity, new Date()) === 'not yet valid';
  await changeIni(place.ini, async change => {
    const told = await (old.kind === 'member'
      ? putBeside(replacement, old, change)
      : later
        ? putAfter(replacement, change)
        : putInPlace(replacement, old.section, change));
    await endWaiting(candidate);
    print(...told, ...leftOver(candidate, file, key));
  });
  const told = candidate.warnings.filter(w => !(later && w.includes('is not valid before')));
  const directory = old.kind === 'member' ? old.section.directory : place.certs;
  warn([...told, ...(await closedTo(directory, place.group))]);
  process.stdout.write(reload);
  return exit.ok;
}

/** @throws CommandError (66) for one that is not the renewal of the old one */
function refuseOther({ identity: old, name }: Found, identity: Identity, file: string): void {
  if (!old) return; // nobody can tell whom it names
  if (old.certificate.equals(identity.certificate))
    throw new CommandError(exit.noInput, `${file}: is the very certificate that ${name} has already`);
  const missing = old.addresses.filter(address => !names(identity, address));
  if (missing.length === 0) return;
  throw new CommandError(
    exit.noInput,
    `${file}: names ${listed(identity)}, and not ${missing.map(a => a.canonical).join(', ')}, whom ${name} names; ` +
      `to have it beside ${name}, use "postseal cert add"`,
  );
}

/** At once: the section leads to the new files, the old ones stay beside. */
async function putInPlace(
  { place, old, candidate, date }: Replacement,
  section: CertificateSection,
  change: Change,
): Promise<string[]> {
  const { text, made, commit } = change;
  const stem = await freeName(place.certs, `${old.name}-${date}`, text);
  const stored = await storeCandidate(candidate, place, place.certs, stem, made);
  const files = await filesBehind(section, place, change);
  const none = { key: undefined, password_credential: undefined, password: undefined };
  const title = `certificate:${old.name}`;
  const next = changeSection(text, title, { ...none, ...entriesFor(place, stored) });
  await commit(next, f => f.origin.section === title);
  const needs = await needsOf(place, next);
  const { moved, staying } = await moveUnneeded(files, place, needs, path => `${path}.old`);
  return [
    ...stores(old.name, candidate.identity, stored),
    `  [certificate:${old.name}] in ${place.ini} leads to it`,
    ...(moved.length === 0
      ? []
      : ['The old files hold a key that was in use. Delete them once the new ones sign:']),
    ...moved.map(path => `  ${path}`),
    ...staying,
  ];
}

/** From its first day on: every rule that names the old one names both. */
async function putAfter(
  { place, old, candidate, date }: Replacement,
  { text, made, commit }: Change,
): Promise<string[]> {
  const name = await freeName(place.certs, `${old.name}-${date}`, text);
  const stored = await storeCandidate(candidate, place, place.certs, name, made);
  const naming = referencesIn(text, 'certificate').filter(r => r.names.includes(old.name));
  let next = text;
  for (const { rule, names: list } of naming) {
    const both = list.flatMap(n => (n === old.name ? [n, name] : [n])).join(', ');
    next = changeSection(next, `rule:${rule}`, { certificate: both });
  }
  next = appendSection(next, `certificate:${name}`, entriesFor(place, stored));
  await commit(next, f => f.origin.section === `certificate:${name}`);
  const rules = naming.map(r => r.rule).join(', ') || 'none';
  const gap = gapBetween(old, candidate.identity, new Date());
  return [
    ...stores(name, candidate.identity, stored),
    `  [certificate:${name}] in ${place.ini}`,
    `Rules that name it beside ${old.name}${gap.length === 0 ? ', which signs until then' : ''}: ${rules}.`,
    ...gap,
  ];
}

async function putBeside(
  { place, old, candidate, date }: Replacement,
  { section, path }: Found & { kind: 'member' },
  { text, made, commit }: Change,
): Promise<string[]> {
  const stem = basename(path, extname(path));
  const name = await freeName(section.directory, `${stem}-${date}`, text);
  const stored = await storeCandidate(candidate, place, section.directory, name, made);
  await commit(text, f => f.message.startsWith(`${stored.file}: `));
  return [
    ...stores(`${section.name}/${basename(stored.file)}`, candidate.identity, stored),
    `${old.name} stays beside it. Of those that are valid the one that lasts longest signs.`,
    ...gapBetween(old, candidate.identity, new Date()),
  ];
}

function stores(name: string, identity: Identity, stored: Stored): string[] {
  return [`Stored ${name}: ${inALine(identity, new Date())}`, ...filesOf(stored).map(path => `  ${path}`)];
}
