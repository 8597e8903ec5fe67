#!/usr/bin/env node
// argv → command → exit code.
import { setFlagsFromString } from 'node:v8';
import { run } from './cli/commands.js';
import { escaped } from './printable.js';

// Octets of mail weigh on a heap that is itself small: V8 would collect all of it every 150 messages, which costs a
// tenth of the time (a quarter with large mail). Twice as much may be garbage before it does: some 10 MB more.
setFlagsFromString('--heap-growing-percent=200');

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`postseal: internal error: ${told.split('\n').map(escaped).join('\n')}\n`);
  process.exitCode = 70;
}
