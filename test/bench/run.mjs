// `npm run bench`: whatever a fresh clone lacks, then the benchmark. `npm run bench -- --help` tells more.
import process from 'node:process';
import { prepare, runAndExit } from '../support/prepare.mjs';

prepare();
const [first, ...rest] = process.argv.slice(2);
if (first === '--scale-up') runAndExit(['--import', 'tsx', 'test/bench/scale.ts', ...rest]);
else runAndExit(['--import', 'tsx', 'test/bench/bench.ts', ...process.argv.slice(2)]);
