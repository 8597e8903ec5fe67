// Writes etc/postseal.ini from the option tables: npx tsx packaging/example-ini.ts
import { writeFileSync } from 'node:fs';
import { renderExample } from '../src/config/example.js';

writeFileSync(new URL('../etc/postseal.ini', import.meta.url), renderExample());
