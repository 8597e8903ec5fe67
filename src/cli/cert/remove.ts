// `postseal cert remove`: takes a certificate out of the ini file, and its files out of the way.
import { basename, join } from 'node:path';
import { quoted } from '../../printable.js';
import { changeSection, removeSection } from '../../config/edit.js';
import { CommandError, exit } from '../../exit.js';
import { validity, type Identity } from '../../identity.js';
import { loadOrFail, readText, type Installation } from '../../service/load.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { findCertificate, type Found } from './find.js';
import { changeIni, type Change } from './ini.js';
import { moveUnneeded, needsOf, whyItStays, type Needs } from './needs.js';
import { filesBehind, placeOf, referencesIn, type Place, type Reference } from './place.js';
import { listed, print, reload } from './report.js';
import { missedBy } from './signers.js';
import { makeDirectory } from './store.js';

export const removeHelp = `Usage: postseal cert remove NAME [--config FILE]

Takes the certificate called NAME out of the ini file, and moves its files into certs/removed, which root alone can
read. It refuses while a rule names this certificate alone, or no other one that is valid today; from a rule that names
others too the name is taken out. NAME is as "postseal cert list" has it; of a directory (staff/anna.p12) the file is
moved, and the ini file stays as it is.

  -c, --config FILE   the ini file (default ${defaultConfig})

Not moved are links, files that are not below the directory of the ini file, and files that another section names, be
it in this ini file or in another one (*.ini) beside it. One of a directory that cannot be moved is refused.

Exit status: 0 it is gone; 64 there is no certificate of that name; 78 a rule needs it, or the ini file is wrong;
77 this user may not; 75 somebody else is changing it.
`;

export async function remove(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(
    'cert remove',
    args,
    { config: { type: 'string', short: 'c' } },
    true,
  );
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw usageError('cert remove', 'name one certificate');
  const place = await placeOf(values.config ?? defaultConfig);
  await changeIni(place.ini, async change => {
    const installation = await loadOrFail(place.ini);
    const found = findCertificate(installation, change.text, name);
    const paths = found.kind === 'member' ? [found.path] : await takeOut(place, found, installation, change);
    // Its own directory does not hold one back; whoever else leads there does.
    const text =
      found.kind === 'member'
        ? removeSection(change.text, `certificates:${found.section.name}`)
        : await readText(place.ini);
    const needs = await needsOf(place, text);
    if (found.kind === 'member') await refuseStaying(found.path, place, needs);
    const removed = join(place.certs, 'removed');
    await makeDirectory(place.certs, 0o750, place.group);
    await makeDirectory(removed, 0o700, undefined);
    const { moved, staying } = await moveUnneeded(paths, place, needs, path => join(removed, basename(path)));
    print(
      `Removed ${name}${found.identity ? `, which named ${listed(found.identity)}` : ''}.`,
      ...missedBy(found, installation, await loadOrFail(place.ini)),
      ...(moved.length === 0 ? [] : ['Its files are kept, and hold a key. Once nobody needs them:']),
      ...moved.map(path => `  shred -u ${quoted(path)}`),
      ...staying,
    );
  });
  process.stdout.write(reload);
  return exit.ok;
}

/** Its file is all that there is of it. @throws CommandError (78) where that has to stay */
async function refuseStaying(path: string, place: Place, needs: Needs): Promise<void> {
  const why = await whyItStays(path, place, needs);
  if (why !== undefined)
    throw new CommandError(
      exit.config,
      `${path}: is not moved: ${why}; take it away yourself if nobody needs it`,
    );
}

/** Out of the ini file. @returns its files */
async function takeOut(
  place: Place,
  found: Found & { kind: 'section' },
  installation: Installation,
  change: Change,
): Promise<string[]> {
  const { text, commit } = change;
  const { name, section } = found;
  const naming = referencesIn(text, 'certificate').filter(r => r.names.includes(name));
  const needing = naming.flatMap(reference => {
    const need = needFor(found, reference, installation);
    return need === undefined
      ? []
      : [`${place.ini}:${reference.line}: [rule:${reference.rule}] certificate: ${need}`];
  });
  if (needing.length > 0) throw new CommandError(exit.config, ...needing);
  let next = removeSection(text, `certificate:${name}`);
  for (const { rule, names } of naming)
    next = changeSection(next, `rule:${rule}`, { certificate: names.filter(n => n !== name).join(', ') });
  const files = await filesBehind(section, place, change);
  await commit(next, () => false);
  return files;
}

/** Why a rule cannot do without it. */
function needFor(
  { name, identity }: Found,
  { names, signs }: Reference,
  { identities }: Installation,
): string | undefined {
  if (names.length === 1) return `names ${name} alone; name another one there, or take the rule away`;
  const now = new Date();
  const isValid = (one: Identity | undefined): boolean => one !== undefined && validity(one, now) === 'valid';
  const others = identities.filter(i => names.some(n => n !== name && i.section === `certificate ${n}`));
  if (!signs || !isValid(identity) || others.some(other => isValid(other.identity))) return undefined;
  return `of ${names.join(', ')} only ${name} is valid today; wait until another one is, or take it out there yourself`;
}
