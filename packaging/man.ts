// Writes the manual pages: npx tsx packaging/man.ts
import { writeFileSync } from 'node:fs';
import { manualPages } from './manual/pages.js';

for (const [file, text] of Object.entries(manualPages()))
  writeFileSync(new URL(`../${file}`, import.meta.url), text);
