// The file of the debug journal, which never grows beyond its limit: at half of it, it becomes FILE.1. What cannot
// be written is lost, and that is told; mail does not wait for it.
import { closeSync, createReadStream, openSync, statSync } from 'node:fs';
import { open, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { ifThere } from '../if-there.js';

const newline = 0x0a;
/** So many octets wait for a disk that is slow. */
const mostWaiting = 16 * 1024 * 1024;
/** Losses are told no more often than this, in milliseconds. */
const betweenReports = 60_000;

export class DebugFile {
  /** What was not written. */
  readonly lost = { lines: 0, octets: 0 };
  private readonly older: string;
  private handle: FileHandle | undefined;
  private size = 0;
  /** The file ends in half a line: a service was killed, or had no room. */
  private unfinished = false;
  private waiting: Buffer[] = [];
  private octetsWaiting = 0;
  private pump: Promise<void> | undefined;
  /** The name may be that of another file by now. */
  private stale = false;
  /** Nothing was written since a loss was told. */
  private told = false;
  private quietUntil = -Infinity;

  /**
   * @param limit octets of the two files together; 0 for none
   * @param onFault told that lines are lost, and why: again once something was written meanwhile
   * @param uptime milliseconds
   * @throws the system's error where it cannot be written
   */
  constructor(
    readonly path: string,
    private limit: number,
    private readonly onFault: (why: string) => void,
    private readonly uptime = () => performance.now(),
  ) {
    this.older = `${path}.1`;
    tryToOpen(path);
  }

  /** From the next line on, writes to what has the name then. @throws as the constructor; then nothing has changed */
  reopen(limit: number): void {
    tryToOpen(this.path);
    this.limit = limit;
    this.stale = true;
    this.told = false;
    this.quietUntil = -Infinity;
  }

  /** @param line without its end */
  write(line: string): void {
    const octets = Buffer.from(`${line}\n`);
    if (this.octetsWaiting + octets.length > mostWaiting) {
      this.lose([octets], 'the disk is too slow');
      return;
    }
    this.waiting.push(octets);
    this.octetsWaiting += octets.length;
    this.pump ??= this.work();
  }

  /** Resolves when everything is written; `reopen` makes it usable again. */
  async close(): Promise<void> {
    this.stale = true;
    await this.pump;
    // Somebody may have gone on with it meanwhile.
    if (!this.pump) await this.release().catch(() => undefined);
  }

  /** Never rejects. */
  private async work(): Promise<void> {
    // What is told in one turn of the event loop is written at once.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      try {
        if (this.stale) await this.release();
        this.handle ??= await this.open();
        await this.writeSome(this.handle);
      } catch (error) {
        this.lose(this.waiting, (error as Error).message);
        this.waiting = [];
        this.octetsWaiting = 0;
        // Another time it may be another file.
        await this.release().catch(() => undefined);
      }
    }
    this.pump = undefined;
  }

  /** Writes as many lines as there is room for, or makes room. */
  private async writeSome(handle: FileHandle): Promise<void> {
    const end = this.unfinished ? [Buffer.of(newline)] : [];
    const room = this.half - this.size - end.length;
    let count = 0;
    let octets = 0;
    for (const { length } of this.waiting) {
      if (octets + length > room) break;
      count++;
      octets += length;
    }
    if (count === 0 && this.size > 0) {
      await this.rotate(handle);
      return;
    }
    const lines = this.waiting.splice(0, Math.max(count, 1));
    this.octetsWaiting -= sizeOf(lines);
    if (count === 0) {
      this.lose(lines, 'a line is longer than half of debug_limit');
      return;
    }
    let rest = Buffer.concat([...end, ...lines]);
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await handle.write(rest);
        this.size += bytesWritten;
        rest = rest.subarray(bytesWritten);
      }
      this.unfinished = false;
      this.told = false;
    } catch (error) {
      this.lose(lines, (error as Error).message);
      throw error;
    }
  }

  private get half(): number {
    return this.limit === 0 ? Infinity : Math.floor(this.limit / 2);
  }

  /** Opens or makes the file, readable for nobody but user and group, and sees to the limit. */
  private async open(): Promise<FileHandle> {
    const older = await ifThere(stat(this.older));
    if (older && older.size > this.half) await keepEnd(this.older, this.older, this.half);
    const named = await ifThere(stat(this.path));
    if (named?.isFile() === true && named.size > this.half) await keepEnd(this.path, this.older, this.half);
    const handle = await open(this.path, 'a+', 0o640);
    const stats = await handle.stat();
    // A device has no size, and no name to give away.
    this.size = stats.isFile() ? stats.size : -Infinity;
    const last = this.size > 0 && (await handle.read(Buffer.alloc(1), 0, 1, this.size - 1)).buffer[0];
    this.unfinished = last !== false && last !== newline;
    return handle;
  }

  private async rotate(handle: FileHandle): Promise<void> {
    const [own, named] = [await handle.stat(), await ifThere(stat(this.path))];
    await this.release();
    // Somebody else may have rotated it: then what has the name now is not ours to move.
    if (named && named.ino === own.ino && named.dev === own.dev) await rename(this.path, this.older);
  }

  private async release(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    this.stale = false;
    await handle?.close();
  }

  private lose(lines: readonly Buffer[], why: string): void {
    this.lost.lines += lines.length;
    this.lost.octets += sizeOf(lines);
    const now = this.uptime();
    if (this.told || now < this.quietUntil) return;
    this.told = true;
    this.quietUntil = now + betweenReports;
    this.onFault(why);
  }
}

function sizeOf(lines: readonly Buffer[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}

/** @throws the system's error */
function tryToOpen(path: string): void {
  // To open one waits until somebody reads from it.
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true)
    throw new Error('it is a pipe, name the path of a file');
  closeSync(openSync(path, 'a', 0o640));
}

/** Makes a file of the last whole lines of another, which is gone then. @param most octets of them */
async function keepEnd(from: string, to: string, most: number): Promise<void> {
  const unfinished = `${to}.new`;
  try {
    const { size } = await stat(from);
    // One octet earlier, so that a line which begins there is seen to be whole.
    const end = createReadStream(from, { start: size - most - 1, end: size - 1 });
    await writeFile(unfinished, fromFirstLine(end), { mode: 0o640 });
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  if (from !== to) await rm(from);
}

/** What stands behind the first line end. */
async function* fromFirstLine(octets: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  let inLines = false;
  for await (const chunk of octets as AsyncIterable<Buffer>) {
    const begin: number = inLines ? 0 : chunk.indexOf(newline) + 1;
    inLines ||= begin > 0;
    if (inLines) yield chunk.subarray(begin);
  }
}
