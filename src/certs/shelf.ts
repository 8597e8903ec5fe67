// Certificate files as they were read last: when one of thousands is renewed, the others are not read again.
import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, type BigIntStats } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ReadFile, Reading } from './read.js';

interface Kept {
  /** What it was read by: the file as it lay there, and the password. */
  readonly mark: string;
  readonly file: ReadFile;
}

/** Nanoseconds: a file written later than that may be written again, and its times not show it. */
const settling = 2_000_000_000n;

export class Shelf {
  private last: ReadonlyMap<string, Kept> = new Map();
  private next = new Map<string, Kept>();
  /** Passwords are not kept. */
  private readonly key = randomBytes(32);

  constructor(private readonly now: () => number = Date.now) {}

  /** Reads nothing again that has not changed. */
  on({ read, atOnce }: Reading): Reading {
    return {
      atOnce,
      read: async (place, key, secret) => {
        const name = `${key} ${place}`;
        const mark = this.markOf(place, secret.password);
        const known = this.last.get(name);
        const file = known && known.mark === mark ? known.file : await read(place, key, secret);
        if (mark !== undefined && file.contents) this.next.set(name, { mark, file });
        return file;
      },
    };
  }

  /** Once everything is loaded: what nobody asked for is forgotten. */
  keep(): void {
    this.last = this.next;
    this.next = new Map();
  }

  /** The same for as long as nobody writes to the file or puts another in its place; undefined where none can tell. */
  private markOf(place: string, password: string | undefined): string | undefined {
    if (!isAbsolute(place)) return undefined; // a credential
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = statusOf(place);
      if (BigInt(this.now()) * 1_000_000n - ctimeNs < settling) return undefined;
      const opener =
        password === undefined ? 'none' : createHmac('sha256', this.key).update(password).digest('hex');
      return [dev, ino, size, mtimeNs, ctimeNs, opener].join(' ');
    } catch {
      return undefined; // whoever reads it will say why
    }
  }
}

/** Of the file when it is opened: only then does NFS ask its server, and only then is it sure that it may be read. */
function statusOf(place: string): BigIntStats {
  const file = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK); // of a FIFO nobody waits for the other end
  try {
    return fstatSync(file, { bigint: true });
  } finally {
    closeSync(file);
  }
}
