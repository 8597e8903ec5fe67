// `npm run fuzz`: whatever a fresh clone lacks, then the fuzzing. `npm run fuzz -- --help` tells more.
import process from 'node:process';
import { prepare, runAndExit } from '../support/prepare.mjs';

prepare();
runAndExit(['--import', 'tsx', 'test/fuzz/fuzz.ts', ...process.argv.slice(2)]);
