// Ini file and certificate files to a policy that can decide: all of it, or every problem.
import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Address } from '../address.js';
import { loadCertificate, loadDirectory } from '../certs/load.js';
import type { Config, Problem, RuleSection } from '../config/config.js';
import { formatProblem } from '../config/config.js';
import { readConfig, type ReadConfig } from '../config/read.js';
import type { Identity } from '../identity.js';
import type { Policy, Rule } from '../rules/policy.js';
import { readAuthorization } from './events.js';
import { CommandError, exit } from './exit.js';

/** Everything that the ini file leads to. */
export interface Installation {
  readonly config: Config;
  readonly policy: Policy;
  /** In the order of the ini file, with the section that each came from. */
  readonly identities: readonly { readonly section: string; readonly identity: Identity }[];
  readonly warnings: readonly Problem[];
  /** The Authorization header of the webhook. */
  readonly authorization?: string;
}

export type LoadResult = { readonly installation: Installation } | { readonly problems: readonly Problem[] };

/** The ini file alone. @throws CommandError (78) if it cannot be read */
export async function readIni(path: string): Promise<ReadConfig> {
  const file = resolve(path);
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'does not exist; name it with --config FILE'
        : `cannot be read (${code ?? 'unknown'})`;
    throw new CommandError(exit.config, `${path}: ${why}`);
  }
  return readConfig(file, text);
}

/** @throws CommandError (78) if the file itself cannot be read */
export async function load(path: string): Promise<LoadResult> {
  const { config, problems } = await readIni(path);
  if (!config) return { problems };

  const found = await loadCertificates(config);
  const { authorization, problems: ofWebhook } = await readAuthorization(config.events);
  const all = [...problems, ...found.problems, ...ofWebhook].sort((a, b) => a.origin.line - b.origin.line);
  if (all.some(p => p.severity === 'error')) return { problems: all };
  const policy: Policy = {
    rules: config.rules.map(rule => linkRule(rule, found.bySource)),
    exceptions: config.exceptions,
    leaveUnsigned: config.leaveUnsigned,
    requestHeader: config.requestHeader,
    noRule: config.noRule,
  };
  const identities = [...found.bySource].flatMap(([section, list]) =>
    list.map(identity => ({ section, identity })),
  );
  return {
    installation: {
      config,
      policy,
      identities,
      warnings: all,
      ...(authorization !== undefined && { authorization }),
    },
  };
}

/** As `load`, with the problems as one error for people. @throws CommandError (78) */
export async function loadOrFail(path: string): Promise<Installation> {
  const result = await load(path);
  if ('installation' in result) return result.installation;
  throw new CommandError(exit.config, result.problems.map(showProblem).join('\n'));
}

/** With the path as short as it can be from here. */
export function showProblem(problem: Problem): string {
  const near = relative(process.cwd(), problem.origin.file);
  const file = near === '' || near.startsWith('..') || isAbsolute(near) ? problem.origin.file : near;
  return formatProblem({ ...problem, origin: { ...problem.origin, file } });
}

interface FoundCertificates {
  /** By section: `certificate billing`, `certificates staff`. */
  readonly bySource: Map<string, readonly Identity[]>;
  readonly problems: readonly Problem[];
}

async function loadCertificates({ certificates, directories }: Config): Promise<FoundCertificates> {
  const bySource = new Map<string, readonly Identity[]>();
  const problems: Problem[] = [];
  for (const section of certificates) {
    const loaded = await loadCertificate(section);
    if ('identity' in loaded) bySource.set(`certificate ${section.name}`, [loaded.identity]);
    problems.push(
      ...problemsOf(section, 'problems' in loaded ? loaded.problems : [], 'error'),
      ...problemsOf(section, 'warnings' in loaded ? loaded.warnings : [], 'warning'),
    );
  }
  for (const section of directories) {
    const loaded = await loadDirectory(section);
    bySource.set(`certificates ${section.name}`, loaded.identities);
    problems.push(
      ...problemsOf(section, loaded.problems, 'error'),
      ...problemsOf(section, loaded.warnings, 'warning'),
    );
  }
  return { bySource, problems };
}

function problemsOf(
  { origin }: { origin: Problem['origin'] },
  list: readonly { key?: string; message: string }[],
  severity: Problem['severity'],
): Problem[] {
  return list.map(({ key, message }) => ({
    origin: key === undefined ? origin : { ...origin, key },
    message,
    severity,
  }));
}

/** Gives a rule its certificates: all of a section, or those of a directory that name the mailbox. */
function linkRule(section: RuleSection, bySource: ReadonlyMap<string, readonly Identity[]>): Rule {
  const { certificate, origin: _origin, ...rule } = section;
  const certificateSource = certificate ? `${certificate.section} ${certificate.name}` : 'no certificate';
  const identities = [...(bySource.get(certificateSource) ?? [])].sort(byExpiry);
  if (certificate?.section !== 'certificates')
    return { ...rule, certificateSource, identitiesFor: () => identities, unusableFor: () => undefined };
  const byAddress = new Map<string, Identity[]>();
  for (const identity of identities) {
    for (const { key } of identity.addresses) byAddress.set(key, [...(byAddress.get(key) ?? []), identity]);
  }
  return {
    ...rule,
    certificateSource,
    identitiesFor: (mailbox: Address) => byAddress.get(mailbox.key) ?? [],
    unusableFor: () => undefined,
  };
}

/** Of several certificates for an address, the one that lasts longest is the newest. */
function byExpiry(a: Identity, b: Identity): number {
  return b.notAfter.getTime() - a.notAfter.getTime();
}
