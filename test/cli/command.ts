// Runs `postseal` as a child process, and looks for secrets in all that it writes.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { entry } from '../support/entry.js';
import type { Issued } from '../support/pki.js';

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What runs it, as program and arguments. */
export function commandLine(args: readonly string[]): [string, ...string[]] {
  return [process.execPath, entry, ...args];
}

export class Postseal {
  /** Both outputs as they came. */
  output = '';
  private stdout = '';
  private stderr = '';
  private readonly ended: Promise<unknown>;
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly secrets: readonly string[],
  ) {
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.stdout += text;
      this.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.output += text;
    });
    // A command that fails does not read its input.
    child.stdin.on('error', () => undefined);
    this.ended = once(child, 'close');
  }

  /** @param secrets must not be in any output */
  static start(args: readonly string[], secrets: readonly string[] = [], environment = {}): Postseal {
    const [program, ...rest] = commandLine(args);
    const env = { ...process.env, ...environment };
    return new Postseal(spawn(program, rest, { env }), secrets);
  }

  /** Has another program start it. */
  static under(program: string, before: readonly string[], args: readonly string[]): Postseal {
    return new Postseal(spawn(program, [...before, ...commandLine(args)]), []);
  }

  /** Resolves once it has written that. */
  async says(text: string, ms = 15_000): Promise<void> {
    for (const end = Date.now() + ms; !this.output.includes(text);) {
      if (Date.now() > end || this.child.exitCode !== null) throw new Error(`no "${text}":\n${this.output}`);
      const signal = AbortSignal.timeout(200);
      await Promise.race([once(this.child.stdout, 'data', { signal }).catch(() => undefined), this.ended]);
    }
  }

  write(input: string | Buffer): void {
    this.child.stdin.end(input);
  }

  /** Stops reading its standard output, as `head` does. */
  closeOutput(): void {
    this.child.stdout.destroy();
  }

  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGHUP' | 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(name);
  }

  async end(): Promise<Result> {
    await this.ended;
    for (const secret of this.secrets) expect(this.output).not.toContain(secret);
    expect(this.output).not.toMatch(/PRIVATE KEY/);
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Runs a command to its end. */
export async function postseal(
  args: readonly string[],
  input: string | Buffer = '',
  secrets: readonly string[] = [],
): Promise<Result> {
  const process = Postseal.start(args, secrets);
  process.write(input);
  return process.end();
}

/** What must not be told of a certificate: its password, and any line of its private key. */
export function secretsOf(...certificates: readonly Issued[]): string[] {
  return certificates.flatMap(({ key, password }) => [
    password,
    ...readFileSync(key, 'utf8')
      .split('\n')
      .filter(line => line.length === 64),
  ]);
}
