// A reload: all that the ini file leads to now is put in the place of what was in force, or nothing of it.
import { formatEndpoint, type Config, type ServiceSection } from '../config/config.js';
import { isSameEndpoint } from '../config/endpoint.js';
import type { Journal } from '../journal.js';
import { CommandError, exit } from '../exit.js';
import type { ExpiryWatch } from './expiry-watch.js';
import { loadOrFail, showProblem, type Installation } from './load.js';
import type { Records } from './records.js';
import type { Service } from './service.js';
import type { Watch } from './watch.js';

/** What a reload works on. */
export interface Running {
  /** The ini file. */
  readonly path: string;
  readonly service: Service;
  readonly records: Records;
  readonly watch: Watch;
  readonly expiry: ExpiryWatch;
  /** When it comes, everything stays as it is. */
  readonly ending: AbortSignal;
}

/** Never rejects: what keeps it from coming about is told in the journal. */
export async function reload(because: string, running: Running): Promise<void> {
  const { path, service, records, watch, expiry, ending } = running;
  const { journal } = records;
  journal.reloading(because);
  const began = performance.now();
  try {
    const installation = await loadOrFail(path);
    if (ending.aborted) return;
    const { service: settings } = installation.config;
    if (isSameEndpoint(service.settings.listen, settings.return)) throw loop(settings);
    // The last that can fail.
    await records.reopen(installation);
    service.exchange(installation);
    tellFindings(installation, journal);
    tellRestart(service.settings, settings, journal);
    journal.reloaded(Math.round(performance.now() - began), service.inForce);
    watch.set(watched(installation.config));
    expiry.look();
  } catch (error) {
    for (const mistake of mistakesIn(error)) journal.notReloaded(mistake);
    // Whoever moved the log files away expects new ones all the same.
    await records.reopen(service.installation).catch((again: unknown) => {
      if (String(again) !== String(error))
        for (const mistake of mistakesIn(again)) journal.notReloaded(mistake);
    });
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

/** The file was checked against the place where it says to listen, not against the one where we do. */
function loop(settings: ServiceSection): CommandError {
  const to = formatEndpoint(settings.return);
  return new CommandError(
    exit.config,
    `[service] return: ${to} is where Postseal listens until it is restarted: mail would come back for ever`,
  );
}

/** @param old what the service was started with */
function tellRestart(old: ServiceSection, now: ServiceSection, journal: Journal): void {
  const lines = ({ listen, protocol }: ServiceSection): string[] => [
    `listen = ${formatEndpoint(listen)}`,
    `protocol = ${protocol}`,
  ];
  const before = lines(old);
  for (const [i, line] of lines(now).entries())
    if (line !== before[i]) journal.needsRestart(line, before[i]!);
}

function mistakesIn(error: unknown): string[] {
  if (error instanceof CommandError) return error.message.split('\n');
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`internal error: ${stack.replace(/\s*\n\s*/g, ' | ')}`];
}
