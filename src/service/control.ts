// The control socket: where "postseal status" and the like talk to the running service.
import { basename, join } from 'node:path';
import type { Config } from '../config/config.js';
import type { DebugState, InForce } from '../entry.js';
import { version } from '../version.js';
import { debugRoutes } from './debug-routes.js';
import { json, type Routes } from './http.js';
import { ended, type Reloaded, type Running } from './reload.js';
import type { Requests } from './requests.js';

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

/** As `GET /status` tells it. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  /** When the service began, RFC 3339. */
  readonly since: string;
  readonly inForce: InForce;
  readonly debug: DebugState;
}

/** What can be asked of a running service. */
export function controlRoutes({ service, records }: Running, reloads: Requests<Reloaded>): Routes {
  const since = new Date().toISOString();
  return {
    'GET /status': () => {
      const status: Status = {
        version,
        pid: process.pid,
        since,
        inForce: service.inForce,
        debug: records.debug.state,
      };
      return json(200, status);
    },
    'POST /reload': async () => json(200, (await reloads.add('asked to')) ?? ended),
    ...debugRoutes(records.debug),
  };
}
