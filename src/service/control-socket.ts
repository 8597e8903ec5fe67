// Where the running service and those who ask it meet.
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { instanceOf } from './load.js';

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
  const instance = instanceOf(path);
  return join('/run', instance === undefined ? 'postseal' : `postseal-${instance}`, 'control.sock');
}
