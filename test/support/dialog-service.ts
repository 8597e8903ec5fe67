// The service in this process, from the port where mail comes in to a return port that does as it is told:
// that of `postseal serve`, but for a free port, a boundary that is known, and a journal in memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { load, type Installation } from '../../src/service/load.js';
import { Service } from '../../src/service/service.js';
import type { Endpoint, ServiceSection } from '../../src/config/config.js';
import { Journal } from '../../src/journal.js';
import { freePort } from './postfix.js';
import { ReturnPort } from './return-port.js';

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
  private readonly log: Journal;
  private readonly service: Service;

  private constructor(
    installation: Installation,
    readonly returnPort: ReturnPort,
    private readonly directory: string,
  ) {
    const stream = new Writable({
      write: (chunk, _, done) => {
        this.journal.push(...String(chunk).trimEnd().split('\n'));
        done();
      },
    });
    this.log = new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false });
    this.service = new Service(installation, this.log, {
      random: octets => Buffer.alloc(octets, 0x5a),
      uptime: () => performance.now() + this.passed,
    });
  }

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
    const { config } = loaded.installation;

    const path = join(directory, 'back.sock');
    const returnPort = await ReturnPort.start(sockets ? { path } : {});
    const ends: Pick<ServiceSection, 'listen' | 'return'> = sockets
      ? { listen: { kind: 'unix', path: join(directory, 'in.sock') }, return: { kind: 'unix', path } }
      : { listen: loopback(await freePort()), return: loopback(returnPort.port) };
    const installation = {
      ...loaded.installation,
      config: { ...config, service: { ...config.service, ...ends } },
    };
    const it = new DialogService(installation, returnPort, directory);
    await it.service.start();
    return it;
  }

  /** Where mail comes in. */
  get where(): NetConnectOpts {
    const { listen } = this.service.settings;
    return listen.kind === 'unix' ? { path: listen.path } : { host: listen.host, port: listen.port };
  }

  /** As a signal does: resolves when what was in flight is done with. */
  shutDown(): Promise<void> {
    return this.service.stop();
  }

  /** For good. */
  async close(): Promise<void> {
    await this.shutDown();
    await this.returnPort.close();
    await this.log.close();
    rmSync(this.directory, { recursive: true });
  }
}

function loopback(port: number): Endpoint {
  return { kind: 'tcp', host: '127.0.0.1', port };
}
