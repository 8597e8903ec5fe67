// `postseal serve` for anna@example.com and an embedded return port, in a directory of their own: for tests of what
// becomes of the service when something around it does wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePki, type Pki } from './pki.js';
import { freePort } from './postfix.js';
import { ReturnPort } from './return-port.js';
import { Service, type ServiceOptions } from './service.js';
import { sendMail } from './smtp-client.js';

export interface Setting extends Pick<ServiceOptions, 'nodeArguments'> {
  /** Further lines of [service]. */
  readonly service?: string;
  /** Further sections of the ini file. */
  readonly sections?: string;
  /** Where the journal is; default: in the directory. */
  readonly journal?: string;
}

export class SigningService {
  private constructor(
    readonly directory: string,
    readonly pki: Pki,
    readonly port: number,
    readonly returnPort: ReturnPort,
    readonly process: Service,
  ) {}

  /** @param setting what is particular, which may use the directory: it has `anna.pem` */
  static async start(
    setting: (directory: string, pki: Pki) => Setting = () => ({}),
  ): Promise<SigningService> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-signing-'));
    const pki = makePki(directory);
    pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
    const {
      service = '',
      sections = '',
      journal = join(directory, 'journal'),
      ...options
    } = setting(directory, pki);
    const [port, returnPort] = [await freePort(), await ReturnPort.start()];
    const config = join(directory, 'postseal.ini');
    writeFileSync(
      config,
      `[service]
listen = 127.0.0.1:${port}
return = 127.0.0.1:${returnPort.port}
hostname = postseal.example.com
${service}
[certificate:anna]
file = anna.pem
[rule:anna]
sender = anna@example.com
certificate = anna
${sections}`,
    );
    return new SigningService(
      directory,
      pki,
      port,
      returnPort,
      await Service.start({ config, journal, ...options }),
    );
  }

  /** One small message. @returns the reply to it, also one that refuses */
  async send(id: string, sender = 'anna@example.com', size = 0): Promise<string> {
    const header = `From: ${sender}\r\nSubject: ${id}\r\n\r\n`;
    const content = [Buffer.from(header), Buffer.from(`${'x'.repeat(78)}\r\n`.repeat(1 + size / 80))];
    const { port } = this;
    return sendMail({
      port,
      sender,
      recipients: ['kim@example.net'],
      xforward: `IDENT=${id}`,
      content,
    }).catch((error: unknown) => (error as Error).message);
  }

  async remove(): Promise<void> {
    await this.process.stop();
    await this.returnPort.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
