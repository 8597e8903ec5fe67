// The benchmark with next to no messages, so that it still works on the day it is needed; figures are not looked at.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { figure, median, ratio, spread } from './statistics.js';

test('statistics', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect([123.4, 12.34, 1.234].map(figure)).toEqual(['123', '12.3', '1.23']);
  expect(ratio(7.75, 2.5)).toBe('3.1 ×');
  expect(spread([1, 1.5, 3])).toBe('1.50 (1.00–3.00)');
  expect(spread([2])).toBe('2.00');
});

describeWithPeers('the benchmark', ['postfix', 'smtp-source', 'openssl'], () => {
  test('runs, and its report has every row', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', join(import.meta.dirname, 'bench.ts')],
      ...['--quick', '--rounds', '1', '--scale', '0.005'],
    ]);
    expect(stdout).toMatch(/^\| signed 10 KB, × the bare signature +\| 2 × +\| +\d+\.\d × \|$/m);
    expect(stdout).toMatch(
      /^\| in a Postfix, of what a filter does that does nothing \| at least 85 % \| +\d+ % \|$/m,
    );
    for (const row of [
      'straight, 10 KB',
      'unsigned, 10 KB',
      'signed, 10 KB',
      'signed, 10 KB of 8-bit text',
      'signed, 10 KB, a connection for each message',
      'signed, 10 KB, header protection',
      'signed, 10 KB, ECDSA P-256',
      'signed, 10 KB, opaque',
      'unsigned, 1 MB attachment',
      'signed, 1 MB attachment',
      'signed, 1 MB attachment, opaque',
      'signed, 1 MB of 8-bit text',
      'signed, 1 MB of 8-bit text, opaque',
      'bare signature, thread pool',
      'bare signature, thread pool, ECDSA P-256',
      'no filter',
      'Postseal (smtp transport)',
      'shell script, `openssl cms -sign`, sendmail (pipe transport)',
      'at most during another one, opaque',
      'at most during 5 of them at once',
      'node: streams and sockets',
    ])
      expect(stdout).toContain(`| ${row} `);
    expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
  }, 90_000);
});
