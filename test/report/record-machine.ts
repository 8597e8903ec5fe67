// Beside the figures of a run, what they were measured on.
import { record } from '../support/record.js';
import { thisMachine } from './machine.js';

/** For vitest. */
export function setup(): void {
  if (process.env['REPORT_DIR'] !== undefined) record('machine', { ...thisMachine() });
}
