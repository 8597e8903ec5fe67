// `npm run bench`: whatever a fresh clone lacks, then the benchmark. `npm run bench -- --help` tells more.
import process from 'node:process';
import { prepare, runAndExit } from '../support/prepare.mjs';

prepare();
runAndExit(['--import', 'tsx', 'test/bench/bench.ts', ...process.argv.slice(2)]);
