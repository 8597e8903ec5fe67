// A certificate by the name that the administrator knows it by: a section, or a file of a directory.
import type { CertificateSection, CertificatesSection } from '../../config/config.js';
import { CommandError, exit } from '../../exit.js';
import type { Installation } from '../../service/load.js';
import { everyEntry, type Entry } from './entries.js';
import { inQuotes } from '../../printable.js';

/** Where a name leads to. */
export type Found = Entry &
  (
    | { readonly kind: 'section'; readonly section: CertificateSection }
    | { readonly kind: 'member'; readonly section: CertificatesSection; readonly path: string }
  );

/** @throws CommandError (64) with the names that there are, or for a directory that cannot be used itself */
export function findCertificate(installation: Installation, text: Buffer, name: string): Found {
  const entries = everyEntry(installation, text, new Date());
  const entry = entries.find(e => e.name === name);
  if (!entry) {
    const have = entries.map(e => e.name).join(', ') || 'none';
    throw new CommandError(exit.usage, `no certificate named ${inQuotes(name)} (have: ${have})`);
  }
  const { certificates, directories } = installation.config;
  const [kind, title] = entry.source.split(' ');
  if (kind === 'certificate')
    return { ...entry, kind: 'section', section: certificates.find(s => s.name === title)! };
  if (name === title)
    throw new CommandError(
      exit.usage,
      `${inQuotes(name)} is not a certificate but a directory of some, and cannot be used: ${entry.problem!}`,
    );
  const section = directories.find(s => s.name === title)!;
  const path = entry.identity?.file ?? `${section.directory}/${name.slice(title!.length + 1)}`;
  return { ...entry, kind: 'member', section, path };
}
