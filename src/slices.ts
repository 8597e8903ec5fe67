// Long work in slices, so that others have their turn in between: mail passes while thousands of rules are read.
import { setImmediate } from 'node:timers/promises';

/** Work that can wait wherever it yields. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Milliseconds. */
const slice = 5;

/** Where nobody waits. */
export function inOneGo<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Asked between two pieces of work: waits until others have had their turn, where a slice is over. */
export class Turns {
  private end = performance.now() + slice;
  /** Of all who ask at that time: each with a slice of its own would make a long one. */
  private turn: Promise<void> | undefined;

  async next(): Promise<void> {
    if (performance.now() < this.end) return;
    this.turn ??= setImmediate().then(() => {
      this.turn = undefined;
      this.end = performance.now() + slice;
    });
    await this.turn;
  }
}

export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (const turns = new Turns(); ;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await turns.next();
  }
}

/** As `map`, with a step for each item. */
export function* mapped<T, R>(items: readonly T[], work: (item: T) => R): Steps<R[]> {
  const results: R[] = [];
  for (const item of items) {
    results.push(work(item));
    yield;
  }
  return results;
}
