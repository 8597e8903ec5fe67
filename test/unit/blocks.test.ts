// Octets gathered in blocks: they come out as they went in, and no block is used again before it was written.
import { describe, expect, test } from 'vitest';
import { Blocks } from '../../src/blocks.js';

const block = 65_536;

/** Takes a block at a time, and looks at its octets only once it is told to. */
class SlowWriter {
  private readonly taken: Buffer[] = [];
  private pending: (() => void) | undefined;

  readonly write = (bytes: Buffer): Promise<void> =>
    new Promise(resolve => {
      this.pending = () => {
        this.taken.push(Buffer.from(bytes));
        resolve();
      };
    });

  proceed(): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.();
  }

  get octets(): Buffer {
    return Buffer.concat(this.taken);
  }
}

async function through(blocks: Blocks, chunks: readonly Buffer[]): Promise<{ sizes: number[]; all: Buffer }> {
  const taken: Buffer[] = [];
  const write = (bytes: Buffer): Promise<void> => {
    taken.push(Buffer.from(bytes));
    return Promise.resolve();
  };
  for (const chunk of chunks) {
    blocks.add(chunk);
    await blocks.flush(write);
  }
  await blocks.close(write);
  return { sizes: taken.map(({ length }) => length), all: Buffer.concat(taken) };
}

function chunk(length: number, octet: number): Buffer {
  return Buffer.alloc(length, octet);
}

describe('octets come out as they went in', () => {
  test.each<[string, number[], number[]]>([
    ['nothing', [], [0]],
    ['little', [10, 20], [30]],
    ['exactly a block', [block], [block]],
    ['a block and one octet', [block, 1], [block, 1]],
    ['many small ones', Array.from({ length: 200 }, () => 1000), [block, block, block, 200_000 - 3 * block]],
    ['one that fills several', [3 * block + 5], [block, block, block, 5]],
  ])('%s', async (_, lengths, sizes) => {
    const chunks = lengths.map((length, i) => chunk(length, i % 251));
    const got = await through(new Blocks(), chunks);
    expect(got.sizes).toEqual(sizes);
    expect(got.all.equals(Buffer.concat(chunks))).toBe(true);
  });
});

test('messages side by side do not get each other’s octets, however slow their writers are', async () => {
  const messages = Array.from({ length: 20 }, (_, i) => ({
    blocks: new Blocks(),
    writer: new SlowWriter(),
    chunks: Array.from({ length: 7 }, (_chunk, j) => chunk(40_000, i * 7 + j)),
  }));
  const flows = messages.map(async ({ blocks, writer, chunks }) => {
    for (const octets of chunks) {
      blocks.add(octets);
      await blocks.flush(writer.write);
    }
    await blocks.close(writer.write);
  });
  // Ever another one goes on, so that blocks go from one to the other.
  const turns = setInterval(() => {
    for (const { writer } of messages.filter(() => Math.random() < 0.3)) writer.proceed();
  });
  await Promise.all(flows);
  clearInterval(turns);
  for (const { writer, chunks } of messages) expect(writer.octets.equals(Buffer.concat(chunks))).toBe(true);
});

test('a block whose write fails is not used again: it may still be in the hands of the socket', async () => {
  const blocks = new Blocks();
  blocks.add(chunk(block + 1, 1));
  let failed: Buffer | undefined;
  const fail = (bytes: Buffer): Promise<void> => {
    failed = bytes;
    return Promise.reject(new Error('lost'));
  };
  await expect(blocks.flush(fail)).rejects.toThrow('lost');
  const others = Array.from({ length: 100 }, () => new Blocks());
  for (const other of others) other.add(chunk(block, 2));
  expect(failed!.equals(chunk(block, 1))).toBe(true);
});
