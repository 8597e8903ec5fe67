import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { obstacle } from './test/support/peers.js';

/**
 * Files of tests that make certificates or verify with the openssl command throughout: without it they are
 * left out, and say so. (Suites with several peers skip themselves; under CI nothing is skipped.)
 */
function withoutOpenssl(): string[] {
  const why = process.env['CI'] === 'true' ? undefined : obstacle(['openssl']);
  if (why === undefined) return [];
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .map(name => join('test', name))
    .filter(file => /openssl|support\/pki/.test(readFileSync(file, 'utf8')));
  for (const file of files) process.stderr.write(`SKIPPED: ${file}: ${why}\n`);
  return files;
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/support/prepare.mjs', // what the tests start is compiled from src as it is
    exclude: [...withoutOpenssl(), 'test/long/**'],
    maxWorkers: 2, // most of the time the tests wait for processes that they started
    testTimeout: 20_000,
    maxConcurrency: 3, // of processes that a file's concurrent tests start
    hookTimeout: 60_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
