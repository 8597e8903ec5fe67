// A reload: all that the ini file leads to now is put in the place of what was in force, or nothing of it.
import { formatEndpoint, type Config, type ServiceSection } from '../config/config.js';
import { isSameEndpoint } from '../config/endpoint.js';
import type { Journal } from '../journal.js';
import { CommandError } from '../exit.js';
import { loadOrFail, showProblem, type Installation } from './load.js';
import type { Listeners } from './listeners.js';
import { progress } from './progress.js';
import type { Running } from './running.js';
import type { Service } from './service.js';

/** What came of a reload. */
export interface Reloaded {
  readonly reloaded: boolean;
  /** What kept it from coming about. */
  readonly mistakes: readonly string[];
}

/**
 * Never rejects: what keeps it from coming about is told in the journal too.
 * @returns undefined where the service is about to end
 */
export async function reload(
  because: string,
  running: Running,
  listeners: Listeners,
): Promise<Reloaded | undefined> {
  const { path, service, shelf, records, watch, expiry, tally, ending } = running;
  const { journal } = records;
  journal.reloading(because);
  const began = performance.now();
  try {
    // What changes in a directory while it is read is one more reload.
    const parsed = (config: Config): void => {
      watch.set(watched(config));
    };
    const told = progress(line => {
      journal.loading(line);
    });
    const meanwhile = { parsed, ending, progress: told, shelf };
    const installation = await unlessEnding(loadOrFail(path, meanwhile), ending);
    if (!installation || ending.aborted) return undefined;
    const { service: settings } = installation.config;
    service.refuseLoop(settings);
    // The last that can fail.
    await records.reopen(installation);
    service.exchange(installation);
    tellFindings(installation, journal);
    tellRestart(startLines(service.settings, service.handed), startLines(settings, service.handed), journal);
    await listeners.set(installation.config);
    tellSocket(service, journal);
    tally.reloaded(true);
    journal.reloaded(Math.round(performance.now() - began), service.inForce);
    records.debug.remind();
    void expiry.look();
    return { reloaded: true, mistakes: [] };
  } catch (error) {
    tally.reloaded(false);
    watch.set(watched(service.installation.config));
    const mistakes = mistakesIn(error);
    // Whoever moved the log files away expects new ones all the same.
    await records.reopen(service.installation).catch((again: unknown) => {
      if (String(again) !== String(error)) mistakes.push(...mistakesIn(again));
    });
    for (const mistake of mistakes) journal.notReloaded(mistake);
    return { reloaded: false, mistakes };
  }
}

/** Nobody waits for certificates that are still being read when the service ends. @returns undefined then */
function unlessEnding<T>(work: Promise<T>, ending: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      resolve(undefined);
    };
    ending.addEventListener('abort', end);
    work.then(resolve, reject).finally(() => {
      ending.removeEventListener('abort', end);
    });
  });
}

/** Warnings, and what is not signed because of certificates that cannot be used. */
export function tellFindings({ findings }: Installation, journal: Journal): void {
  for (const finding of findings) {
    const { consequences = [] } = finding;
    for (const consequence of consequences) journal.notSigning(consequence, showProblem(finding));
    if (consequences.length === 0) journal.warning(showProblem(finding));
  }
}

export function watched({ directories }: Config): string[] {
  return directories.filter(section => section.watch).map(section => section.directory);
}

/** What is read at the start alone, as lines of the ini file. @param handed whether systemd listens for us */
function startLines({ listen, protocol }: ServiceSection, handed: unknown): string[] {
  return [
    // On a socket of systemd's a restart changes nothing.
    `listen = ${handed ? '(of systemd)' : formatEndpoint(listen)}`,
    `protocol = ${protocol}`,
  ];
}

/** @param before what the service was started with */
function tellRestart(before: readonly string[], now: readonly string[], journal: Journal): void {
  for (const [i, line] of now.entries()) if (line !== before[i]) journal.needsRestart(line, before[i]!);
}

/** Says where systemd listens elsewhere than the ini file says. */
export function tellSocket({ settings, handed, installation }: Service, journal: Journal): void {
  const { listen } = installation.config.service;
  if (!handed || isSameEndpoint(settings.listen, listen)) return;
  journal.otherSocket(formatEndpoint(settings.listen), formatEndpoint(listen));
}

function mistakesIn(error: unknown): string[] {
  if (error instanceof CommandError) return error.lines;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`internal error: ${stack.replace(/\s*\n\s*/g, ' | ')}`];
}
