// The files of an event log: the one that is written to, as it grows and is rotated, and those that logrotate made of it.
import { createReadStream } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ifThere } from '../if-there.js';
import { Lines } from './lines.js';

/** Lines as far as there are any, some at a time; undefined for one that is too long to be an event. */
export type LineBatches = AsyncIterable<readonly (string | undefined)[]>;

/** The file that is written to. */
export class CurrentFile {
  private handle: FileHandle | undefined;
  private position = 0;
  private readonly lines = new Lines();
  private readonly chunk = Buffer.alloc(64 * 1024);

  constructor(readonly path: string) {}

  /** @returns whether there is one. @throws the system's error where it cannot be read for another reason */
  async open(): Promise<boolean> {
    this.handle ??= await ifThere(open(this.path));
    return this.handle !== undefined;
  }

  /** What has been added since the last time. @throws the system's error */
  async *read(): LineBatches {
    while (await this.open()) {
      yield* this.readOn();
      if (!(await this.isReplaced())) return;
      // Its last lines may have been written between the two.
      yield* this.readOn();
      await this.close();
    }
  }

  /** The same for somebody who does not come again: also what its last line has so far. */
  async *readUp(): LineBatches {
    yield* this.read();
    yield this.lines.end();
  }

  /** Whether that is the very file, under another name. */
  async is(path: string): Promise<boolean> {
    const [own, other] = [await this.handle?.stat(), await ifThere(stat(path))];
    return own !== undefined && own.ino === other?.ino && own.dev === other.dev;
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    this.position = 0;
    this.lines.forget();
    await handle?.close();
  }

  private async *readOn(): LineBatches {
    const { size } = await this.handle!.stat();
    if (size < this.position) {
      // Truncated (logrotate's copytruncate): it begins anew.
      this.position = 0;
      this.lines.forget();
    }
    for (;;) {
      const { bytesRead } = await this.handle!.read(this.chunk, 0, this.chunk.length, this.position);
      if (bytesRead === 0) return;
      this.position += bytesRead;
      yield this.lines.write(this.chunk.subarray(0, bytesRead));
    }
  }

  /** Whether another file has its name, and is written to: as long as that is empty, the service goes on with this one. */
  private async isReplaced(): Promise<boolean> {
    const named = await ifThere(stat(this.path));
    return named !== undefined && named.size > 0 && !(await this.is(this.path));
  }
}

/** `.20241102.gz`, `.2.gz`, `.1`: what logrotate puts behind a name, with dateext and without. */
const rotation = /^(?:-(?<date>\d{8,})|\.(?<number>\d+))(?<packing>\.[a-z0-9]+)?$/;

/** What logrotate made of a file, oldest first, and of that what is packed in a way that we do not read. */
export async function rotatedFiles(path: string): Promise<{ files: string[]; unread: string[] }> {
  const [directory, name] = [dirname(path), basename(path)];
  const others = ((await ifThere(readdir(directory))) ?? []).filter(other => other.startsWith(name));
  const found = others.flatMap(other => {
    const { date, number, packing } = rotation.exec(other.slice(name.length))?.groups ?? {};
    if (date === undefined && number === undefined) return [];
    // While it is being packed it is there twice.
    const isCopy = packing !== undefined && others.includes(other.slice(0, -packing.length));
    return isCopy
      ? []
      : [{ path: join(directory, other), date: date ?? '', number: Number(number), packing }];
  });
  const readable = found.filter(({ packing = '.gz' }) => packing === '.gz');
  readable.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : b.number - a.number));
  return {
    files: readable.map(file => file.path),
    unread: found.filter(file => !readable.includes(file)).map(file => file.path),
  };
}

/** All of a file that is no longer written to, unpacked where its name ends in .gz. @throws the system's error */
export async function* readWhole(path: string): LineBatches {
  const file = createReadStream(path);
  // Whoever iterates over the last of them hears of an error in the first.
  const octets = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file;
  yield* linesOf(octets);
}

/** All lines of what comes to an end. @throws the system's error */
export async function* linesOf(octets: AsyncIterable<unknown>): LineBatches {
  const lines = new Lines();
  for await (const chunk of octets) yield lines.write(chunk as Buffer);
  yield lines.end();
}
