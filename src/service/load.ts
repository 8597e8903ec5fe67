// Ini file and certificate files to a policy that can decide; a certificate that cannot be used does not keep the
// others from signing.
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, relative, resolve } from 'node:path';
import { bounded, type Progress } from '../certs/bounded.js';
import {
  loadCertificate,
  loadDirectory,
  many,
  readingHere,
  ReadingThreads,
  realIo,
  type CertificateProblem,
  type Reading,
  type Shelf,
} from '../certs/load.js';
import type { CertificateSection, Config, Origin, Problem } from '../config/config.js';
import { formatProblem } from '../config/config.js';
import { readingConfig, type ReadConfig } from '../config/read.js';
import type { Identity } from '../identity.js';
import type { Policy } from '../rules/policy.js';
import { examineFile, readAuthorization } from './events.js';
import { CommandError, exit } from '../exit.js';
import { inSlices, mapped, type Steps } from '../slices.js';
import { consequences, linkRule, misnamed, rulesBySection, type Linked, type Source } from './link.js';

/** Everything that the ini file leads to. */
export interface Installation {
  readonly config: Config;
  readonly policy: Policy;
  /** In the order of the ini file, with the section that each came from. */
  readonly identities: readonly { readonly section: string; readonly identity: Identity }[];
  /** Warnings, and as errors the certificates that cannot be used; in the order of the ini file. */
  readonly findings: readonly Finding[];
  /** The Authorization header of the webhook. */
  readonly authorization?: string;
}

export interface Finding extends Problem {
  /** Of an error: what is not signed because of it, a sentence for each rule that feels it. */
  readonly consequences?: readonly string[];
}

interface LoadedSection extends Source {
  /** `certificate billing`, `certificates staff` */
  readonly title: string;
  readonly origin: Origin;
  readonly warnings: readonly CertificateProblem[];
}

/** An installation, or what is wrong with the ini file. */
export type LoadResult = { readonly installation: Installation } | { readonly problems: readonly Problem[] };

/** The ini file alone. @param text in its place. @throws CommandError (78) if it cannot be read */
export async function readIni(path: string, text?: Buffer): Promise<ReadConfig> {
  return inSlices(readingConfig(resolve(path), text ?? (await readText(path))));
}

/** The ini file as it stands. @throws CommandError (78) if it cannot be read */
export async function readText(path: string): Promise<Buffer> {
  try {
    return await readFile(resolve(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'does not exist; name it with --config FILE'
        : `cannot be read (${code ?? 'unknown'})`;
    throw new CommandError(exit.config, `${path}: ${why}`);
  }
}

/** For a service that does something else meanwhile. */
export interface Meanwhile {
  /** Told what the ini file says, before any file is read that it names. */
  readonly parsed?: (config: Config) => void;
  /** When it comes, no further certificate is read, and the rest left. */
  readonly ending?: AbortSignal;
  /** Told of each certificate. */
  readonly progress?: Progress;
  /** Where files are that were read before. */
  readonly shelf?: Shelf;
}

/**
 * @param text what the file is to say, before it does
 * @throws CommandError (78) if the file itself cannot be read
 */
export async function load(
  path: string,
  text?: Buffer,
  { parsed, ...meanwhile }: Meanwhile = {},
): Promise<LoadResult> {
  const { config, problems } = await readIni(path, text);
  if (!config) return { problems };
  parsed?.(config);

  const sections = await loadCertificates(config, meanwhile);
  meanwhile.ending?.throwIfAborted();
  const { authorization, problems: ofWebhook } = await readAuthorization(config.events);
  const ofEvents = [...ofWebhook, ...(await examineFile(config.events))];
  const { linked, findings: ofLinks } = await inSlices(link(config, sections));
  const policy: Policy = {
    rules: linked.map(({ rule }) => rule),
    exceptions: config.exceptions,
    leaveUnsigned: config.leaveUnsigned,
    requestHeader: config.requestHeader,
    noRule: config.noRule,
  };
  const identities = sections.flatMap(({ title, identities: list }) =>
    list.map(identity => ({ section: title, identity })),
  );
  const findings = [...problems, ...ofLinks, ...ofEvents].sort((a, b) => a.origin.line - b.origin.line);
  if (ofEvents.some(p => p.severity === 'error')) return { problems: findings };
  return {
    installation: {
      config,
      policy,
      identities,
      findings,
      ...(authorization !== undefined && { authorization }),
    },
  };
}

/** Gives each rule its certificates. @returns with what follows where they cannot be used, or do not fit */
function* link(
  { rules }: Config,
  sections: readonly LoadedSection[],
): Steps<{ linked: readonly Linked[]; findings: readonly Finding[] }> {
  const sources = new Map(sections.map(section => [section.title, section]));
  const linked = yield* mapped(rules, section => ({ section, rule: linkRule(section, sources) }));
  const bySection = rulesBySection(linked);
  const ofCertificates = yield* mapped(sections, section =>
    findingsOf(section, problem => consequences(problem, bySection.get(section.title) ?? [], sources)),
  );
  const ofRules = yield* mapped(linked, misnamed);
  return { linked, findings: [...ofCertificates.flat(), ...ofRules.flat()] };
}

/** As `load`, with the problems as one error for people. @throws CommandError (78) */
export async function loadOrFail(path: string, meanwhile?: Meanwhile): Promise<Installation> {
  const result = await load(path, undefined, meanwhile);
  if ('installation' in result) return result.installation;
  throw new CommandError(exit.config, ...result.problems.map(showProblem));
}

/** With the path as short as it can be from here; a service is at the root, from where none is shorter. */
export function showProblem(problem: Problem): string {
  const here = process.cwd();
  const near = relative(here, problem.origin.file);
  const away = near === '' || near.startsWith('..') || isAbsolute(near) || here === '/';
  const file = away ? problem.origin.file : near;
  return formatProblem({ ...problem, origin: { ...problem.origin, file } });
}

/** Loads all of them: one that cannot be used leaves the others. */
async function loadCertificates(
  { file, certificates, directories }: Config,
  { ending, progress, shelf }: Meanwhile,
): Promise<LoadedSection[]> {
  const unit = unitOf(file);
  const io = realIo(unit);
  const here = readingHere(io);
  const threads = new ReadingThreads(unit);
  const readingFor = (files: number): Reading => {
    const reading = files < many ? here : threads;
    return shelf?.on(reading) ?? reading;
  };
  shelf?.begin();
  try {
    progress?.expect(certificates.length);
    const reading = readingFor(certificates.length);
    const loadSection = async (section: CertificateSection): Promise<LoadedSection> => {
      const loaded = await loadCertificate(section, io, reading);
      progress?.done();
      return {
        title: `certificate ${section.name}`,
        origin: section.origin,
        identities: 'identity' in loaded ? [loaded.identity] : [],
        // Whoever a rule names signs with it: whom it names itself makes no difference.
        problems: 'problems' in loaded ? loaded.problems.map(({ mailboxes: _, ...rest }) => rest) : [],
        warnings: 'warnings' in loaded ? loaded.warnings : [],
      };
    };
    const sections = await bounded(certificates, reading.atOnce, loadSection, ending);
    for (const section of directories) {
      const loaded = await loadDirectory(section, io, { readingFor, progress, ending });
      sections.push({ title: `certificates ${section.name}`, origin: section.origin, ...loaded });
    }
    shelf?.keep();
    return sections;
  } finally {
    threads.end();
  }
}

/** The systemd unit of the service with this ini file: `postseal.service`, or an instance of `postseal@.service`. */
function unitOf(file: string): string {
  const instance = instanceOf(file);
  return instance === undefined ? 'postseal.service' : `postseal@${instance}.service`;
}

/** Whose ini file it is: `billing` of `postseal@billing.service`; undefined for `postseal.service` itself. */
export function instanceOf(file: string): string | undefined {
  const name = basename(file, '.ini');
  return name === 'postseal' ? undefined : name;
}

/** @param follows what is not signed because of a problem */
function findingsOf(
  section: LoadedSection,
  follows: (problem: CertificateProblem) => readonly string[],
): Finding[] {
  const finding = ({ key, message }: CertificateProblem): Omit<Problem, 'severity'> => ({
    origin: key === undefined ? section.origin : { ...section.origin, key },
    message,
  });
  return [
    ...section.problems.map(problem => ({
      ...finding(problem),
      severity: 'error' as const,
      consequences: follows(problem),
    })),
    ...section.warnings.map(warning => ({ ...finding(warning), severity: 'warning' as const })),
  ];
}
