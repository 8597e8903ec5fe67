// What can be asked of a running service, on its control socket and on the listener for metrics.
import { debugRoutes } from './debug-routes.js';
import { json, unavailable, type Routes } from './http.js';
import type { Reloaded } from './reload.js';
import type { Requests } from './requests.js';
import type { Running } from './running.js';
import { statusOf } from './snapshot.js';

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
    'GET /config': () => json(200, configOf(running)),
    'POST /reload': async () => {
      const result = await reloads.add('asked to');
      return result ? json(200, result) : unavailable('it is about to end');
    },
    ...debugRoutes(running.records.debug),
  };
}

/** As `GET /config` tells it. */
export interface ConfigInForce {
  /** The path of the ini file. */
  readonly file: string;
}

function configOf({ service }: Running): ConfigInForce {
  return { file: service.installation.config.file };
}
