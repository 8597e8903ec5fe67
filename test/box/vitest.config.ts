import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/box/*.box.ts'],
    maxWorkers: 3, // the machines side by side: apt unpacks, and much is waited for
    testTimeout: 180_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
