// The debug journal: what happens to each message, or to those of some senders, one JSON object a line.
import type { Address } from '../address.js';
import { printableJson } from '../printable.js';
import { DebugFile } from './file.js';
import { MessageTrace, type Beginning } from './trace.js';

export interface DebugSettings {
  readonly debug: boolean;
  /** A file, or `stdout` for the stream of the normal journal. */
  readonly debugFile: string;
  /** Octets of that file and the one before it together; 0 or absent for no limit. */
  readonly debugLimit?: number;
  /** Whose mail: envelope sender or author; everybody's where it is absent. */
  readonly debugFor?: (address: Address) => boolean;
}

/** What was written. */
export interface Written {
  readonly messages: number;
  readonly octets: number;
  /** Lines that could not be. */
  readonly lost: number;
}

export class DebugJournal {
  private settings: DebugSettings = { debug: false, debugFile: 'stdout' };
  /** Kept when it is not in use: it may still be writing. */
  private file: DebugFile | undefined;
  private closing: Promise<void> = Promise.resolve();
  private number = 0;
  private messages = 0;
  private octets = 0;
  /** By files that are no longer in use. */
  private lost = { lines: 0, octets: 0 };

  /** @param onFault told as DebugFile does */
  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly onFault: (why: string) => void,
  ) {}

  /** Opens its file anew, too. @throws the system's error where that cannot be written; then nothing has changed */
  set(settings: DebugSettings): void {
    const { debug, debugFile, debugLimit = 0 } = settings;
    const path = debug && debugFile !== 'stdout' ? debugFile : undefined;
    const { file } = this;
    if (path !== undefined && file?.path === path) file.reopen(debugLimit);
    else {
      const next = path === undefined ? undefined : new DebugFile(path, debugLimit, this.onFault);
      if (file) this.closing = Promise.all([this.closing, file.close()]).then(() => undefined);
      if (next) this.lost = this.allLost;
      this.file = next ?? file;
    }
    this.settings = settings;
  }

  /** A message that begins now. */
  begin(beginning: Beginning): MessageTrace {
    const { debug, debugFor: wants = () => true } = this.settings;
    if (!debug) return MessageTrace.none;
    const number = ++this.number;
    return new MessageTrace(
      {
        wants,
        write: (id, message, details) => {
          if (!this.settings.debug) return;
          if (message === 'done') this.messages++;
          this.write({ message, id, number, ...details });
        },
      },
      beginning,
    );
  }

  /** Since the service began. */
  get written(): Written {
    const { messages, octets, allLost } = this;
    return { messages, octets: octets - allLost.octets, lost: allLost.lines };
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await Promise.all([this.closing, this.file?.close()]);
  }

  private get allLost(): { lines: number; octets: number } {
    const { lost, file } = this;
    return { lines: lost.lines + (file?.lost.lines ?? 0), octets: lost.octets + (file?.lost.octets ?? 0) };
  }

  private write(detail: object): void {
    const { debugFile } = this.settings;
    const timestamp = new Date().toISOString();
    const line = printableJson(JSON.stringify({ ...detail, level: 'debug', timestamp }));
    this.octets += Buffer.byteLength(line) + 1;
    if (debugFile === 'stdout') this.stream.write(`${line}\n`);
    else this.file!.write(line);
  }
}
