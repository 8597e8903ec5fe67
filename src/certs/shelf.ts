// Certificate files as they were read last: when one of thousands is renewed, the others are not read again.
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ReadFile, Reading } from './read.js';

interface Kept {
  readonly stamp: string;
  readonly password: string | undefined;
  readonly file: ReadFile;
}

/** Nanoseconds: a file written later than that may be written again, and its times not show it. */
const settling = 2_000_000_000n;

export class Shelf {
  private kept: ReadonlyMap<string, Kept> = new Map();

  constructor(private readonly now: () => number = Date.now) {}

  /** For one time of loading everything. */
  round(): Round {
    const shelve = (files: ReadonlyMap<string, Kept>): void => {
      this.kept = files;
    };
    return new Round(this.kept, shelve, this.now);
  }
}

class Round {
  private readonly asked = new Map<string, Kept>();

  constructor(
    private readonly before: ReadonlyMap<string, Kept>,
    private readonly shelve: (files: ReadonlyMap<string, Kept>) => void,
    private readonly now: () => number,
  ) {}

  /** Reads nothing again that has not changed. */
  on({ read, atOnce }: Reading): Reading {
    return {
      atOnce,
      read: async (place, key, secret) => {
        const name = `${key} ${place}`;
        const stamp = stampOf(place, this.now());
        const { password } = secret;
        const known = this.before.get(name);
        const same = known && known.stamp === stamp && known.password === password;
        const file = same ? known.file : await read(place, key, secret);
        if (stamp !== undefined && file.contents) this.asked.set(name, { stamp, password, file });
        return file;
      },
    };
  }

  /** At the end: what nobody asked for is forgotten. */
  keep(): void {
    this.shelve(this.asked);
  }
}

/** The same for as long as nobody writes to the file, or puts another in its place; undefined where none can tell. */
function stampOf(place: string, now: number): string | undefined {
  if (!isAbsolute(place)) return undefined; // a credential
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(place, { bigint: true });
    if (BigInt(now) * 1_000_000n - ctimeNs < settling) return undefined;
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return undefined; // whoever reads it will say why
  }
}
