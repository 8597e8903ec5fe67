// Reloads are asked for at any time and done one at a time.
import { expect, test } from 'vitest';
import { Requests } from '../../src/service/requests.js';

/** Work that ends when it is told to. */
function slow() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (because: string): Promise<void> => {
    begun.push(because);
    return new Promise(resolve => ends.push(resolve));
  };
  const end = async (): Promise<void> => {
    ends.shift()!();
    await new Promise(resolve => setImmediate(resolve));
  };
  return { begun, work, end };
}

test('what is asked for during the work is done once more after it, however often it was asked for', async () => {
  const { begun, work, end } = slow();
  const requests = new Requests();
  requests.serve(work);
  expect(begun).toEqual([]);
  requests.add('first');
  requests.add('second');
  requests.add('third');
  expect(begun).toEqual(['first']);
  await end();
  expect(begun).toEqual(['first', 'third']);
  await end();
  expect(begun).toEqual(['first', 'third']);
  requests.add('fourth');
  expect(begun).toEqual(['first', 'third', 'fourth']);
});

test('what is asked for before anybody does it is kept, and after the end it is not done', async () => {
  const { begun, work, end } = slow();
  const requests = new Requests();
  requests.add('early');
  requests.serve(work);
  expect(begun).toEqual(['early']);
  requests.add('late');
  void requests.end();
  await end();
  requests.add('later');
  expect(begun).toEqual(['early']);
});
