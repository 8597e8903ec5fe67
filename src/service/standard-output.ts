// Standard output, which the journal goes to. Where that is a file, its disk may be full: what there is no room for is
// lost, and the next line begins on a line of its own.
import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

const newline = 0x0a;

export function standardOutput(): NodeJS.WritableStream {
  const { fd } = process.stdout;
  return fstatSync(fd).isFile() ? wholeLines(octets => writeSync(fd, octets)) : process.stdout;
}

/** @param write octets as far as there is room. @returns how many; @throws the system's error where there is none */
export function wholeLines(write: (octets: Buffer) => number): Writable {
  let unfinished = false;
  return new Writable({
    write(lines: Buffer, _, done) {
      let rest = unfinished ? Buffer.concat([Buffer.of(newline), lines]) : lines;
      try {
        while (rest.length > 0) {
          const count = write(rest);
          unfinished = rest[count - 1] !== newline;
          rest = rest.subarray(count);
        }
      } catch {
        // Nobody is left to tell it to: this is the journal.
      }
      done();
    },
  });
}
