// `npm run fuzz`: the properties of all messages, each in a process of its own, for as long as one likes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../report/table.js';
import { cacheDirectory } from '../corpora/fetch.js';
import { runWatched } from '../corpora/watched.js';
import { properties, type Property } from './properties.js';
import { nothing } from './cases.js';
import type { Found, Progress, Task } from './worker.js';

const help = `Usage: npm run fuzz -- [--minutes N] [--seed S] [--property NAME [--path PATH]]

  --minutes N      how long, all properties at the same time (default 1)
  --seed S         the same cases again, as far as the time allows
  --property NAME  one of ${properties.map(p => p.name).join(', ')}
  --path PATH      only the case that a report names so, with its seed
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    property: { type: 'string' },
    path: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const milliseconds = Number(values.minutes) * 60_000;
const seed = Number(values.seed ?? Date.now() % 0x7fff_ffff);
/** Silence for so long is a hang. */
const patience = 120_000;
const evidence = join(cacheDirectory, '..', 'fuzz-findings');

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The last that was heard of each property. */
const heard = new Map<string, Progress>();
const found = new Map<string, Found>();

async function fuzz({ name }: Property): Promise<void> {
  const task: Task = {
    property: name,
    seed,
    milliseconds,
    ...(values.path !== undefined && { path: values.path }),
  };
  const worker = join(import.meta.dirname, 'worker.ts');
  try {
    await runWatched(
      worker,
      [JSON.stringify(task)],
      message => {
        const progress = message as Progress;
        heard.set(name, progress);
        if (progress.found) found.set(name, progress.found);
      },
      patience,
    );
  } catch (error) {
    found.set(name, { path: '', faults: String(error) });
  }
  const what = found.get(name);
  if (!what) return;
  say(`${name}: FOUND ${what.faults}`);
  if (what.path !== '') say(`  again: npm run fuzz -- --property ${name} --seed ${seed} --path ${what.path}`);
  if (what.input !== undefined) keep(`${name}-${seed}`, what);
}

function keep(stem: string, { input, output }: Found): void {
  mkdirSync(evidence, { recursive: true });
  writeFileSync(join(evidence, `${stem}.eml`), input!, 'latin1');
  if (output !== undefined) writeFileSync(join(evidence, `${stem}.out`), output, 'latin1');
  say(`  kept: ${join(evidence, stem)}.eml`);
}

function report(chosen: readonly Property[]): string {
  const rows = chosen.map(({ name, title }) => {
    const { cases, signed, opaqueInstead, passed, refused, verified } = heard.get(name)?.tally ?? nothing;
    const what = found.get(name)?.faults.split('\n')[0]!.slice(0, 80) ?? '-';
    return [title, ...[cases, signed, opaqueInstead, passed, refused, verified].map(String), what];
  });
  const counted = ['cases', 'signed', 'opaque instead', 'passed', 'refused', 'by OpenSSL too'];
  const head = ['property', ...counted, 'found'];
  return `# Fuzzing, seed ${seed}, ${values.minutes} minutes\n${table(head, rows)}\n`;
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const chosen = properties.filter(({ name }) => name === (values.property ?? name));
  if (!(milliseconds > 0) || !Number.isInteger(seed) || chosen.length === 0) {
    process.stderr.write(help);
    return 64;
  }
  const possible = chosen.filter(({ lacks }) => lacks?.() === undefined);
  for (const { title, lacks } of chosen.filter(p => !possible.includes(p)))
    say(`left out: ${title} (${lacks!()!})`);
  const begun = performance.now();
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - begun) / 1000);
    const counts = [...heard].map(([name, { tally }]) => `${name} ${tally.cases}`);
    say(`${seconds} s: ${counts.join(', ')}; ${found.size} found`);
  }, 10_000);
  await Promise.all(possible.map(fuzz));
  clearInterval(progress);
  process.stdout.write(report(possible));
  return found.size === 0 ? 0 : 1;
}

process.exitCode = await main();
