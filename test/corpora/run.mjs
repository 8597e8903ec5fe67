// `npm run corpora`: whatever a fresh clone lacks, then the corpora. `npm run corpora -- --help` tells more.
import process from 'node:process';
import { prepare, runAndExit } from '../support/prepare.mjs';

prepare();
runAndExit(['--import', 'tsx', 'test/corpora/corpora.ts', ...process.argv.slice(2)]);
