// `postseal cert` in this process, on an ini file of its own: what it prints, and what is on the disk after it.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { cert } from '../../src/cli/cert/cert.js';
import { CommandError } from '../../src/exit.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  /** Warnings and errors, a sentence a line. */
  readonly err: string;
}

/** Runs a command to its end. @param secrets must not be in what it prints */
export async function run(args: readonly string[], secrets: readonly string[] = []): Promise<Outcome> {
  const written = { out: '', err: '' };
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name === 'stdout' ? 'out' : 'err'] += String(text);
      return true;
    }),
  );
  let code: number;
  try {
    code = await cert(args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    code = error.exitCode;
    written.err += `${error.message}\n`;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  for (const secret of secrets) expect(written.out + written.err).not.toContain(secret);
  expect(written.out + written.err).not.toContain('PRIVATE KEY-----');
  return { code, ...written };
}

/** A directory with an ini file. */
export class House {
  readonly directory: string;
  readonly ini: string;

  constructor(parent: string, text: string | Buffer) {
    this.directory = mkdtempSync(join(parent, 'house-'));
    this.ini = join(this.directory, 'postseal.ini');
    writeFileSync(this.ini, text, { mode: 0o640 });
  }

  /** Its path, as `certs/billing.pem`. */
  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  get text(): string {
    return readFileSync(this.ini, 'latin1');
  }

  cert(command: string, ...args: string[]): Promise<Outcome> {
    return run([command, ...args, '--config', this.ini]);
  }
}
