// Many files at a time, but not all of them, and others have their turn in between.
import { Turns } from '../slices.js';

/**
 * As `Promise.all` over the items, with so many under way at a time.
 * @param ending when it comes, no further item is begun, and this rejects with its reason
 */
export async function bounded<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
  ending?: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const turns = new Turns();
  const run = async (): Promise<void> => {
    for (const [i, item] of queue) {
      ending?.throwIfAborted();
      results[i] = await work(item);
      await turns.next();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  return results;
}

/** How far it has come; told for each one. */
export interface Progress {
  /** There are so many more than was known. */
  expect(count: number): void;
  done(): void;
}
