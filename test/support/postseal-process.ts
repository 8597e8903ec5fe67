// `postseal serve` as a child process, so that it can be killed, and what it wrote.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { entry } from './entry.js';

export interface PostsealOptions {
  /** A port of 127.0.0.1, or the path of a UNIX socket. */
  readonly listenPort: number | string;
  /** Another address of this machine than 127.0.0.1 to listen on. */
  readonly address?: string;
  /** A port of 127.0.0.1, or the path of a UNIX socket. */
  readonly returnPort: number | string;
  /** Another address of this machine than 127.0.0.1 where that port is. */
  readonly returnAddress?: string;
  /** The ini file from here on: certificates, rules, exceptions. Its [service] section is made here. */
  readonly ini: string;
  /** Further lines of [service]. */
  readonly service?: string;
  /** Further arguments of `serve`. */
  readonly args?: readonly string[];
}

function endpoint(portOrPath: number | string, address = '127.0.0.1'): string {
  return `${typeof portOrPath === 'number' ? address : 'unix'}:${portOrPath}`;
}

export class PostsealProcess {
  /** Everything that it wrote to standard output and standard error, over all its lives. */
  journal = '';
  private child: ChildProcess | undefined;
  private readonly lastResort = (): void => {
    this.child?.kill('SIGKILL');
  };

  private constructor(
    /** The ini file. */
    readonly config: string,
    private readonly args: readonly string[],
  ) {}

  /** Writes the ini file into a directory of its own and starts. */
  static async start(options: PostsealOptions): Promise<PostsealProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-serve-'));
    const config = join(directory, 'postseal.ini');
    writeFileSync(
      config,
      `[service]
listen = ${endpoint(options.listenPort, options.address)}
return = ${endpoint(options.returnPort, options.returnAddress)}
hostname = postseal.example.com
${options.service ?? ''}
${options.ini}`,
    );
    const postseal = new PostsealProcess(config, options.args ?? []);
    await postseal.run();
    return postseal;
  }

  /** Starts it (again) and waits until it says that it is ready. @throws Error with what it wrote */
  async run(ms = 15_000): Promise<void> {
    const child = spawn(process.execPath, [entry, 'serve', '--config', this.config, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    process.once('exit', this.lastResort);
    const before = this.journal.length;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        reject(new Error(`postseal serve ${why}\n${this.journal.slice(before)}`));
      };
      const timer = setTimeout(() => {
        fail(`is not ready after ${ms} ms`);
      }, ms);
      const collect = (text: string): void => {
        this.journal += text;
        if (/\bready\b/.test(this.journal.slice(before))) {
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout.setEncoding('utf8').on('data', collect);
      child.stderr.setEncoding('utf8').on('data', collect);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${code ?? signal ?? 'nothing'}`);
      });
    });
  }

  /** The process id of the running service. */
  get pid(): number | undefined {
    return this.child?.exitCode === null && this.child.signalCode === null ? this.child.pid : undefined;
  }

  /** Ends it as systemd does. @returns its exit code */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  /** Ends it without warning (kill -9). */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it as systemd does and removes its directory. @returns its exit code */
  async remove(): Promise<number | null> {
    const code = await this.stop();
    rmSync(dirname(this.config), { recursive: true, force: true });
    return code;
  }

  /** Lines of the journal that contain `mark`. */
  lines(mark: string): string[] {
    return this.journal.split('\n').filter(line => line.includes(mark));
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    if (!child || this.pid === undefined) return child?.exitCode ?? null;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
    process.off('exit', this.lastResort);
    return child.exitCode;
  }
}
