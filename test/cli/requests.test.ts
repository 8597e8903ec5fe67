// Reloads are asked for at any time and done one at a time.
import { expect, test } from 'vitest';
import { Requests } from '../../src/service/requests.js';

/** Work that ends when it is told to. */
function slow() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (because: string): Promise<string> => {
    begun.push(because);
    return new Promise(resolve =>
      ends.push(() => {
        resolve(`did ${because}`);
      }),
    );
  };
  const end = async (): Promise<void> => {
    ends.shift()!();
    await new Promise(resolve => setImmediate(resolve));
  };
  return { begun, work, end };
}

test('what is asked for during the work is done once more after it, however often it was asked for', async () => {
  const { begun, work, end } = slow();
  const requests = new Requests<string>();
  requests.serve(work);
  expect(begun).toEqual([]);
  void requests.add('first');
  void requests.add('second');
  void requests.add('third');
  expect(begun).toEqual(['first']);
  await end();
  expect(begun).toEqual(['first', 'third']);
  await end();
  expect(begun).toEqual(['first', 'third']);
  void requests.add('fourth');
  expect(begun).toEqual(['first', 'third', 'fourth']);
});

test('what is asked for before anybody does it is kept, and after the end it is not done', async () => {
  const { begun, work, end } = slow();
  const requests = new Requests<string>();
  void requests.add('early');
  requests.serve(work);
  expect(begun).toEqual(['early']);
  void requests.add('late');
  void requests.end();
  await end();
  void requests.add('later');
  expect(begun).toEqual(['early']);
});

test('whoever asks hears what came of the work that began after that, or that there is none any more', async () => {
  const { work, end } = slow();
  const requests = new Requests<string>();
  const early = requests.add('early');
  requests.serve(work);
  const asked = [requests.add('late'), requests.add('later')];
  await end();
  expect(await early).toBe('did early');
  await end();
  expect(await Promise.all(asked)).toEqual(['did later', 'did later']);
  const [under, waiting] = [requests.add('last'), requests.add('waiting')];
  void requests.end();
  await end();
  expect(await Promise.all([under, waiting, requests.add('after')])).toEqual([
    'did last',
    undefined,
    undefined,
  ]);
});
