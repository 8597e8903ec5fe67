// `postseal serve`: wires inbound, filter and return port, until a signal ends it.
import { randomBytes } from 'node:crypto';
import { chmod, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { formatEndpoint, type Config, type Endpoint } from '../config/config.js';
import { filter } from '../filter.js';
import { Journal, type MessageListener } from '../journal.js';
import { Outcomes } from '../outcomes.js';
import { Doorkeeper } from '../smtp/doorkeeper.js';
import { Inbound } from '../smtp/inbound.js';
import { ReturnPort } from '../smtp/return-port.js';
import { defaultConfig, parseOptions } from './arguments.js';
import { openEvents } from './events.js';
import { CommandError, exit } from './exit.js';
import { loadOrFail, showProblem } from './load.js';

export const serveHelp = `Usage: postseal serve [--config FILE] [--debug]

Runs the filter in the foreground until SIGTERM or SIGINT. One line on standard output says when it is
ready; after that, one line for each message.

  -c, --config FILE   the ini file (default ${defaultConfig})
      --debug         write the debug journal too, as if the ini file said debug = yes

A signal lets messages in flight finish within shutdown_timeout; what does not make it stays in Postfix's
queue. A second signal ends at once.
`;

export async function serve(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('serve', args, {
    config: { type: 'string', short: 'c' },
    debug: { type: 'boolean' },
  });
  const path = values.config ?? defaultConfig;
  const { config, policy, identities, findings, authorization } = await loadOrFail(path);
  const { service } = config;
  const events = await openEvents(config.events, authorization, () => journal);
  const journal: Journal = openJournal(config, values.debug === true, events);
  for (const finding of findings) {
    for (const consequence of finding.consequences ?? [])
      journal.warning(`${consequence}: ${showProblem(finding)}`);
    if (!finding.consequences?.length) journal.warning(showProblem(finding));
  }

  const timeout = service.timeout * 1000;
  const outcomes = new Outcomes();
  const returnPort = new ReturnPort({
    address: addressOf(service.return),
    hostname: service.hostname,
    timeout,
  });
  const hands = {
    policy,
    nextHop: returnPort,
    outcomes,
    journal,
    clock: () => new Date(),
    random: pooled(),
    hostname: service.hostname,
    maxHops: service.maxHops,
  };
  const door = new Doorkeeper(
    address => service.clients.includes(address),
    address => {
      journal.clientRefused(address);
    },
    () => performance.now(),
  );
  const inbound = new Inbound({
    protocol: service.protocol,
    hostname: service.hostname,
    maxConnections: service.maxConnections,
    maxMessageSize: service.maxMessageSize,
    timeout,
    shutdownTimeout: service.shutdownTimeout * 1000,
    // Whoever gets at a UNIX socket has the rights for it.
    admits: address => service.listen.kind === 'unix' || door.admits(address),
    capabilities: () => returnPort.capabilities(),
    deliver: delivery => filter(delivery, hands),
    takeRefusal: (forwarded, recipient) => outcomes.takeRefusal(forwarded, recipient),
    onError: error => {
      journal.connectionFault(error);
    },
  });
  await listen(inbound, service.listen);
  journal.ready(
    formatEndpoint(service.listen),
    formatEndpoint(service.return),
    policy.rules.length,
    identities.length,
  );

  journal.stopping(await signalled());
  await inbound.close();
  returnPort.close();
  await inbound.settled();
  await events.close();
  journal.stopped();
  await journal.close();
  return exit.ok;
}

function openJournal(
  { journal: { debug, debugFile } }: Config,
  debugging: boolean,
  events: MessageListener,
): Journal {
  try {
    return new Journal({
      debug: debug || debugging,
      debugFile,
      stream: process.stdout,
      timestamps: process.env['JOURNAL_STREAM'] === undefined,
      events,
    });
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    throw new CommandError(exit.config, `[journal] debug_file: ${debugFile} cannot be written: ${message}`);
  }
}

/** For net.connect and net.Server. */
export function addressOf(endpoint: Endpoint): { host: string; port: number } | { path: string } {
  return endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
}

async function listen(inbound: Inbound, endpoint: Endpoint): Promise<void> {
  try {
    if (endpoint.kind === 'unix') await removeStaleSocket(endpoint.path);
    await inbound.listen(addressOf(endpoint));
    // Whoever connects has mail signed: only our user and group may. Postfix's user has to be in our group.
    if (endpoint.kind === 'unix') await chmod(endpoint.path, 0o660);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'in use already; is another Postseal running?' : message;
    throw new CommandError(exit.osError, `cannot listen on ${formatEndpoint(endpoint)}: ${why}`);
  }
}

/** A socket left behind by a killed service is removed; one that somebody serves is not. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const served = await new Promise<boolean>(resolve => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => {
      resolve(false);
    });
  });
  if (!served) await unlink(path);
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
