// `npm run report -- NAME [DIR]`: writes docs/NAME.md and its plots from what benchmarks or long tests recorded.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { merged, readData, writeData } from './data.js';
import * as performance from './performance.js';
import * as reliability from './reliability.js';

const root = join(import.meta.dirname, '..', '..');
const reports = {
  performance: { keys: performance.keys, write: performance.performance },
  reliability: { keys: reliability.keys, write: reliability.reliability },
};

const help = `Usage: npm run report -- ${Object.keys(reports).join('|')} [DIR]

  DIR   what npm run bench or npm run test:long wrote with REPORT_DIR=DIR: takes the place of what is kept in
        test/report/data, file by file; without it the document is written anew from what is kept
`;

const [name, directory] = process.argv.slice(2);
const report = Object.entries(reports).find(([known]) => known === name)?.[1];
if (!report || (directory !== undefined && !existsSync(directory))) {
  process.stderr.write(help);
  process.exitCode = 64;
} else {
  const kept = join(import.meta.dirname, 'data', name!);
  if (directory !== undefined) {
    const old = existsSync(kept) ? readData(kept) : {};
    writeData(kept, merged(old, readData(directory), report.keys));
  }
  const { document, plots } = report.write(readData(kept));
  writeFileSync(join(root, 'docs', `${name!}.md`), document);
  mkdirSync(join(root, 'docs', 'plots'), { recursive: true });
  for (const [file, svg] of Object.entries(plots)) writeFileSync(join(root, 'docs', 'plots', file), svg);
}
