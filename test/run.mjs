// `npm test`: whatever a fresh clone lacks, then the tests. Arguments go to vitest.
import process from 'node:process';
import { prepare, root, runAndExit, say } from './support/prepare.mjs';

prepare();
// Only now are there dependencies to import with.
const { tsImport } = await import('tsx/esm/api');
const { obstacle, peers } = await tsImport('./support/peers.ts', import.meta.url);
const obstacles = peers.map(peer => obstacle([peer]));
const unmet = [...new Set(obstacles.filter(why => why !== undefined))];
if (unmet.length > 0) {
  say('Some tests use real peer programs. These are skipped until you do this (Debian packages):');
  for (const why of unmet) say(`  ${why}`);
}
process.chdir(root);
runAndExit(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
