// `npm run demo`: whatever a fresh clone lacks, then the demo.
import process from 'node:process';
import { prepare, runAndExit } from '../support/prepare.mjs';

prepare();
runAndExit(['--import', 'tsx', 'test/demo/demo.ts', ...process.argv.slice(2)]);
