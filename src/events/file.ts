// The file of the event log. What could not be written of some lines is written first when they come again.
import { open, type FileHandle } from 'node:fs/promises';

const newline = 0x0a;

export class EventFile {
  private handle: FileHandle | undefined;
  /** What is not written yet of lines that were delivered, and how many they are. */
  private rest: Buffer = Buffer.alloc(0);
  private begun = 0;
  private moved = false;
  /** The file ends in half a line: a service was killed, or had no room. */
  private unfinished = false;

  constructor(readonly path: string) {}

  /** Opens or makes the file, readable for nobody but user and group. @throws the system's error */
  async open(): Promise<void> {
    const handle = await open(this.path, 'a+', 0o640);
    this.handle = handle;
    const stats = await handle.stat();
    // Whoever reads from it decides when a write ends, and so when the service does.
    if (stats.isFIFO()) throw new Error('it is a pipe, write the path of a file');
    const { size } = stats;
    this.unfinished = size > 0 && (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== newline;
  }

  /** From the next line on, writes to what has the name then. */
  reopen(): void {
    this.moved = true;
  }

  /** Appends lines. @param lines after an error the same ones again, and maybe more. @throws the system's error */
  async deliver(lines: readonly string[]): Promise<void> {
    try {
      if (this.moved) await this.release();
      if (!this.handle) await this.open();
      const more = lines.slice(this.begun).map(line => `${line}\n`);
      const end = this.begun === 0 && this.unfinished ? '\n' : '';
      this.rest = Buffer.concat([this.rest, Buffer.from(end + more.join(''))]);
      this.begun = lines.length;
      while (this.rest.length > 0) {
        const { bytesWritten } = await this.handle!.write(this.rest);
        this.rest = this.rest.subarray(bytesWritten);
      }
      this.begun = 0;
      this.unfinished = false;
    } catch (error) {
      // Another time it may be another file.
      await this.release().catch(() => undefined);
      throw error;
    }
  }

  /** For good. */
  async close(): Promise<void> {
    await this.release();
  }

  private async release(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    this.moved = false;
    await handle?.close();
  }
}
