// `postseal serve`: the service until a signal ends it; another signal makes it read its configuration again.
import { randomBytes } from 'node:crypto';
import { defaultConfig, parseOptions } from './arguments.js';
import { exit } from '../exit.js';
import type { Journal } from '../journal.js';
import { takeSocket } from '../service/activation.js';
import { controlRoutes, watchRoutes } from '../service/control.js';
import { ExpiryWatch } from '../service/expiry-watch.js';
import { Listeners } from '../service/listeners.js';
import { Shelf } from '../certs/load.js';
import { loadOrFail } from '../service/load.js';
import { Metrics } from '../service/metrics.js';
import { notifyAs, stillStarting } from '../service/notify.js';
import { progress } from '../service/progress.js';
import { Records } from '../service/records.js';
import { reload, tellFindings, tellSocket, watched, type Reloaded } from '../service/reload.js';
import { Requests } from '../service/requests.js';
import type { Running } from '../service/running.js';
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
file everything stays as it was, and the journal says why. "postseal reload" does the same, and tells what came
of it. A restart is needed for listen and protocol, and to move the control socket or the listener for metrics.
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
  let journal: Journal | undefined = undefined;
  const watch = new Watch(
    directory => {
      void reloads.add(`change in ${directory}`);
    },
    (directory, why) => journal?.notWatched(directory, why),
  );
  const shelf = new Shelf();
  // What comes while certificates are read is not overlooked.
  const installation = await loadOrFail(path, {
    parsed: config => {
      watch.set(watched(config));
    },
    // There is no journal yet.
    progress: progress(line => {
      process.stderr.write(`postseal: ${line}\n`);
      void stillStarting(process.env, line);
    }),
    shelf,
  });
  const tally = new Tally(() => new Date());
  const metrics = new Metrics();
  const records = await Records.open(installation, values.debug === true, [tally, metrics]);
  journal = records.journal;
  tellFindings(installation, journal);
  const world = { random: pooled(), uptime: () => performance.now() };
  const service = new Service(installation, journal, world, handed);
  // From the first message on it ends as it should.
  const signal = signalled();
  await service.start();

  // Once more, as now there is a journal.
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
  const running: Running = {
    ...{ path, service, shelf, records, watch, expiry, tally, metrics },
    ending: end.signal,
  };
  const systemd = notifyAs(process.env, process.pid, {
    able: () => service.listening,
    status: () => `${tally.toString()}; ${service.condition}`,
    failed: why => {
      journal.warning(`postseal: systemd does not hear how the service is: ${why}`);
    },
  });
  const routes = { control: controlRoutes(running, reloads), watch: watchRoutes(running) };
  const listeners = new Listeners(journal, routes);
  await listeners.set(installation.config);
  journal.ready(service.inForce);
  tellSocket(service, journal);
  records.debug.remind();
  void expiry.look();
  void systemd?.ready();
  reloads.serve(async because => {
    void systemd?.reloading();
    const result = await reload(because, running, listeners);
    await systemd?.ready();
    return result;
  });

  journal.stopping(await signal);
  systemd?.stopping();
  end.abort();
  const reloaded = reloads.end();
  const warned = expiry.close();
  await service.stop();
  await reloaded;
  await listeners.close();
  await warned;
  watch.close();
  await records.close();
  return exit.ok;
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
