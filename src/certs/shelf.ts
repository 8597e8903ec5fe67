// Certificate files as they were read last: when one of thousands is renewed, the others are not read again.
import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, statSync, type BigIntStats } from 'node:fs';
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

  /** Before everything is loaded: what an earlier time left that came to no end is forgotten. */
  begin(): void {
    this.next = new Map();
  }

  /** Reads nothing again that has not changed. */
  on({ read, atOnce }: Reading): Reading {
    return {
      atOnce,
      read: async (place, key, secret) => {
        const name = `${key} ${place}`;
        const stamp = this.stampOf(place);
        const mark = stamp === undefined ? undefined : `${stamp} ${this.digest(secret.password)}`;
        const known = this.last.get(name);
        if (known && known.mark === mark) {
          this.next.set(name, known);
          return known.file;
        }
        const file = await read(place, key, secret);
        // Between the two a link on the way may have been turned elsewhere.
        if (mark !== undefined && file.contents && stamp === stampNow(place))
          this.next.set(name, { mark, file });
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
  private stampOf(place: string): string | undefined {
    if (!isAbsolute(place)) return undefined; // a credential
    try {
      const status = statusOf(place);
      return BigInt(this.now()) * 1_000_000n - status.ctimeNs < settling ? undefined : stamp(status);
    } catch {
      return undefined; // whoever reads it will say why
    }
  }

  private digest(password: string | undefined): string {
    return password === undefined ? 'none' : createHmac('sha256', this.key).update(password).digest('hex');
  }
}

/** Of the file when it is opened: only then does NFS ask its server, and only then is it sure that it may be read. */
function statusOf(place: string): BigIntStats {
  if (!statSync(place).isFile()) throw new Error('a FIFO or a device, which opening alone may change');
  const file = openSync(place, 'r');
  try {
    return fstatSync(file, { bigint: true });
  } finally {
    closeSync(file);
  }
}

function stampNow(place: string): string | undefined {
  try {
    return stamp(statSync(place, { bigint: true }));
  } catch {
    return undefined;
  }
}

function stamp({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
