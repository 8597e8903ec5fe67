// The service in this process, from the port where mail comes in to a return port that does as it is told.
// Put together as cli/serve.ts does it, but for the ports, a boundary that is known, and a journal in memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { load } from '../../src/cli/load.js';
import { filter } from '../../src/filter.js';
import { Journal } from '../../src/journal.js';
import { Outcomes } from '../../src/outcomes.js';
import { Doorkeeper } from '../../src/smtp/doorkeeper.js';
import { Inbound } from '../../src/smtp/inbound.js';
import { ReturnPort } from '../../src/smtp/return-port.js';
import { ReturnPort as FaultyReturnPort } from './return-port.js';

/** What dialogs are filtered by; `anna.pem` beside it. Others than anna pass unsigned. */
const rules = `
[certificate:anna]
file = anna.pem

[rule:anna]
sender = anna@example.com
certificate = anna

[exception:phones]
recipient = *@phones.example
`;

export class DialogService {
  /** Lines of the journal. */
  readonly journal: string[] = [];
  /** Milliseconds that have passed besides those that really have. */
  passed = 0;

  private constructor(
    private readonly inbound: Inbound,
    readonly returnPort: FaultyReturnPort,
    private readonly socket: string | undefined,
    private readonly release: () => Promise<void>,
  ) {}

  /**
   * @param settings further lines of [service]
   * @param sockets whether mail comes in and goes out over UNIX sockets
   */
  static async start(
    certificate: string,
    settings: readonly string[] = [],
    sockets = false,
  ): Promise<DialogService> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-dialog-'));
    const ini = join(directory, 'postseal.ini');
    const own = rules.replace('anna.pem', certificate);
    const defaults = ['hostname = postseal.example.com', 'timeout = 5', 'shutdown_timeout = 5'];
    const set = (line: string): string => line.split(' = ')[0]!;
    const lines = [...defaults.filter(d => !settings.some(s => set(s) === set(d))), ...settings];
    writeFileSync(ini, `[service]\n${lines.join('\n')}\n${own}`);
    const loaded = await load(ini);
    if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
    const { config, policy } = loaded.installation;
    const { hostname, maxConnections, maxMessageSize, maxHops, timeout, shutdownTimeout } = config.service;

    const path = join(directory, 'back.sock');
    const faulty = await FaultyReturnPort.start(sockets ? { path } : {});
    const clock = (): number => performance.now() + service.passed;
    const nextHop = new ReturnPort(
      {
        address: sockets ? { path } : { host: '127.0.0.1', port: faulty.port },
        hostname,
        timeout: timeout * 1000,
      },
      clock,
    );
    const outcomes = new Outcomes();
    const stream = new Writable({
      write(chunk, _, done) {
        service.journal.push(...String(chunk).trimEnd().split('\n'));
        done();
      },
    });
    const journal = new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false });
    const hands = {
      policy,
      nextHop,
      outcomes,
      journal,
      clock: () => new Date(),
      random: (octets: number) => Buffer.alloc(octets, 0x5a),
      hostname,
      maxHops,
    };
    const door = new Doorkeeper(
      address => config.service.clients.includes(address),
      address => {
        journal.clientRefused(address);
      },
      clock,
    );
    const inbound = new Inbound({
      protocol: config.service.protocol,
      hostname,
      maxConnections,
      maxMessageSize,
      timeout: timeout * 1000,
      shutdownTimeout: shutdownTimeout * 1000,
      admits: address => sockets || door.admits(address),
      capabilities: () => nextHop.capabilities(),
      deliver: delivery => filter(delivery, hands),
      takeRefusal: (envelope, recipient) => outcomes.takeRefusal(envelope, recipient),
      onError: error => {
        journal.connectionFault(error);
      },
    });
    const socket = sockets ? join(directory, 'in.sock') : undefined;
    const service = new DialogService(inbound, faulty, socket, async () => {
      nextHop.close();
      await inbound.settled();
      await faulty.close();
      await journal.close();
      rmSync(directory, { recursive: true });
    });
    await inbound.listen(socket === undefined ? { host: '127.0.0.1', port: 0 } : { path: socket });
    return service;
  }

  /** Where mail comes in. */
  get where(): NetConnectOpts {
    const { socket, inbound } = this;
    return socket === undefined ? { host: '127.0.0.1', port: inbound.port } : { path: socket };
  }

  /** As a signal does: resolves when what was in flight is done with. */
  shutDown(): Promise<void> {
    return this.inbound.close();
  }

  /** For good. */
  async close(): Promise<void> {
    await this.shutDown();
    await this.release();
  }
}
