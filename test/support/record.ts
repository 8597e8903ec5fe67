// Figures of a run, for whoever writes the report: a JSON line each, in $REPORT_DIR where that is set.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** @param name of the file without `.jsonl`: what was run */
export function record(name: string, values: Readonly<Record<string, unknown>>): void {
  const line = JSON.stringify({ at: new Date().toISOString(), ...values });
  const directory = process.env['REPORT_DIR'];
  if (directory === undefined) {
    console.info(`${name}: ${line}`);
    return;
  }
  mkdirSync(directory, { recursive: true });
  appendFileSync(join(directory, `${name}.jsonl`), `${line}\n`);
}
