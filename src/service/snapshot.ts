// How the running service is at a time, put together for all who ask.
import { version } from '../version.js';
import { certificateStates } from './certificate-states.js';
import type { Status } from './control.js';
import { reasonsNotReady, unableRules } from './health.js';
import type { Running } from './reload.js';

/** Asks the return port first, where nothing was heard of it for a while. */
export async function statusOf({ service, records, tally, ending }: Running): Promise<Status> {
  const { up, successAge, failureAge, failure } = await service.returnPort.contacted();
  const now = new Date();
  const { installation, inForce } = service;
  const ago = (milliseconds: number): string => new Date(now.getTime() - milliseconds).toISOString();
  const certificates = certificateStates(installation, now);
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
    certificates: certificates.map(state => ({
      ...state,
      notBefore: state.notBefore.toISOString(),
      notAfter: state.notAfter.toISOString(),
    })),
    certificatesUnusable: installation.findings.filter(f => f.severity === 'error').length,
    debug: records.debug.state,
    events: records.backlogs,
    reloads: { ...tally.reloads },
    ...(lastReload && { lastReload: { ...lastReload, at: lastReload.at.toISOString() } }),
  };
}
