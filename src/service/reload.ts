// A reload: all that the ini file leads to now is put in the place of what was in force, or nothing of it.
import { formatEndpoint, type Config, type Endpoint, type ServiceSection } from '../config/config.js';
import { isSameEndpoint } from '../config/endpoint.js';
import type { Journal } from '../journal.js';
import { CommandError } from '../exit.js';
import type { ExpiryWatch } from './expiry-watch.js';
import { loadOrFail, showProblem, type Installation } from './load.js';
import type { Metrics } from './metrics.js';
import type { Records } from './records.js';
import type { Service } from './service.js';
import type { Tally } from './tally.js';
import type { Watch } from './watch.js';

/** What a reload works on. */
export interface Running {
  /** The ini file. */
  readonly path: string;
  readonly service: Service;
  readonly records: Records;
  readonly watch: Watch;
  readonly expiry: ExpiryWatch;
  readonly tally: Tally;
  readonly metrics: Metrics;
  /** Where metrics were to be had when it began. */
  readonly metricsListen: Endpoint | undefined;
  /** When it comes, everything stays as it is. */
  readonly ending: AbortSignal;
}

/** What came of a reload. */
export interface Reloaded {
  readonly reloaded: boolean;
  /** What kept it from coming about. */
  readonly mistakes: readonly string[];
}

/** Where it is too late for one. */
export const ended: Reloaded = { reloaded: false, mistakes: ['postseal: the service is about to end'] };

/** Never rejects: what keeps it from coming about is told in the journal too. */
export async function reload(because: string, running: Running): Promise<Reloaded> {
  const { path, service, records, watch, expiry, tally, ending } = running;
  const { journal } = records;
  journal.reloading(because);
  const began = performance.now();
  try {
    const installation = await loadOrFail(path);
    if (ending.aborted) return ended;
    const { service: settings } = installation.config;
    service.refuseLoop(settings);
    // The last that can fail.
    await records.reopen(installation);
    service.exchange(installation);
    tellFindings(installation, journal);
    tellRestart(
      startLines(service.settings, running.metricsListen, service.handed),
      startLines(settings, installation.config.metrics.listen, service.handed),
      journal,
    );
    tellSocket(service, journal);
    tally.reloaded(true);
    journal.reloaded(Math.round(performance.now() - began), service.inForce);
    records.debug.remind();
    watch.set(watched(installation.config));
    expiry.look();
    return { reloaded: true, mistakes: [] };
  } catch (error) {
    tally.reloaded(false);
    const mistakes = mistakesIn(error);
    // Whoever moved the log files away expects new ones all the same.
    await records.reopen(service.installation).catch((again: unknown) => {
      if (String(again) !== String(error)) mistakes.push(...mistakesIn(again));
    });
    for (const mistake of mistakes) journal.notReloaded(mistake);
    return { reloaded: false, mistakes };
  }
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
function startLines(
  { listen, protocol }: ServiceSection,
  metrics: Endpoint | undefined,
  handed: unknown,
): string[] {
  return [
    // On a socket of systemd's a restart changes nothing.
    `listen = ${handed ? '(of systemd)' : formatEndpoint(listen)}`,
    `protocol = ${protocol}`,
    `listen in [metrics] = ${metrics ? formatEndpoint(metrics) : '(none)'}`,
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
  if (error instanceof CommandError) return error.message.split('\n');
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`internal error: ${stack.replace(/\s*\n\s*/g, ' | ')}`];
}
