// A buffer to append to, piece by piece.
import { NOTHING } from './ascii.js';

/** Its room doubles: who sends an octet at a time must not have all copied for each. */
export class Gathered {
  bytes: Buffer = NOTHING;
  private room: Buffer = NOTHING;

  append(chunk: Buffer): void {
    const { bytes } = this;
    const size = bytes.length + chunk.length;
    if (bytes.length === 0) {
      this.bytes = chunk;
      return;
    }
    if (size > this.room.length) {
      this.room = Buffer.allocUnsafe(2 * size);
      bytes.copy(this.room);
    }
    chunk.copy(this.room, bytes.length);
    this.bytes = this.room.subarray(0, size);
  }

  /** Leaves only what begins there, in memory of its own. */
  keepFrom(at: number): void {
    if (at === 0 && this.room.length > 0) return;
    this.bytes = Buffer.from(this.bytes.subarray(at));
    this.room = NOTHING;
  }
}
