// The service in this process, from the port where mail comes in to a return port that does as it is told.
// Put together as cli/serve.ts does it, but for the ports, a boundary that is known, and a journal in memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { load } from '../../src/cli/load.js';
import { filter } from '../../src/filter.js';
import { Journal } from '../../src/journal.js';
import { Outcomes } from '../../src/outcomes.js';
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

  private constructor(
    private readonly inbound: Inbound,
    readonly returnPort: FaultyReturnPort,
    private readonly release: () => Promise<void>,
  ) {}

  /** @param settings further lines of [service] */
  static async start(certificate: string, settings: readonly string[] = []): Promise<DialogService> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-dialog-'));
    const ini = join(directory, 'postseal.ini');
    const own = rules.replace('anna.pem', certificate);
    const defaults = ['hostname = postseal.example.com', 'timeout = 5', 'shutdown_timeout = 5'];
    const set = (line: string): string => line.split(' = ')[0]!;
    const lines = [...defaults.filter(d => !settings.some(s => set(s) === set(d))), ...settings];
    writeFileSync(ini, `[service]\n${lines.join('\n')}\n${own}`);
    const loaded = await load(ini);
    rmSync(directory, { recursive: true });
    if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
    const { config, policy } = loaded.installation;
    const { hostname, maxConnections, maxMessageSize, maxHops, timeout, shutdownTimeout } = config.service;

    const faulty = await FaultyReturnPort.start();
    const nextHop = new ReturnPort({
      address: { host: '127.0.0.1', port: faulty.port },
      hostname,
      timeout: timeout * 1000,
    });
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
    const inbound = new Inbound({
      protocol: config.service.protocol,
      hostname,
      maxConnections,
      maxMessageSize,
      timeout: timeout * 1000,
      shutdownTimeout: shutdownTimeout * 1000,
      deliver: delivery => filter(delivery, hands),
      takeRefusal: (envelope, recipient) => outcomes.takeRefusal(envelope, recipient),
      onError: error => {
        journal.connectionFault(error);
      },
    });
    const service = new DialogService(inbound, faulty, async () => {
      nextHop.close();
      await inbound.settled();
      await faulty.close();
      await journal.close();
    });
    await inbound.listen({ host: '127.0.0.1', port: 0 });
    return service;
  }

  get port(): number {
    return this.inbound.port;
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
