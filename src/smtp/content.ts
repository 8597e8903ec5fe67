// The content of one message on its way from the client to whoever reads it.
import { Failure } from '../failure.js';

/** So many octets are kept for a reader that is busy; then the client waits. */
const room = 64 * 1024;

interface Reader {
  resolve(result: IteratorResult<Buffer>): void;
  reject(why: Failure): void;
}

/** Gives what has come since it was asked last, in one piece: no more pieces than the socket gave. */
export class Content implements AsyncIterableIterator<Buffer> {
  /** Resolves when all of it has come. */
  readonly whole: Promise<void>;
  /** Called when it is not full any more. */
  onRoom: (() => void) | undefined;
  private pieces: Buffer[] = [];
  private kept = 0;
  private size = 0;
  private ended = false;
  private discarding = false;
  private fault: Failure | undefined;
  private reader: Reader | undefined;
  private complete!: () => void;

  /** @param limit in octets; 0 for none */
  constructor(private readonly limit: number) {
    this.whole = new Promise(resolve => {
      this.complete = resolve;
    });
  }

  /** Whether it is the client that keeps the reader waiting, and not the other way round. */
  get awaitsClient(): boolean {
    return !this.ended && (this.discarding || this.reader !== undefined);
  }

  /** Whether the client has to wait for the reader. */
  get full(): boolean {
    return this.kept >= room;
  }

  take(bytes: Buffer): void {
    this.size += bytes.length;
    if (!this.discarding && bytes.length > 0) {
      this.pieces.push(bytes);
      this.kept += bytes.length;
    }
    if (this.limit > 0 && this.size > this.limit) this.fail(new Failure('message-too-large'));
    else if (this.reader && this.kept > 0) this.settle().resolve({ done: false, value: this.all() });
  }

  /** All of it has been taken. */
  end(): void {
    this.ended = true;
    if (this.reader) this.settle().resolve({ done: true, value: undefined });
    this.complete();
  }

  /** It will not come to its end. */
  cut(): void {
    if (!this.ended) this.fail(new Failure('input-cut'));
  }

  /** Nobody reads it any more. */
  discard(): void {
    this.discarding = true;
    this.all();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @throws Failure `message-too-large`, `input-cut` */
  next(): Promise<IteratorResult<Buffer>> {
    if (this.fault) return Promise.reject(this.fault);
    if (this.kept > 0) return Promise.resolve({ done: false, value: this.all() });
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  private all(): Buffer {
    const { full, pieces } = this;
    this.pieces = [];
    this.kept = 0;
    if (full) this.onRoom?.();
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  private fail(fault: Failure): void {
    this.fault ??= fault;
    if (this.reader) this.settle().reject(this.fault);
  }

  private settle(): Reader {
    const reader = this.reader!;
    this.reader = undefined;
    return reader;
  }
}
