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
  let over = false;
  const run = async (): Promise<void> => {
    for (const [i, item] of queue) {
      if (over) return;
      ending?.throwIfAborted();
      results[i] = await work(item);
      await turns.next();
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, run));
  } finally {
    over = true; // and no other is begun
  }
  return results;
}

/** The same work, done so many times at a time; further ones have their turn after that. */
export function limited<Args extends unknown[], R>(
  atOnce: number,
  work: (...args: Args) => Promise<R>,
): (...args: Args) => Promise<R> {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return async (...args) => {
    if (free > 0) free--;
    else await new Promise<void>(resolve => waiting.push(resolve));
    try {
      return await work(...args);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** How far it has come; told for each one. */
export interface Progress {
  /** There are so many more than was known. */
  expect(count: number): void;
  done(): void;
}
