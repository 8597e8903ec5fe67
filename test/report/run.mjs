// `npm run report`: whatever a fresh clone lacks, then the report.
import process from 'node:process';
import { prepare, runAndExit } from '../support/prepare.mjs';

prepare();
runAndExit(['--import', 'tsx', 'test/report/report.ts', ...process.argv.slice(2)]);
