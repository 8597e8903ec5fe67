// Sections of docs/reliability.md: the service under load, and killed under load.
import { bare, code } from './cases.js';
import type { Recorded } from './data.js';
import { plot } from './plot.js';
import { table, thousands } from './table.js';

export interface Kill extends Recorded {
  readonly messages: number;
  readonly kills: number;
  readonly arrived: number;
  readonly lost: number;
  readonly unsigned: number;
  readonly half: number;
  readonly duplicates: number;
  readonly repliesLost: number;
  /** So many were shown to the verifiers. */
  readonly verified: number;
}

interface Soak extends Recorded {
  readonly minutes: number;
  readonly sent: number;
  readonly refused: readonly string[];
  /** At even distances in time; memory in MB. */
  readonly samples: readonly { memory: number; files: number; resources: number }[];
}

interface Connections extends Recorded {
  readonly connections: number;
  readonly max: number;
  readonly served?: number;
  readonly refused?: number;
  readonly reply?: string;
  readonly accepted?: number;
  readonly seconds?: number;
  readonly highest?: number;
}

export interface LoadFigures {
  readonly connections: readonly Connections[];
  readonly 'slow-loris': readonly (Recorded & {
    kind: string;
    seconds: number;
    heard: string;
    after: string;
  })[];
  readonly backpressure: readonly (Recorded & { limit: string; announced: string; large: string })[];
  readonly soak: readonly Soak[];
}

export function killSection(kill: Kill): string {
  return `\`kill -9\` at random moments, then a new start, while smtp-source sends through a real Postfix over 10 connections.

${table(
  ['messages', 'kills', 'lost', 'half', 'unsigned', 'replies lost', 'arrived twice'],
  [
    [kill.messages, kill.kills, kill.lost, kill.half, kill.unsigned, kill.repliesLost, kill.duplicates].map(
      thousands,
    ),
  ],
)}

*Half* is what has other octets than the first one, *unsigned* what has no whole signature. ${kill.verified} of them were verified by OpenSSL and
the other programs. Replies lost are those that Postfix's log says were lost between the dot and the reply: the most that
can arrive twice.`;
}

export function loadSection(figures: LoadFigures): string {
  const soak = figures.soak[0]!;
  const [first, last] = [soak.samples[0]!, soak.samples.at(-1)!];
  const highest = Math.max(...soak.samples.map(({ memory }) => memory));
  return `${table(
    ['connections at once', '`max_connections`', 'served', 'turned away', 'with'],
    figures.connections.map(({ connections, max, served, accepted, refused = 0, reply }) => [
      thousands(connections),
      thousands(max),
      thousands(served ?? accepted ?? 0),
      thousands(refused),
      reply === undefined ? '' : code(bare(reply)),
    ]),
  )}

${figures.connections
  .filter(({ accepted }) => accepted !== undefined)
  .map(
    ({ accepted = 0, seconds = 0, highest: most = 0 }) =>
      `${thousands(accepted)} messages that end at the same moment took ${seconds.toFixed(1)} s, and ${most.toFixed(0)} MB of resident memory at most.`,
  )
  .join('\n')}

Clients that dawdle, 20 of each kind, with \`timeout = 2\`. Once they are gone, mail passes:

${table(
  ['client', 'all gone after', 'hears', 'the next message'],
  figures['slow-loris'].map(({ kind, seconds, heard, after }) => [
    kind,
    `${seconds.toFixed(1)} s`,
    code(heard),
    code(bare(after)),
  ]),
)}

${figures.backpressure.map(({ limit, announced, large }) => `More than \`${limit}\` hears ${code(announced)} where it was announced, and ${code(bare(large))} after the dot where it was not.`).join('\n')}

${minutes(soak.minutes)} of mail over 10 connections: ${thousands(soak.sent)} messages of up to 400 KB, with a return port that fails at every 50th.
The last sample is of a service without mail, which was asked for its metrics meanwhile.

![Resident memory over the time](plots/soak-memory.svg)

![Open file descriptors over the time](plots/soak-files.svg)

${table(
  ['', 'first sample', 'at most', 'once idle again'],
  [
    ['resident memory', `${first.memory} MB`, `${highest} MB`, `${last.memory} MB`],
    ['file descriptors', first.files, Math.max(...soak.samples.map(({ files }) => files)), last.files],
    [
      'timers and whatever else is active',
      first.resources,
      Math.max(...soak.samples.map(({ resources }) => resources)),
      last.resources,
    ],
  ],
)}`;
}

export function minutes(count: number): string {
  return `${count} ${count === 1 ? 'minute' : 'minutes'}`;
}

export function soakPlots({ minutes: all, samples }: Soak): Record<string, string> {
  const over = (
    title: string,
    unit: string,
    name: string,
    value: (sample: Soak['samples'][number]) => number,
  ): string =>
    plot({
      title,
      x: { title: 'minutes' },
      y: { title: unit },
      series: [
        { name, points: samples.map((sample, i) => [((i + 1) / samples.length) * all, value(sample)]) },
      ],
    });
  return {
    'soak-memory.svg': over('Resident memory under load', 'MB', 'resident memory', ({ memory }) => memory),
    'soak-files.svg': over('File descriptors under load', 'file descriptors', 'open', ({ files }) => files),
  };
}
