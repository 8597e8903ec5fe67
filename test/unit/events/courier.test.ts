// What waits, what is tried again and when, what is lost, and what is told of it.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Courier, Later, limits, Undeliverable } from '../../../src/events/courier.js';

type Deliver = (lines: readonly string[], signal: AbortSignal) => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A courier, and all that it delivered and told. */
function courierOf(deliver: Deliver, random = () => 0) {
  const told: string[] = [];
  const delivered: (readonly string[])[] = [];
  const attempts: number[] = [];
  const reports = {
    eventsFail: (to: string, reason: string) => told.push(`${to} fails: ${reason}`),
    eventsWork: (to: string, lost: number) => told.push(`${to} works, ${lost} lost`),
    eventsLost: (to: string, lost: number, reason: string) => told.push(`${to} lost ${lost}: ${reason}`),
  };
  const courier = new Courier({
    to: 'hook',
    reports: () => reports,
    longestPause: 300_000,
    random,
    deliver: async (lines, signal) => {
      attempts.push(Date.now());
      await deliver(lines, signal);
      delivered.push(lines);
    },
  });
  return { courier, told, delivered, attempts };
}

const succeed: Deliver = () => Promise.resolve();
/** Fails as long as there are errors left. */
const failing = (errors: (Error | undefined)[]): Deliver => {
  return () => {
    const error = errors.shift();
    return error ? Promise.reject(error) : Promise.resolve();
  };
};
const hang: Deliver = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
const down = (): Error => new Error('connect ECONNREFUSED');

/** The time between attempts, in seconds. */
const pauses = (attempts: number[]): number[] => attempts.slice(1).map((at, i) => (at - attempts[i]!) / 1000);

describe('delivery', () => {
  test('what comes in the same moment goes together, in order', async () => {
    const { courier, delivered, told } = courierOf(succeed);
    for (const line of ['a', 'b', 'c']) courier.put(line);
    expect(delivered).toEqual([]);
    await vi.runAllTimersAsync();
    courier.put('d');
    await vi.runAllTimersAsync();
    expect(delivered).toEqual([['a', 'b', 'c'], ['d']]);
    expect(told).toEqual([]);
  });

  test('a hundred at a time, and fewer where they are long', async () => {
    const { courier, delivered } = courierOf(succeed);
    for (let i = 0; i < 150; i++) courier.put('x');
    for (let i = 0; i < 3; i++) courier.put('x'.repeat(300_000));
    courier.put('x'.repeat(700_000));
    await vi.runAllTimersAsync();
    expect(delivered.map(lines => lines.length)).toEqual([100, 51, 1, 1, 1]);
  });

  test('whoever hands in does not wait, even where nothing ever comes through', async () => {
    const { courier, delivered } = courierOf(hang);
    courier.put('a');
    await vi.advanceTimersByTimeAsync(10);
    courier.put('b');
    expect(delivered).toEqual([]);
  });
});

describe('failures', () => {
  test('are tried again with the same lines, after pauses that double up to five minutes', async () => {
    const { courier, delivered, told, attempts } = courierOf(failing(Array.from({ length: 11 }, down)));
    courier.put('a');
    await vi.advanceTimersByTimeAsync(500);
    courier.put('b');
    await vi.runAllTimersAsync();
    expect(pauses(attempts)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(delivered).toEqual([['a', 'b']]);
    expect(told).toEqual(['hook fails: connect ECONNREFUSED', 'hook works, 0 lost']);
  });

  test('have pauses that chance shortens by up to a half', async () => {
    const { courier, attempts } = courierOf(failing([down(), down()]), () => 1);
    courier.put('a');
    await vi.runAllTimersAsync();
    expect(pauses(attempts)).toEqual([0.5, 1]);
  });

  test('are nothing to tell where the next attempt succeeds', async () => {
    const { courier, told, delivered } = courierOf(failing([down()]));
    courier.put('a');
    await vi.runAllTimersAsync();
    expect({ told, delivered }).toEqual({ told: [], delivered: [['a']] });
  });

  test('with a wish for a time have it, within five minutes', async () => {
    const errors = [20_000, 1_000_000, 0].map(pause => new Later('it answered 429', pause));
    const { courier, attempts } = courierOf(failing(errors));
    courier.put('a');
    await vi.runAllTimersAsync();
    expect(pauses(attempts)).toEqual([20, 300, 4]);
  });

  test('an attempt that takes too long is one', async () => {
    let hung = false;
    const { courier, told, attempts, delivered } = courierOf((lines, signal) => {
      const result = attempts.length > 2 ? succeed(lines, signal) : hang(lines, signal);
      hung = true;
      return result;
    });
    courier.put('a');
    await vi.runAllTimersAsync();
    expect(hung).toBe(true);
    expect(pauses(attempts)).toEqual([31, 32]);
    expect(told[0]).toBe('hook fails: no answer in 30 seconds');
    expect(delivered).toEqual([['a']]);
  });

  test('are tried again at once when there is reason to', async () => {
    const { courier, attempts } = courierOf(failing([down(), down(), down()]));
    courier.put('a');
    await vi.advanceTimersByTimeAsync(3000);
    courier.hurry();
    await vi.runAllTimersAsync();
    expect(pauses(attempts)).toEqual([1, 2, 0]);
  });
});

describe('losses', () => {
  test('what will never be taken is lost, told once a minute, and does not keep the rest', async () => {
    const { courier, delivered, told } = courierOf(
      failing([...Array.from({ length: 3 }, () => new Undeliverable('it answered 400')), undefined]),
    );
    for (let i = 0; i < 350; i++) courier.put('x');
    await vi.advanceTimersByTimeAsync(59_000);
    expect(told).toEqual(['hook lost 100: it answered 400']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(told).toEqual(['hook lost 100: it answered 400', 'hook lost 200: it answered 400']);
    expect(delivered.map(lines => lines.length)).toEqual([50]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(told).toHaveLength(2);
  });

  test('of several kinds are each told with their reason, and before it works again', async () => {
    const { courier, told } = courierOf(
      failing([
        new Undeliverable('it answered 401'),
        new Undeliverable('it answered 302'),
        down(),
        down(),
        new Undeliverable('it answered 400'),
        undefined,
      ]),
    );
    for (let i = 0; i < 4; i++) {
      courier.put('x');
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(30_000);
    courier.put('y');
    await vi.advanceTimersByTimeAsync(10);
    expect(told).toEqual([
      'hook lost 1: it answered 401',
      'hook fails: connect ECONNREFUSED',
      'hook lost 1: it answered 302',
      'hook lost 2: it answered 400',
      'hook works, 2 lost',
    ]);
  });

  test('a pause that is asked for and long is told at once', async () => {
    const { courier, told } = courierOf(failing([new Later('it answered 429', 300_000), undefined]));
    courier.put('x');
    await vi.advanceTimersByTimeAsync(10);
    expect(told).toEqual(['hook fails: it answered 429']);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(told).toEqual(['hook fails: it answered 429', 'hook works, 0 lost']);
  });

  test('what is too much is lost, newest first, and counted', async () => {
    let up = false;
    const { courier, delivered, told } = courierOf(() => (up ? Promise.resolve() : Promise.reject(down())));
    for (let i = 0; i < limits.events + 20; i++) courier.put(`${i}`);
    await vi.advanceTimersByTimeAsync(60_000);
    courier.put('one more');
    up = true;
    await vi.runAllTimersAsync();
    expect(delivered.flat()).toEqual(Array.from({ length: limits.events }, (_, i) => `${i}`));
    expect(told).toEqual([
      'hook lost 1: too many wait already',
      'hook fails: connect ECONNREFUSED',
      'hook lost 19: too many wait already',
      'hook lost 1: too many wait already (connect ECONNREFUSED)',
      'hook works, 1 lost',
    ]);
  });

  test('long lines are bounded by their length', async () => {
    const { courier, told, delivered } = courierOf(hang);
    const long = 'x'.repeat(limits.characters / 4);
    for (let i = 0; i < 6; i++) courier.put(long);
    expect(told).toEqual(['hook lost 1: too many wait already']);
    void courier.close('the service ended');
    await vi.runAllTimersAsync();
    expect(delivered).toEqual([]);
    expect(told.slice(1)).toEqual(['hook lost 1: too many wait already', 'hook lost 4: the service ended']);
  });
});

describe('the end', () => {
  test('waits for what can be delivered', async () => {
    const { courier, delivered, told } = courierOf(succeed);
    for (let i = 0; i < 250; i++) courier.put('x');
    const closed = courier.close('the service ended');
    await vi.runAllTimersAsync();
    await closed;
    expect(delivered.flat()).toHaveLength(250);
    expect(told).toEqual([]);
  });

  test('does not wait out a pause, tries again for three seconds, and tells what is lost and why', async () => {
    const { courier, told, attempts } = courierOf(failing(Array.from({ length: 100 }, down)));
    courier.put('a');
    courier.put('b');
    await vi.advanceTimersByTimeAsync(4000);
    const closed = courier.close('the service ended');
    await vi.advanceTimersByTimeAsync(3000);
    await closed;
    expect(pauses(attempts)).toEqual([1, 2, 1, ...Array<number>(11).fill(0.25)]);
    expect(told).toEqual([
      'hook fails: connect ECONNREFUSED',
      'hook lost 2: the service ended (connect ECONNREFUSED)',
    ]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attempts).toHaveLength(15);
  });

  test('delivers what one more attempt can', async () => {
    const { courier, told, delivered } = courierOf(failing([down(), down(), undefined]));
    courier.put('a');
    await vi.advanceTimersByTimeAsync(500);
    const closed = courier.close('the service ended');
    await vi.advanceTimersByTimeAsync(250);
    await closed;
    expect(delivered).toEqual([['a']]);
    expect(told).toEqual(['hook fails: connect ECONNREFUSED', 'hook works, 0 lost']);
  });

  test('gives up after three seconds', async () => {
    const { courier, told } = courierOf(hang);
    courier.put('a');
    await vi.advanceTimersByTimeAsync(10);
    const began = Date.now();
    const closed = courier.close('the service ended').then(() => Date.now() - began);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await closed).toBe(3000);
    expect(told).toEqual(['hook lost 1: the service ended']);
  });

  test('loses what comes after it', async () => {
    const { courier, delivered, told } = courierOf(succeed);
    await courier.close('the service ended');
    courier.put('a');
    await vi.runAllTimersAsync();
    expect(delivered).toEqual([]);
    expect(told).toEqual(['hook lost 1: they came too late']);
  });
});
