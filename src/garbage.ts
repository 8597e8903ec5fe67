// The garbage that large messages leave. V8 goes by the objects of its own heap, and those of a chunk are small: of the
// octets behind them, which lie outside, 32 MB come together before it looks.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Octets of mail between two collections; each costs less than a millisecond, as next to nothing survives. */
const enough = 2 * 1024 * 1024;
let passed = 0;

// Where `--expose-gc` comes late, only new contexts have it.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;

/** Says that so many octets have passed through buffers of their own. */
export function leftBehind(octets: number): void {
  passed += octets;
  if (passed < enough) return;
  passed = 0;
  collect({ type: 'minor' });
}
