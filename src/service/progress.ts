// How far the loading of certificates has come, for people who wait: one line every few seconds.
import type { Progress } from '../certs/bounded.js';

/** Milliseconds. */
const interval = 3000;

/** @param tell hears nothing of what takes less */
export function progress(tell: (line: string) => void, now = () => performance.now()): Progress {
  let total = 0;
  let done = 0;
  let last = now();
  return {
    expect: count => {
      total += count;
    },
    done: () => {
      done++;
      if (now() - last < interval) return;
      last = now();
      tell(`loading certificates: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`);
    },
  };
}
