// Many files at a time, but not all of them, and others have their turn in between.
import { Turns } from '../slices.js';

/**
 * Of the four threads that derive keys and sign for this process (libuv's) one stays free: mail is
 * signed while certificates are read again.
 */
const atOnce = 3;

/** As `Promise.all` over the items, with so many under way at a time. */
export async function bounded<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const turns = new Turns();
  const run = async (): Promise<void> => {
    for (const [i, item] of queue) {
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
