// What can be asked of a running service, on its control socket and on the listener for metrics.
import { basename, join } from 'node:path';
import type { Config } from '../config/config.js';
import type { DebugState, InForce } from '../entry.js';
import type { Counts } from '../events/event.js';
import type { Backlogs } from '../events/log.js';
import type { CertificateState } from './certificate-states.js';
import { debugRoutes } from './debug-routes.js';
import { json, type Routes } from './http.js';
import { ended, type Reloaded, type Running } from './reload.js';
import type { Requests } from './requests.js';
import { statusOf } from './snapshot.js';

/**
 * Where a service with this ini file has its control socket: as `control` in [service] says, or else in the directory
 * that systemd makes for it (RuntimeDirectory): /run/postseal for postseal.ini, /run/postseal-NAME for NAME.ini.
 * @param path of the ini file
 */
export function controlSocket(path: string, { service }: Config): string {
  return service.control ?? usualSocket(path);
}

/** Where it is unless the ini file says. @param path of the ini file */
export function usualSocket(path: string): string {
  const name = basename(path, '.ini');
  return join('/run', name === 'postseal' ? name : `postseal-${name}`, 'control.sock');
}

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

export type CertificateStatus = Omit<CertificateState, 'notBefore' | 'notAfter'> & {
  readonly notBefore: string;
  readonly notAfter: string;
};

/** For those who only watch. */
export function watchRoutes(running: Running): Routes {
  return {
    'GET /metrics': async () => running.metrics.answer(await statusOf(running)),
    'GET /health/live': () => json(200, { live: true }),
    'GET /health/ready': async () => {
      const { reasons } = await statusOf(running);
      const ready = reasons.length === 0;
      return json(ready ? 200 : 503, { ready, reasons });
    },
  };
}

/** For those who may do everything. */
export function controlRoutes(running: Running, reloads: Requests<Reloaded>): Routes {
  return {
    ...watchRoutes(running),
    'GET /status': async () => json(200, await statusOf(running)),
    'POST /reload': async () => json(200, (await reloads.add('asked to')) ?? ended),
    ...debugRoutes(running.records.debug),
  };
}
