// How the running service is at a time, put together for all who ask.
import type { DebugState, InForce } from '../entry.js';
import type { Counts } from '../events/event.js';
import type { Backlogs } from '../events/log.js';
import { version } from '../version.js';
import { inSlices } from '../slices.js';
import { statesInSteps, type CertificateState } from './certificate-states.js';
import { reasonsNotReady, unableRules } from './health.js';
import type { Running } from './running.js';

/** As `GET /status` tells it. Times are RFC 3339. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  /** When the service began. */
  readonly since: string;
  readonly inForce: InForce;
  /** Why it cannot sign or deliver, a sentence each; none where it can. */
  readonly reasons: readonly string[];
  /** Rules whose mail is to be signed and is not, as they have no valid certificate. */
  readonly rulesUnableToSign: readonly string[];
  readonly messages: { readonly today: Counts; readonly sinceStart: Counts };
  readonly inFlight: number;
  /** Of Postfix's, open. */
  readonly connections: number;
  readonly lastDeferral?: {
    readonly at: string;
    readonly queueId: string;
    readonly sender: string;
    readonly reply: string;
  };
  readonly returnPort: {
    readonly up: boolean;
    readonly lastSuccess?: string;
    readonly lastFailure?: string;
    /** What the last failure was. */
    readonly failure?: string;
    readonly connections: { readonly idle: number; readonly busy: number };
  };
  readonly certificates: readonly CertificateStatus[];
  readonly certificatesUnusable: number;
  readonly debug: DebugState;
  readonly events: Backlogs;
  readonly reloads: { readonly ok: number; readonly failed: number };
  readonly lastReload?: { readonly at: string; readonly ok: boolean };
}

/** Of its rules, and of those that miss it, only the first are named: each of thousands may have the same thousands. */
export type CertificateStatus = Omit<CertificateState, 'notBefore' | 'notAfter'> & {
  /** How many more there are; absent where all are named. */
  readonly moreRules?: number;
  readonly moreMissedBy?: number;
  readonly notBefore: string;
  readonly notAfter: string;
};

/** So many rules are named. */
const named = 20;

export function certificateStatus(state: CertificateState): CertificateStatus {
  const { rules, missedBy, notBefore, notAfter } = state;
  return {
    ...state,
    rules: rules.slice(0, named),
    ...(rules.length > named && { moreRules: rules.length - named }),
    missedBy: missedBy.slice(0, named),
    ...(missedBy.length > named && { moreMissedBy: missedBy.length - named }),
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
  };
}

/** Asks the return port first, where nothing was heard of it for a while. */
export async function statusOf({ service, records, tally, ending }: Running): Promise<Status> {
  const { up, successAge, failureAge, failure } = await service.returnPort.contacted();
  const now = new Date();
  const { installation, inForce } = service;
  const ago = (milliseconds: number): string => new Date(now.getTime() - milliseconds).toISOString();
  const certificates = await inSlices(statesInSteps(installation, now));
  const unable = unableRules(installation.config.rules, certificates);
  const { lastDeferral, lastReload } = tally;
  return {
    version,
    pid: process.pid,
    since: tally.since.toISOString(),
    inForce,
    reasons: reasonsNotReady({
      stopping: ending.aborted,
      unable,
      returnPort: { to: inForce.returnPort, up, ...(failure !== undefined && { failure }) },
    }),
    rulesUnableToSign: unable.map(({ rule }) => rule),
    messages: { today: tally.today, sinceStart: tally.sinceStart },
    inFlight: service.inFlight,
    connections: service.connections,
    ...(lastDeferral && { lastDeferral: { ...lastDeferral, at: lastDeferral.at.toISOString() } }),
    returnPort: {
      up,
      ...(successAge !== undefined && { lastSuccess: ago(successAge) }),
      ...(failureAge !== undefined && { lastFailure: ago(failureAge) }),
      ...(failure !== undefined && { failure }),
      connections: service.returnPort.connections,
    },
    certificates: certificates.map(certificateStatus),
    certificatesUnusable: installation.findings.filter(f => f.severity === 'error').length,
    debug: records.debug.state,
    events: records.backlogs,
    reloads: { ...tally.reloads },
    ...(lastReload && { lastReload: { ...lastReload, at: lastReload.at.toISOString() } }),
  };
}
