// Octets on their way out, gathered in blocks that are used again and again: few large writes cost less than many small
// ones, and what is not allocated for each write need not be collected, which V8 does late.
import { leftBehind } from './garbage.js';

/** In octets. */
const blockSize = 64 * 1024;
/** So many that nobody uses are kept. */
const mostSpare = 64;
const spare: Buffer[] = [];

export class Blocks {
  /** All but the last are full. */
  private readonly blocks: Buffer[] = [];
  /** Octets in the last one. */
  private filled = blockSize;

  add(bytes: Buffer): void {
    for (let from = 0; from < bytes.length;) {
      if (this.filled === blockSize) {
        this.blocks.push(spare.pop() ?? Buffer.allocUnsafeSlow(blockSize));
        this.filled = 0;
      }
      const copied = bytes.copy(this.blocks.at(-1)!, this.filled, from);
      this.filled += copied;
      from += copied;
    }
  }

  /** Writes what is full. @param write resolves when it does not look at the octets any more */
  async flush(write: (bytes: Buffer) => Promise<void>): Promise<void> {
    while (this.blocks.length > 1) {
      await write(this.blocks[0]!);
      release(this.blocks.shift()!);
      leftBehind(blockSize);
    }
  }

  /** Hands the rest to whoever ends with it; see `flush`. */
  async close<T>(finish: (bytes: Buffer) => Promise<T>): Promise<T> {
    const [last] = this.blocks;
    const result = await finish(last?.subarray(0, this.filled) ?? Buffer.alloc(0));
    if (last) release(last);
    return result;
  }
}

function release(block: Buffer): void {
  if (spare.length < mostSpare) spare.push(block);
}
