// `postseal serve`: the service until a signal ends it; another signal makes it read its configuration again.
import { randomBytes } from 'node:crypto';
import { defaultConfig, parseOptions } from './arguments.js';
import { exit } from '../exit.js';
import type { Endpoint } from '../config/config.js';
import { takeSocket } from '../service/activation.js';
import { controlRoutes, controlSocket, watchRoutes } from '../service/control.js';
import { HttpListener, type Routes } from '../service/http.js';
import { ExpiryWatch } from '../service/expiry-watch.js';
import { loadOrFail } from '../service/load.js';
import { Metrics } from '../service/metrics.js';
import { notifyAs } from '../service/notify.js';
import { Records } from '../service/records.js';
import { reload, tellFindings, tellSocket, watched, type Reloaded, type Running } from '../service/reload.js';
import { Requests } from '../service/requests.js';
import { Service } from '../service/service.js';
import { Tally } from '../service/tally.js';
import { ToldFile } from '../service/told.js';
import { Watch } from '../service/watch.js';

export const serveHelp = `Usage: postseal serve [--config FILE] [--debug]

Runs the filter in the foreground until SIGTERM or SIGINT. One line on standard output says when it is
ready; after that, one line for each message.

  -c, --config FILE   the ini file (default ${defaultConfig})
      --debug         write the debug journal too, as if the ini file said debug = yes

A signal lets messages in flight finish within shutdown_timeout; what does not make it stays in Postfix's
queue. A second signal ends at once.

SIGHUP reads the ini file and the certificates again, and the log files begin anew. With a mistake in the ini
file everything stays as it was, and the journal says why; where it listens, and protocol, need a restart. "postseal reload"
does the same, and tells what came of it.
`;

export async function serve(args: readonly string[]): Promise<number> {
  const reloads = new Requests<Reloaded>();
  // First of all, as what it does by default is to end us.
  process.on('SIGHUP', signal => {
    void reloads.add(signal);
  });
  const { values } = parseOptions('serve', args, {
    config: { type: 'string', short: 'c' },
    debug: { type: 'boolean' },
  });
  const path = values.config ?? defaultConfig;
  const handed = takeSocket(process.env, process.pid);
  const installation = await loadOrFail(path);
  const tally = new Tally(() => new Date());
  const metrics = new Metrics();
  const records = await Records.open(installation, values.debug === true, [tally, metrics]);
  const { journal } = records;
  tellFindings(installation, journal);
  const world = { random: pooled(), uptime: () => performance.now() };
  const service = new Service(installation, journal, world, handed);
  // From the first message on it ends as it should.
  const signal = signalled();
  await service.start();

  const watch = new Watch(
    directory => {
      void reloads.add(`change in ${directory}`);
    },
    (directory, why) => {
      journal.notWatched(directory, why);
    },
  );
  watch.set(watched(installation.config));
  const told = new ToldFile(process.env['STATE_DIRECTORY']?.split(':')[0]);
  const expiry = new ExpiryWatch({
    installation: () => service.installation,
    journal,
    clock: () => new Date(),
    id: () => randomBytes(8).toString('hex'),
    post: (envelope, content) => service.post(envelope, content),
    mailed: await told.read(),
    keep: mailed => told.write(mailed),
  });
  const end = new AbortController();
  const metricsListen = installation.config.metrics.listen;
  const running = {
    ...{ path, service, records, watch, expiry, tally, metrics, metricsListen },
    ending: end.signal,
  };
  const systemd = notifyAs(process.env, process.pid, {
    able: () => service.listening,
    status: () => `${tally.toString()}; ${service.condition}`,
    failed: why => {
      journal.warning(`postseal: systemd does not hear how the service is: ${why}`);
    },
  });
  const listeners = await openListeners(running, reloads);
  journal.ready(service.inForce);
  tellSocket(service, journal);
  records.debug.remind();
  expiry.look();
  void systemd?.ready();
  reloads.serve(async because => {
    void systemd?.reloading();
    const result = await reload(because, running);
    await systemd?.ready();
    return result;
  });

  journal.stopping(await signal);
  systemd?.stopping();
  end.abort();
  const reloaded = reloads.end();
  const warned = expiry.close();
  await service.stop();
  for (const listener of listeners) await listener.close();
  await reloaded;
  await warned;
  watch.close();
  await records.close();
  return exit.ok;
}

/** The control socket, where there is a place for it, and the listener for metrics, where the ini file names one. */
async function openListeners(running: Running, reloads: Requests<Reloaded>): Promise<HttpListener[]> {
  const { path, service } = running;
  const { config } = service.installation;
  const listeners: (HttpListener | undefined)[] = [];
  // Without systemd there is no directory that is ours, but the ini file may name one.
  if (config.service.control !== undefined || process.env['RUNTIME_DIRECTORY'] !== undefined) {
    const socket = { kind: 'unix', path: controlSocket(path, config) } as const;
    // Whoever gets at it steers the service: root and our user alone.
    listeners.push(await open('control socket', socket, 0o600, controlRoutes(running, reloads), running));
  }
  const { metricsListen } = running;
  // Whoever is in our group may read.
  if (metricsListen)
    listeners.push(await open('metrics', metricsListen, 0o660, watchRoutes(running), running));
  return listeners.filter(listener => listener !== undefined);
}

/** @returns undefined where it cannot be had: mail passes all the same */
async function open(
  what: string,
  endpoint: Endpoint,
  mode: number,
  routes: Routes,
  { records: { journal } }: Running,
): Promise<HttpListener | undefined> {
  const listener = new HttpListener(routes, error => {
    journal.connectionFault(error);
  });
  try {
    await listener.listen(endpoint, mode);
    return listener;
  } catch (error) {
    journal.notListening(what, (error as Error).message);
    return undefined;
  }
}

/** Resolves with the first signal to end; a second one ends the process as it would without us. */
function signalled(): Promise<string> {
  return new Promise(resolve => {
    const signals = ['SIGTERM', 'SIGINT'] as const;
    const handler = (signal: NodeJS.Signals): void => {
      for (const s of signals) process.removeListener(s, handler);
      resolve(signal);
    };
    for (const s of signals) process.on(s, handler);
  });
}

/** Random octets, of which many are asked for at a time: a system call for each message costs more. */
function pooled(): (octets: number) => Buffer {
  let pool = Buffer.alloc(0);
  return octets => {
    if (pool.length < octets) pool = randomBytes(4096);
    const taken = pool.subarray(0, octets);
    pool = pool.subarray(octets);
    return taken;
  };
}
