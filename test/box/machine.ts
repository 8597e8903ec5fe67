// A booted Debian machine for a suite of tests: test/box/box in TypeScript.
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const box = join(import.meta.dirname, 'box');

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export class Machine {
  private constructor(private readonly name: string) {}

  /** Boots one. @returns why there is none, where this machine cannot; throws where it could, and something failed */
  static boot(release: string): Machine | string {
    const name = `${release}-${process.pid}`;
    try {
      execFileSync(box, ['build', release], { stdio: 'pipe' });
      execFileSync(box, ['up', name, release], { stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      const { status, stderr } = error as { status?: number; stderr?: Buffer };
      if (status === 69) return stderr?.toString().trim() ?? '';
      throw error;
    }
    return new Machine(name);
  }

  down(): void {
    execFileSync(box, ['down', this.name], { stdio: 'inherit' });
  }

  /** Runs a shell script in it. @returns its standard output; throws with both outputs where it fails */
  async run(script: string): Promise<string> {
    return (await this.call('run', ['sh', '-ec', script])).stdout;
  }

  /** apt-get, which alone has a network: the archive of Debian. @returns what it says */
  async apt(...args: string[]): Promise<string> {
    const { stdout, stderr } = await this.call('online', [
      'apt-get',
      '-qq',
      '-y',
      '-o',
      'Dpkg::Use-Pty=0',
      ...args,
    ]);
    return stdout + stderr;
  }

  /** Copies a file in. */
  async put(file: string, destination: string): Promise<void> {
    await promisify(execFile)(box, ['put', this.name, file, destination]);
  }

  /** Writes a file in it. */
  async write(destination: string, content: string): Promise<void> {
    const dir = await mkdtemp(join(tmpdir(), 'postseal-box-'));
    writeFileSync(join(dir, 'content'), content);
    await this.put(join(dir, 'content'), destination);
    await rm(dir, { recursive: true });
  }

  private async call(how: 'run' | 'online', command: readonly string[]): Promise<Output> {
    try {
      return await promisify(execFile)(box, [how, this.name, ...command], { maxBuffer: 1 << 26 });
    } catch (error) {
      const { stdout, stderr } = error as Output;
      throw new Error(`${command.join(' ')}\n${stdout}${stderr}`, { cause: error });
    }
  }
}
