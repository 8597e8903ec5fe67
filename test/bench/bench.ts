// `npm run bench`: what signing costs, always beside what it is to be compared with, in the same run.
// Prints a report in Markdown; says on standard error what it is doing.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { thisMachine } from '../report/machine.js';
import { obstacle } from '../support/peers.js';
import { bareSignature, Hop, hopCases, type HopSample } from './hop.js';
import { measureMemory } from './memory.js';
import { type Filter, filters, PostfixFilters, type PostfixSample } from './postfix-filters.js';
import { profile } from './profile.js';
import { report } from './report.js';
import { keep, type Results } from './results.js';
import { Setting } from './setting.js';

const help = `Usage: npm run bench -- [--quick] [--rounds N] [--scale F]
       npm run bench -- --scale-up [N]

  --quick      fewer runs of fewer messages, and 25 MB instead of 100: about half a minute
  --rounds N   runs of each case (default 5, quick 3); the report has their medians
  --scale F    so many times the messages of a run (default 1, quick 0.2)
  --scale-up   something else: decisions, messages, starts and reloads with more and more rules, parts, recipients
               and certificates, up to N of these (default 10000): minutes

With REPORT_DIR=DIR in the environment the figures are kept there, for npm run report.
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    scale: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 3 : 5));
const scale = Number(values.scale ?? (quick ? 0.2 : 1));

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Messages of a run: some for each of ten connections. */
function scaled(count: number): number {
  return Math.max(10, Math.round(count * scale));
}

/** Every second round goes the other way, so that what comes late in a round does not always come late. */
function order<T>(cases: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? cases : [...cases].reverse();
}

/** Room for the samples of each. */
function none<K extends string, V>(keys: readonly K[]): Record<K, V[]> {
  return Object.fromEntries(keys.map(key => [key, []])) as unknown as Record<K, V[]>;
}

async function measureHop(
  setting: Setting,
): Promise<Pick<Results, 'hop' | 'bare' | 'bareEcdsa' | 'bareAlone'>> {
  const hop = await Hop.start(setting);
  const samples = none<string, HopSample>(hopCases.map(c => c.name));
  const bare: HopSample[] = [];
  const bareEcdsa: HopSample[] = [];
  const bareAlone: HopSample[] = [];
  try {
    progress('hop: warming up');
    // What V8 has not compiled yet costs twice as much.
    for (const one of hopCases) await hop.run(one, scaled(one.count));
    for (let round = 0; round < rounds; round++) {
      progress(`hop: round ${round + 1} of ${rounds}`);
      bare.push(await bareSignature(setting.certificate, scaled(3000)));
      bareEcdsa.push(await bareSignature(setting.ecdsa, scaled(6000)));
      bareAlone.push(await bareSignature(setting.certificate, scaled(1000), 1));
      for (const one of order(hopCases, round))
        samples[one.name]!.push(await hop.run(one, scaled(one.count)));
    }
  } finally {
    await hop.stop();
  }
  return { hop: samples, bare, bareEcdsa, bareAlone };
}

async function measurePostfix(setting: Setting): Promise<Results['postfix']> {
  const missing = obstacle(['postfix']);
  if (missing !== undefined) return missing;
  const postfix = await PostfixFilters.start(setting);
  const samples = none<Filter, PostfixSample>(filters);
  try {
    progress('Postfix: warming up');
    for (const filter of filters)
      await postfix.run(filter, scaled(filter === 'postseal' || filter === 'bare' ? 3000 : 100));
    // Short ones, as the machine may be half as fast a few seconds later.
    for (let round = 0; round < 4 * rounds; round++) {
      progress(`Postfix: round ${round + 1} of ${4 * rounds}`);
      for (const filter of order(filters, round))
        samples[filter].push(await postfix.run(filter, scaled(filter === 'script' ? 100 : 400)));
    }
  } finally {
    await postfix.stop();
  }
  return samples;
}

const profiled = [
  ['text', 10, 10_000],
  ['attachment', 1024, 300],
  ['8-bit text', 1024, 200],
] as const;

async function bench(): Promise<void> {
  const missing = obstacle(['smtp-source', 'openssl']);
  if (missing !== undefined) throw new Error(`${missing} (Debian packages)`);
  const [machine, [load]] = [thisMachine(), loadavg()];
  const setting = Setting.create();
  try {
    const hop = await measureHop(setting);
    progress('memory');
    const size = quick ? (scale < 0.1 ? 5 : 25) : 100;
    const memory = await measureMemory(setting, { size, atOnce: quick ? 5 : 50, warmUp: scaled(3000) });
    const postfix = await measurePostfix(setting);
    const profiles = [];
    for (const [kind, kilobytes, count] of profiled) {
      progress(`profile: ${kind}`);
      const { groups, functions, ...found } = await profile(setting, kind, kilobytes, scaled(count));
      profiles.push({ ...found, groups: groups.slice(0, 12), functions: functions.slice(0, 12) });
    }
    const results: Results = { load: load!, rounds, ...hop, memory, postfix, profiles };
    keep('bench', results);
    process.stdout.write(report(results, machine));
  } finally {
    setting.remove();
  }
}

// Whatever was started ends with this process, when it is interrupted too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (values.help) process.stdout.write(help);
else if (!(rounds >= 1 && scale > 0)) {
  process.stderr.write(help);
  process.exitCode = 64;
} else {
  try {
    await bench();
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
