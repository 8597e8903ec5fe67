// "Did you mean": what is close enough, and what is not.
import { expect, test } from 'vitest';
import { closest } from '../../../src/config/suggest.js';

const names = ['sender', 'certificate', 'certificates', 'max_connections', 'sign', 'match'];

test.each([
  ['sendr', 'sender'],
  ['Sender', 'sender'],
  ['sedner', 'sender'],
  ['senders', 'sender'],
  ['max-connections', 'max_connections'],
  ['maxconnections', 'max_connections'],
  ['cert', 'certificate'],
  ['certificats', 'certificate'],
  ['mach', 'match'],
  ['colour', undefined],
  ['', undefined],
  ['x', undefined],
])('%s → %s', (typed, want) => {
  expect(closest(typed, names)).toBe(want);
});
