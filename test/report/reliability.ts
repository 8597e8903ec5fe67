// docs/reliability.md and its plots, of what the long tests recorded.
import { median } from '../bench/statistics.js';
import type { Data, Recorded, Run } from './data.js';
import { clientSection, type ClientCase, returnPortSection, type ReturnPortCase } from './dialog-faults.js';
import { killSection, type Kill, loadSection, type LoadFigures, minutes, soakPlots } from './load-figures.js';
import { describe } from './machine.js';
import { machineSection, type MachineFigures } from './machine-faults.js';
import { table, thousands } from './table.js';

export interface Figures extends MachineFigures, LoadFigures {
  readonly 'return-port': readonly ReturnPortCase[];
  readonly client: readonly ClientCase[];
  readonly kill: readonly Kill[];
  readonly machine: readonly Run[];
}

/** By name of file: what tells its lines apart. */
export const keys = {
  'return-port': ['step', 'fault'],
  client: ['step', 'fault'],
  'half-open': ['where'],
  emfile: ['left'],
  'disk-full': ['full'],
  clock: ['jump'],
  suspend: [],
  'certificate-files': ['what', 'watch'],
  kill: [],
  connections: ['max'],
  'slow-loris': ['kind'],
  backpressure: ['limit'],
  soak: [],
};

/** Which test made which file. */
const tests = {
  'return-port-steps': ['return-port'],
  'client-faults': ['client'],
  'half-open': ['half-open'],
  'machine-faults': ['emfile', 'disk-full', 'clock', 'suspend', 'certificate-files'],
  kill: ['kill'],
  load: ['connections', 'slow-loris', 'backpressure'],
  'load (the soak)': ['soak'],
} as const;

export function reliability(data: Data): { document: string; plots: Record<string, string> } {
  const figures = data as unknown as Figures;
  const [kill, soak] = [figures.kill[0]!, figures.soak[0]!];
  const command = (test: string, before = ''): string =>
    `\`${before}REPORT_DIR=DIR npm run test:long -- ${test}\``;
  const document = `# What becomes of mail when something fails

This page and its plots are written by \`npm run report -- reliability\` from what the tests below recorded, and
\`npm test\` compares them. Each section names the command that recorded it. ${[...new Set(figures.machine.map(describe))].join('; ')}.

${summary(figures)}

## Killed under load

${command('kill', `KILL_MESSAGES=${kill.messages} `)}

${killSection(kill)}

## The return port fails

${command('return-port-steps')}

${returnPortSection(figures['return-port'])}

## The client fails

${command('client-faults')}

${clientSection(figures.client)}

${machineSection(figures, command)}

## Load

${command('load', `SOAK_MINUTES=${soak.minutes} `)}

${loadSection(figures)}

## The runs

${table(
  ['test', 'when (UTC)', 'Postseal'],
  Object.entries(tests).map(([test, [file]]) => {
    const line = (data[file] as readonly Recorded[])[0]!;
    return [test, line.at.slice(0, 16).replace('T', ' '), line.commit ?? 'unknown'];
  }),
)}

What each case recorded, with the words of queue and journal, is in [test/report/data](../test/report/data/reliability).
`;
  return { document, plots: soakPlots(soak) };
}

function summary(figures: Figures): string {
  const kill = figures.kill[0]!;
  const soak = figures.soak[0]!;
  const cases = figures['return-port'];
  const twice = cases.filter(({ duplicates }) => duplicates > 0);
  const machine = [
    ...figures.emfile,
    ...figures['disk-full'],
    ...figures.clock,
    ...figures.suspend,
    ...figures['certificate-files'],
  ];
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const lost =
    kill.lost + cases.filter(({ arrived, status }) => arrived === 0 && status !== 'bounced').length;
  const bad =
    kill.half +
    kill.unsigned +
    sum([...cases, ...figures.client].map(({ arrived, good }) => arrived - good)) +
    sum(machine.map(({ unsigned }) => unsigned));
  const only = twice.every(({ step }) => step === 'stored') && kill.duplicates <= kill.repliesLost;
  const third = Math.ceil(soak.samples.length / 3);
  const memory = soak.samples.map(sample => sample.memory);
  const [begin, end] = [median(memory.slice(0, third)), median(memory.slice(-third))];
  const none = (count: number): string => (count === 0 ? 'none' : thousands(count));
  return `## In short

- **Lost: ${none(lost)}.** Of ${thousands(kill.messages)} messages while the service was killed ${kill.kills} times, and of one for each of ${cases.length} faults of
  the return port.
- **Half, or unsigned where it should be signed: ${none(bad)}.**
- **Twice: ${only ? 'only' : 'not only'} where the reply after the dot was lost.** ${thousands(kill.duplicates)} of the ${thousands(kill.messages)} messages, ${thousands(kill.repliesLost)} replies
  having been lost; and with ${twice.length} of the ${cases.length} faults of the return port. Postfix cannot know then that the message had
  arrived, and sends it again (RFC 5321 §4.5.4.1).
- **What fails makes mail wait** in Postfix's queue, with the reason. It bounces only where the return port itself refuses
  it for good (5xx), or where it is larger than \`max_message_size\`.
- **Too much is told to come again** (4xx), and mail passes afterwards. ${thousands(soak.sent)} messages in ${minutes(soak.minutes)}: ${soak.samples[0]!.files} files open
  at the beginning, ${soak.samples.at(-1)!.files} at the end; ${begin} MB of memory in the first third, ${end} MB in the last (medians).`;
}
