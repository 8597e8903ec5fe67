// `postseal cert remove`: takes a certificate out of the ini file, and its files out of the way.
import { basename, join } from 'node:path';
import { changeSection, removeSection } from '../../config/edit.js';
import { CommandError, exit } from '../../exit.js';
import { names } from '../../identity.js';
import { escaped } from '../../printable.js';
import { loadOrFail, readText, type Installation } from '../../service/load.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { findCertificate, type Found } from './find.js';
import { changeIni, type Change } from './ini.js';
import { placeOf, referencesIn, unneeded, type Place } from './place.js';
import { filesOfSection } from './replace.js';
import { listed, print, reload } from './report.js';
import { makeDirectory, moveAway } from './store.js';

export const removeHelp = `Usage: postseal cert remove NAME [--config FILE]

Takes the certificate called NAME out of the ini file, and moves its files into certs/removed, which root alone can
read. It refuses while a rule names this certificate alone; from a rule that names others too the name is taken
out. NAME is as "postseal cert list" has it; of a directory (staff/anna.p12) the file is moved, and the ini file stays
as it is.

  -c, --config FILE   the ini file (default ${defaultConfig})

Files that another section names too, or that are not below the directory of the ini file, are not moved.

Exit status: 0 it is gone; 64 there is no certificate of that name; 78 a rule needs it, or the ini file is wrong;
77 this user may not; 75 another "postseal cert" is at work.
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
    const paths = found.kind === 'member' ? [found.path] : await takeOut(place, found, change);
    const ours = found.kind === 'member' ? paths : await unneeded(place, await readText(place.ini), paths);
    const removed = join(place.certs, 'removed');
    await makeDirectory(place.certs, 0o750, place.group);
    await makeDirectory(removed, 0o700, undefined);
    const moved: string[] = [];
    for (const path of ours) moved.push(await moveAway(path, join(removed, basename(path))));
    print(
      `Removed ${name}${found.identity ? `, which named ${listed(found.identity)}` : ''}.`,
      ...(found.kind === 'member' ? missedBy(found, installation) : []),
      ...(moved.length === 0 ? [] : ['Its files are kept, and hold a key. Once nobody needs them:']),
      ...moved.map(path => `  shred -u ${path}`),
      ...paths.filter(path => !ours.includes(path)).map(path => `${path} is not moved.`),
    );
  });
  process.stdout.write(reload);
  return exit.ok;
}

/** Whose mail has no certificate in this directory any more. */
function missedBy({ identity, source, rules }: Found, { identities }: Installation): string[] {
  const others = identities.filter(i => i.section === source && i.identity !== identity);
  const missed = identity?.addresses.filter(a => !others.some(other => names(other.identity, a))) ?? [];
  if (missed.length === 0 || rules.length === 0) return [];
  const whose = missed.map(a => a.canonical).join(', ');
  return [
    `Nobody signs for ${escaped(whose)} in rule ${rules.map(r => r.rule).join(', ')} now: no_certificate says what becomes of that mail.`,
  ];
}

/** Out of the ini file. @returns its files */
async function takeOut(
  place: Place,
  { name, section }: Found & { kind: 'section' },
  { text, commit }: Change,
): Promise<string[]> {
  const naming = referencesIn(text, 'certificate').filter(r => r.names.includes(name));
  const alone = naming.filter(r => r.names.length === 1);
  if (alone.length > 0)
    throw new CommandError(
      exit.config,
      alone
        .map(
          r =>
            `${place.ini}:${r.line}: [rule:${r.rule}] certificate: names ${name} alone; name another one there, or take the rule away`,
        )
        .join('\n'),
    );
  let next = removeSection(text, `certificate:${name}`);
  for (const { rule, names } of naming)
    next = changeSection(next, `rule:${rule}`, { certificate: names.filter(n => n !== name).join(', ') });
  await commit(next, () => false);
  return filesOfSection(section);
}
