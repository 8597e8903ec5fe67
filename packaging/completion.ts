// Writes the completion for bash: npx tsx packaging/completion.ts
import { writeFileSync } from 'node:fs';
import { commands } from '../src/cli/commands.js';
import { bashCompletion } from './manual/bash.js';

writeFileSync(new URL('../completion/postseal.bash', import.meta.url), bashCompletion(commands));
