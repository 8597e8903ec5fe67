// What the measurements have in common: a directory, a certificate, postseal serve, smtp-source and smtp-sink.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peer } from '../support/peers.js';
import { type Issued, makePki, openssl } from '../support/pki.js';
import { freePort, until } from '../support/postfix.js';
import { Service } from '../support/service.js';
import { ecdsaSender, opaqueSender, protectedSender, signedSender } from './messages.js';

/** Everything below one temporary directory. */
export class Setting {
  /** RSA-2048, with its issuer as chain. */
  readonly certificate: Issued;
  /** The same with a key on P-256. */
  readonly ecdsa: Issued;
  /** The root that signatures verify against. */
  readonly root: string;

  private constructor(readonly directory: string) {
    const pki = makePki(join(directory, 'pki'));
    const addresses = [signedSender, opaqueSender, protectedSender];
    this.certificate = pki.issue({ name: 'anna', addresses, key: 'rsa2048' });
    this.ecdsa = pki.issue({ name: 'berta', addresses: [ecdsaSender], key: 'p256' });
    this.root = pki.root.certificate;
  }

  static create(): Setting {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-bench-'));
    // A shell script of another user works below it, too.
    chmodSync(directory, 0o755);
    return new Setting(directory);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a message. @returns its file */
  file(name: string, content: string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** Whether OpenSSL verifies it. */
  verifies(message: Buffer): boolean {
    try {
      openssl(['cms', '-verify', '-CAfile', this.root, '-purpose', 'smimesign'], message);
      return true;
    } catch {
      return false;
    }
  }

  /** `postseal serve`, as installed: from dist, with the journal in a file. */
  async serve(name: string, returnPort: number): Promise<{ service: Service; port: number }> {
    const port = await freePort();
    const config = this.file(
      `${name}.ini`,
      `[service]
listen = 127.0.0.1:${port}
return = 127.0.0.1:${returnPort}
hostname = postseal.example.com

[certificate:anna]
file = ${this.certificate.pem}

[certificate:berta]
file = ${this.ecdsa.pem}

[rule:anna]
sender = ${signedSender}
certificate = anna

[rule:ecdsa]
sender = ${ecdsaSender}
certificate = berta

[rule:opaque]
sender = ${opaqueSender}
certificate = anna
form = opaque

[rule:protected]
sender = ${protectedSender}
certificate = anna
header_protection = yes
`,
    );
    return {
      service: await Service.start({ config, journal: this.path(`${name}.journal`) }),
      port,
    };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Postfix's smtp-sink: takes mail and throws it away. */
export class Sink {
  private readonly lastResort = (): void => {
    this.child.kill('SIGKILL');
  };

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {
    process.once('exit', this.lastResort);
  }

  static async start(): Promise<Sink> {
    const port = await freePort();
    // It refuses to run as root.
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const program = peer('smtp-source').replace(/source$/, 'sink');
    const child = spawn(program, [...user, `127.0.0.1:${port}`, '128'], { stdio: 'ignore' });
    const sink = new Sink(port, child);
    await until('smtp-sink to listen', () => child.exitCode !== null || listens(port));
    if (child.exitCode !== null) throw new Error(`smtp-sink ended with ${child.exitCode}`);
    return sink;
  }

  async stop(): Promise<void> {
    process.off('exit', this.lastResort);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill();
    await closed;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

export interface Load {
  readonly port: number;
  readonly sender: string;
  readonly recipient: string;
  /** With LF line ends. */
  readonly file: string;
  readonly count: number;
  /** Default 10. */
  readonly connections?: number;
  /** A connection for each message; default: they are kept. */
  readonly reconnect?: boolean;
}

/** Sends with Postfix's smtp-source. @returns seconds. @throws Error if any message is refused */
export async function smtpSource(load: Load): Promise<number> {
  const { port, sender, recipient, file, count, connections = 10, reconnect = false } = load;
  const sessions = Math.min(connections, count);
  const args = ['-s', String(sessions), '-m', String(count), '-f', sender, '-t', recipient, '-F', file];
  const begin = performance.now();
  await promisify(execFile)(peer('smtp-source'), [
    ...args,
    ...(reconnect ? [] : ['-d']),
    `127.0.0.1:${port}`,
  ]);
  return (performance.now() - begin) / 1000;
}
