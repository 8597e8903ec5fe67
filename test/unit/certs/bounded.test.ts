// So many at a time, and nothing more once one has failed.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { bounded, limited } from '../../../src/certs/bounded.js';

/** How many were under way at most. */
class Count {
  most = 0;
  private now = 0;

  readonly work = async (item: number): Promise<number> => {
    this.most = Math.max(this.most, ++this.now);
    await setTimeout(1);
    this.now--;
    return item * 2;
  };
}

test('results are in the order of the items, and no more are under way than that', async () => {
  const count = new Count();
  expect(await bounded([1, 2, 3, 4, 5, 6, 7], 3, count.work)).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(count.most).toBe(3);
});

test('once one has failed no other is begun', async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await setTimeout(1);
    if (item === 1) throw new Error('broken');
    await setTimeout(5);
  };
  await expect(bounded([1, 2, 3, 4, 5, 6], 2, work)).rejects.toThrow('broken');
  await setTimeout(20);
  expect(begun).toEqual([1, 2]);
});

test('who is told to end begins no other', async () => {
  const end = new AbortController();
  const begun: number[] = [];
  const work = (item: number): Promise<void> => {
    begun.push(item);
    if (item === 2) end.abort(new Error('the end'));
    return Promise.resolve();
  };
  await expect(bounded([1, 2, 3], 1, work, end.signal)).rejects.toThrow('the end');
  expect(begun).toEqual([1, 2]);
});

test('limited work waits for its turn, also behind what fails', async () => {
  const count = new Count();
  const work = limited(2, async (item: number) => {
    const result = await count.work(item);
    if (item === 2) throw new Error('broken');
    return result;
  });
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map(work));
  expect(results.map(result => (result.status === 'fulfilled' ? result.value : 'broken'))).toEqual([
    2,
    'broken',
    6,
    8,
    10,
  ]);
  expect(count.most).toBe(2);
});
