// `npm run test:box`: builds the packages and tests them on booted Debian machines. Arguments go to vitest.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { prepare, root, runAndExit } from '../support/prepare.mjs';

prepare();
process.chdir(root);
const { status } = spawnSync('packaging/package.sh', { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 70);
runAndExit([
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'test/box/vitest.config.ts',
  ...process.argv.slice(2),
]);
