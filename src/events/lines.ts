// Octets to lines, in memory that is bounded whatever the file is.

const newline = 0x0a;
/** A line with a thousand long recipients fits. */
const longest = 1_048_576;

/** Takes octets as they come; what is behind the last line end waits for the rest of its line. */
export class Lines {
  private pieces: Buffer[] = [];
  private size = 0;

  /** @returns the lines that are complete now; undefined for one that is too long to be an event */
  write(chunk: Buffer): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.add(chunk.subarray(start, end));
      lines.push(this.size > longest ? undefined : Buffer.concat(this.pieces).toString());
      this.forget();
      start = end + 1;
    }
    // A copy: the chunk may be used again.
    if (start < chunk.length) this.add(Buffer.from(chunk.subarray(start)));
    return lines;
  }

  /** What stands behind the last line end of a file that grows no more. */
  end(): (string | undefined)[] {
    return this.size === 0 ? [] : this.write(Buffer.of(newline));
  }

  /** Begins anew. */
  forget(): void {
    this.pieces = [];
    this.size = 0;
  }

  private add(piece: Buffer): void {
    this.size += piece.length;
    if (this.size > longest) this.pieces = [];
    else this.pieces.push(piece);
  }
}
