// The sections [certificate:NAME] and [certificates:NAME], and where their passwords come from.
import type { CertificateSection, CertificatesSection, PasswordSource } from './config.js';
import type { Findings } from './findings.js';
import { certificate, certificates } from './options.js';
import type { Context } from './parsers.js';
import { readSection, type Reading } from './sections.js';
import type { Section } from './source.js';

export function readCertificate(
  section: Section,
  context: Context,
  findings: Findings,
): CertificateSection | undefined {
  const reading = readSection(certificate, section, context, findings);
  const password = readPassword(reading, findings);
  if (!reading.complete) return undefined;
  const { file, key, chain } = reading.complete;
  return {
    name: section.name ?? '',
    origin: findings.origin({ line: section.line, section: section.title }),
    file,
    ...(key !== undefined && { keyFile: key }),
    ...(chain !== undefined && { chainFile: chain }),
    password,
  };
}

export function readCertificates(
  section: Section,
  context: Context,
  findings: Findings,
): CertificatesSection | undefined {
  const reading = readSection(certificates, section, context, findings);
  const password = readPassword(reading, findings);
  if (!reading.complete) return undefined;
  return {
    name: section.name ?? '',
    origin: findings.origin({ line: section.line, section: section.title }),
    directory: reading.complete.directory,
    watch: reading.complete.watch,
    password,
  };
}

const passwordKeys = ['password_file', 'password_credential', 'password'] as const;

function readPassword(
  { section, values, lineOf, attempted }: Reading<typeof certificate | typeof certificates>,
  findings: Findings,
): PasswordSource {
  const given = passwordKeys.filter(attempted);
  for (const key of given.slice(1)) {
    findings.error(
      { line: lineOf(key), section: section.title, key },
      `not beside ${given[0]!}: keep one of the two`,
    );
  }
  if (attempted('password')) {
    const place = { line: lineOf('password'), section: section.title, key: 'password' };
    findings.warning(place, 'a password in this file: password_file or password_credential hides it better');
  }
  if (values.password_file !== undefined) return { kind: 'file', path: values.password_file };
  if (values.password_credential !== undefined)
    return { kind: 'credential', name: values.password_credential };
  if (values.password !== undefined) return { kind: 'inline', password: values.password };
  return { kind: 'none' };
}
