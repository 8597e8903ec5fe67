// What was mailed of certificates that expire, kept over restarts where systemd has a directory for that.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Told } from './expiry.js';

export class ToldFile {
  private readonly file: string | undefined;

  /** @param directory $STATE_DIRECTORY; without it nothing outlives this run */
  constructor(directory: string | undefined) {
    this.file = directory && join(directory, 'warned.json');
  }

  /** Never rejects: what cannot be read is told once more. */
  async read(): Promise<Told> {
    if (this.file === undefined) return new Map();
    try {
      const known: unknown = JSON.parse(await readFile(this.file, 'utf8'));
      const entries = typeof known === 'object' && known ? Object.entries(known) : [];
      return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
    } catch {
      return new Map();
    }
  }

  /** Whole or not at all. @throws the system's error */
  async write(told: Told): Promise<void> {
    if (this.file === undefined) return;
    const draft = `${this.file}.new`;
    await writeFile(draft, `${JSON.stringify(Object.fromEntries(told), undefined, 2)}\n`, { mode: 0o640 });
    await rename(draft, this.file);
  }
}
