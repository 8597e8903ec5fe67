// The service as a value: inbound, filter and return port, and the installation that they work by, which can be
// exchanged while mail passes.
import { chmod } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { formatEndpoint, type Endpoint, type ServiceSection } from '../config/config.js';
import { addressOf, isSameEndpoint } from '../config/endpoint.js';
import { noQueueId, queueId, type Delivery, type Envelope, type Recipient } from '../envelope.js';
import { outcome, type Reply } from '../failure.js';
import { filter, type Hands } from '../filter.js';
import type { InForce } from '../entry.js';
import type { Journal } from '../journal.js';
import { Refused } from '../next-hop.js';
import { Outcomes } from '../outcomes.js';
import { Doorkeeper } from '../smtp/doorkeeper.js';
import type { InboundOptions } from '../smtp/inbound-options.js';
import { Inbound } from '../smtp/inbound.js';
import { ReturnPort } from '../smtp/return-port.js';
import type { SessionOptions } from '../smtp/session.js';
import { CommandError, exit } from '../exit.js';
import { notOne, type Handed } from './activation.js';
import type { Installation } from './load.js';
import { removeStaleSocket } from './unix-socket.js';

/** What the service needs of the world beside files and sockets. */
export interface World {
  readonly random: (octets: number) => Buffer;
  /** Milliseconds, for what grows old. */
  readonly uptime: () => number;
}

/** A return port, for as long as there are messages for it. */
interface WayOut {
  readonly options: SessionOptions;
  readonly returnPort: ReturnPort;
  /** How many are on their way. */
  messages: number;
}

/** An installation at work. A message finishes under the one that it began under. */
interface State {
  readonly installation: Installation;
  readonly hands: Hands;
  readonly wayOut: WayOut;
}

export class Service {
  /** What it was started with: its listener is this one, whatever a later installation says. */
  private started: ServiceSection;
  /** Outlives every installation: what Postfix tries again is the same mail. */
  private readonly outcomes = new Outcomes();
  private readonly inbound: Inbound;
  private readonly waysOut = new Set<WayOut>();
  private current: State;

  constructor(
    installation: Installation,
    private readonly journal: Journal,
    private readonly world: World,
    /** The socket that it is to listen on, whatever the ini file says. */
    readonly handed?: Handed,
  ) {
    this.started = installation.config.service;
    this.current = this.stateFor(installation);
    this.inbound = new Inbound(this.inboundOptions());
  }

  /** Listens. @throws CommandError (71), and (78) for a socket that is handed in */
  async start(): Promise<void> {
    if (this.handed) return this.startOn(this.handed);
    const { listen } = this.started;
    try {
      if (listen.kind === 'unix') await removeStaleSocket(listen.path);
      await this.inbound.listen(addressOf(listen));
      // Whoever connects has mail signed: only our user and group may; postseal.socket gives it to Postfix's.
      if (listen.kind === 'unix') await chmod(listen.path, 0o660);
    } catch (error) {
      if (this.listening) await this.inbound.close();
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? 'in use already; is another Postseal running?' : message;
      throw new CommandError(exit.osError, `cannot listen on ${formatEndpoint(listen)}: ${why}`);
    }
  }

  /** The file of a UNIX socket belongs to who made it: its rights stay, and it outlives us. */
  private async startOn({ fd, path }: Handed): Promise<void> {
    await this.inbound.listen({ fd }).catch((error: unknown) => {
      throw notOne((error as Error).message);
    });
    try {
      this.started = { ...this.started, listen: placeOf(this.inbound.address, path) };
      this.refuseLoop(this.started);
    } catch (error) {
      await this.inbound.close();
      throw error;
    }
  }

  /**
   * The ini file was checked against the place where it says to listen, not against the one where we do.
   * @throws CommandError (78)
   */
  refuseLoop({ return: to }: ServiceSection): void {
    if (!isSameEndpoint(this.started.listen, to)) return;
    const where = this.handed ? 'postseal.socket listens' : 'Postseal listens until it is restarted';
    const sentence = `${formatEndpoint(to)} is where ${where}: mail would come back for ever`;
    throw new CommandError(exit.config, `[service] return: ${sentence}`);
  }

  /** From now on messages and connections that begin do so under this installation. */
  exchange(installation: Installation): void {
    const { wayOut } = this.current;
    this.current = this.stateFor(installation);
    this.closeIfDone(wayOut);
  }

  /** Takes no more mail, and lets what is in flight finish within the limit. */
  async stop(): Promise<void> {
    await this.inbound.close();
    for (const { returnPort } of this.waysOut) returnPort.close();
    await this.inbound.settled();
  }

  /** A message of our own, which no rule is about. @returns whom the return port refused @throws Refused, Failure */
  post(envelope: Envelope, content: Buffer): Promise<ReadonlyMap<Recipient, Reply>> {
    const { wayOut } = this.current;
    return this.over(wayOut, async () => {
      const transfer = await wayOut.returnPort.open(envelope, () => undefined, true);
      try {
        const reply = await transfer.finish(content);
        if (outcome(reply) !== 'accepted') throw new Refused(reply);
        return transfer.refused;
      } finally {
        transfer.abort();
      }
    });
  }

  get settings(): ServiceSection {
    return this.started;
  }

  /** Whether mail can get in. */
  get listening(): boolean {
    return this.inbound.listening;
  }

  /** How the service is, for the one line of `systemctl status`: `3 in flight; return port up`. */
  get condition(): string {
    const { up, successAge, failureAge } = this.returnPort.seen;
    const known = successAge !== undefined || failureAge !== undefined;
    const returnPort = known ? (up ? 'up' : 'down') : 'not needed yet';
    return `${this.inFlight} in flight; return port ${returnPort}`;
  }

  get installation(): Installation {
    return this.current.installation;
  }

  /** Messages on their way. */
  get inFlight(): number {
    return [...this.waysOut].reduce((sum, { messages }) => sum + messages, 0);
  }

  /** Open connections of Postfix's. */
  get connections(): number {
    return this.inbound.connections;
  }

  /** The one that new messages go to. */
  get returnPort(): ReturnPort {
    return this.current.wayOut.returnPort;
  }

  get inForce(): InForce {
    const { config, policy, identities } = this.installation;
    return {
      listen: formatEndpoint(this.started.listen),
      returnPort: formatEndpoint(config.service.return),
      rules: policy.rules.length,
      certificates: identities.length,
    };
  }

  private stateFor(installation: Installation): State {
    const { config, policy } = installation;
    const { hostname, maxHops } = config.service;
    const wayOut = this.wayOutFor(config.service);
    const { outcomes, journal, world } = this;
    const clock = (): Date => new Date();
    const nextHop = wayOut.returnPort;
    const hands = { policy, nextHop, outcomes, journal, clock, ...world, hostname, maxHops };
    return { installation, hands, wayOut };
  }

  /** The same one as before where nothing about it has changed: it has connections, and knows what it offers. */
  private wayOutFor({ return: to, hostname, timeout }: ServiceSection): WayOut {
    const options = { address: addressOf(to), hostname, timeout: timeout * 1000 };
    for (const known of this.waysOut) if (isDeepStrictEqual(known.options, options)) return known;
    const wayOut = { options, returnPort: new ReturnPort(options, this.world.uptime), messages: 0 };
    this.waysOut.add(wayOut);
    return wayOut;
  }

  private closeIfDone(wayOut: WayOut): void {
    if (wayOut === this.current.wayOut || wayOut.messages > 0) return;
    this.waysOut.delete(wayOut);
    wayOut.returnPort.close();
  }

  private deliver(delivery: Delivery): Promise<readonly Reply[]> {
    const { hands, wayOut } = this.current;
    return this.over(wayOut, () => filter(delivery, hands));
  }

  /** The way out stays open as long as a message needs it. */
  private async over<T>(wayOut: WayOut, send: () => Promise<T>): Promise<T> {
    wayOut.messages++;
    try {
      return await send();
    } finally {
      wayOut.messages--;
      this.closeIfDone(wayOut);
    }
  }

  /** Whatever can change does, with the next connection, command or message that asks. */
  private inboundOptions(): InboundOptions {
    const { journal, outcomes } = this;
    const { protocol } = this.started;
    const settings = (): ServiceSection => this.installation.config.service;
    const door = new Doorkeeper(
      address => settings().clients.includes(address),
      address => {
        journal.clientRefused(address);
      },
      this.world.uptime,
    );
    return {
      protocol,
      get hostname() {
        return settings().hostname;
      },
      get maxConnections() {
        return settings().maxConnections;
      },
      get maxMessageSize() {
        return settings().maxMessageSize;
      },
      get timeout() {
        return settings().timeout * 1000;
      },
      get shutdownTimeout() {
        return settings().shutdownTimeout * 1000;
      },
      // Whoever gets at a UNIX socket has the rights for it.
      admits: address => this.started.listen.kind === 'unix' || door.admits(address),
      capabilities: () => this.current.wayOut.returnPort.capabilities(),
      deliver: delivery => this.deliver(delivery),
      takeRefusal: (forwarded, recipient) => outcomes.takeRefusal(forwarded, recipient),
      onRefusal: ({ forwarded, sender, recipients, reply }) => {
        const groups = recipients.length > 0 ? [{ recipients }] : [];
        const entry = { sender, groups, size: 0, milliseconds: 0, reply };
        const trace = journal.trace({ sender, recipients: recipients.map(address => ({ address })) });
        journal.message(queueId(forwarded) ?? noQueueId, entry, trace);
      },
      onError: error => {
        journal.connectionFault(error);
      },
    };
  }
}

/** Where a socket listens that was handed in. @throws CommandError (78) */
function placeOf(address: AddressInfo | undefined, path: string | undefined): Endpoint {
  if (address) return { kind: 'tcp', host: address.address, port: address.port };
  if (path === undefined) throw notOne('it is bound to no file');
  return { kind: 'unix', path };
}
