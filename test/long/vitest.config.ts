// What people do not wait for: `npm run test:long`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/long/*.test.ts'],
    globalSetup: ['./test/support/prepare.mjs', './test/report/record-machine.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
