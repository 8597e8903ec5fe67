// `postseal serve` as an installed service runs it, journal to a file: for demo and benchmark.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { entry } from './entry.js';
import { until } from './postfix.js';

export interface ServiceOptions {
  /** The ini file. */
  readonly config: string;
  /** Takes what it writes to standard output and standard error; begun anew. */
  readonly journal: string;
  /** Further arguments of node. */
  readonly nodeArguments?: readonly string[];
  /** A command with its arguments that becomes the one behind it: `ip netns exec NAME`. */
  readonly within?: readonly string[];
  /** Milliseconds until it must be ready. */
  readonly patience?: number;
}

export class Service {
  private readonly lastResort = (): void => {
    this.child.kill('SIGKILL');
  };

  private constructor(
    private readonly child: ChildProcess,
    private readonly journalFile: string,
  ) {
    process.once('exit', this.lastResort);
  }

  /** Starts it and waits until it says that it is ready. @throws Error with what it wrote instead */
  static async start({
    config,
    journal,
    nodeArguments = [],
    within = [],
    patience = 30_000,
  }: ServiceOptions): Promise<Service> {
    const output = openSync(journal, 'w');
    const node = [process.execPath, ...nodeArguments, entry, 'serve', '--config', config];
    const [program, ...args] = [...within, ...node];
    const child = spawn(program!, args, {
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    const service = new Service(child, journal);
    const started = (): boolean => child.exitCode !== null || service.lines('ready').length > 0;
    await until('postseal serve to be ready', started, patience);
    if (child.exitCode === null) return service;
    process.off('exit', service.lastResort);
    throw new Error(`postseal serve ended with ${child.exitCode}\n${service.lines('').join('\n')}`);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Lines of the journal that contain `mark`. */
  lines(mark: string): string[] {
    return readFileSync(this.journalFile, 'utf8')
      .split('\n')
      .filter(line => line !== '' && line.includes(mark));
  }

  /** Ends it as systemd does. */
  async stop(): Promise<void> {
    process.off('exit', this.lastResort);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await closed;
  }
}
