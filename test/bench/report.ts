// What `npm run bench` found, in Markdown.
import { describe, type Machine } from '../report/machine.js';
import { table } from '../report/table.js';
import { hopCases, type HopCase, type HopSample } from './hop.js';
import type { MemoryFigures } from './memory.js';
import { MB, unsignedSender } from './messages.js';
import { type Filter, filters, type PostfixSample } from './postfix-filters.js';
import { profileTable } from './profile.js';
import type { Results } from './results.js';
import { figure, median, ratio, spread } from './statistics.js';

export function report(results: Results, machine: Machine): string {
  return `# Benchmark of Postseal

${circumstances(results, machine)}

${sections(results)}`;
}

export function circumstances({ load, rounds }: Results, machine: Machine): string {
  const runs =
    rounds === 1
      ? 'one run of each case: only a trial'
      : `medians of ${rounds} runs in alternating order, in parentheses the least and the most`;
  return `${describe(machine)}; load average before the first run ${load.toFixed(2)}. RSA-2048 where
nothing else is said, SHA-256; ${runs}.`;
}

export function sections(results: Results): string {
  return `## The limits, and what was measured

${limits(results)}

## Through the hop
smtp-source → postseal serve → smtp-sink, 10 connections. CPU is that of Postseal's whole process, for one message.

${hopTable(results)}

## In a Postfix
A private Postfix with a filter after the queue, which is on a disk; 10 KB messages, from the first one sent to the last
one delivered, in ${typeof results.postfix === 'string' ? 'many' : results.postfix.nothing.length} short rounds: the ratios are medians of those within a round. \`in_flow_delay = 0\`: it takes mail
as fast as it comes. CPU is that of the whole machine, for one message.

${postfixTable(results)}

With so much mail all cores are busy: what Postseal takes of them is what Postfix lacks. It takes more here than in the hop, as it
wakes up for each message instead of once for several, and finds the caches full of others' work.
${share(results)}

## Memory
${memoryTable(results.memory)}

## Where the time goes
\`node --import tsx test/bench/profile.ts\` shows more of it; GC is V8's, (program) is native code without a name.

${results.profiles.map(profileSection).join('\n\n')}
`;
}

function cpuOf(results: Results, name: string): number {
  return median(results.hop[name]!.map(s => s.cpu));
}

/** Milliseconds of one message where there is one at a time. */
function latencyOf(samples: readonly HopSample[]): number {
  return 1000 / median(samples.map(s => s.perSecond));
}

/** What is asked of it, each beside what was found. */
function limits(results: Results): string {
  const bare = median(results.bare.map(s => s.cpu));
  const { memory, postfix } = results;
  const rows: [string, string, string][] = [
    ['signed 10 KB, × the bare signature', '2 ×', ratio(cpuOf(results, 'signed, 10 KB'), bare)],
    ['signed 10 KB by ECDSA P-256, CPU', '0.6 ms', ms(cpuOf(results, 'signed, 10 KB, ECDSA P-256'))],
    ['unsigned 10 KB, CPU', '0.4 ms', ms(cpuOf(results, 'unsigned, 10 KB'))],
    ['one at a time: more than signature and straight way', '5 ms', ms(added(results))],
    ['base64 attachment, CPU a MB', '10 ms', ms(cpuOf(results, 'signed, 1 MB attachment'))],
    ['the same, opaque', '10 ms', ms(cpuOf(results, 'signed, 1 MB attachment, opaque'))],
    ['8-bit text, CPU a MB', '20 ms', ms(cpuOf(results, 'signed, 1 MB of 8-bit text'))],
    ['the same, opaque', '20 ms', ms(cpuOf(results, 'signed, 1 MB of 8-bit text, opaque'))],
    [`resident memory, ${memory.size} MB message`, '32 MB', `${figure(growth(memory))} MB`],
    [
      `resident memory, ${memory.atOnce} of ${memory.size} MB at once`,
      '256 MB',
      `${figure(Math.max(0, memory.duringAtOnce - memory.highestBefore))} MB`,
    ],
  ];
  if (typeof postfix !== 'string') {
    const { postseal, nothing, script } = postfix;
    rows.push(
      [
        'in a Postfix, of what a filter does that does nothing',
        'at least 85 %',
        `${Math.round(100 * beside(postseal, nothing))} %`,
      ],
      ['in a Postfix, × the shell script', 'at least 5 ×', ratio(beside(postseal, script), 1)],
    );
  }
  return table(['', 'limit', 'measured'], rows);
}

function added({ hop, bareAlone }: Results): number {
  const [signed, straight] = [hop['signed, 10 KB, one at a time'], hop['straight, 10 KB, one at a time']];
  return Math.max(0, latencyOf(signed!) - latencyOf(straight!) - latencyOf(bareAlone));
}

function ms(value: number): string {
  return `${figure(value)} ms`;
}

function hopTable(results: Results): string {
  const bare = median(results.bare.map(s => s.cpu));
  const rows = hopCases.map(one => {
    const samples = results.hop[one.name]!;
    const perSecond = spread(samples.map(s => s.perSecond));
    if (one.sender === undefined) return [one.name, perSecond, '', '', '', ''];
    const cpus = samples.map(s => s.cpu);
    const same = (c: HopCase): boolean => c.sender === unsignedSender && c.size === one.size;
    const alike = !one.reconnect && one.connections === undefined;
    const unsigned = alike ? hopCases.find(same) : undefined;
    return [
      one.name,
      perSecond,
      `${spread(cpus)} ms`,
      unsigned ? ratio(median(cpus), cpuOf(results, unsigned.name)) : '',
      ratio(median(cpus), bare),
      one.size === MB ? ms(median(cpus)) : '',
    ];
  });
  const signature = (name: string, samples: readonly HopSample[]): string[] => [
    `bare signature, thread pool${name}`,
    spread(samples.map(s => s.perSecond)),
    `${spread(samples.map(s => s.cpu))} ms`,
    '',
    ratio(median(samples.map(s => s.cpu)), bare),
    '',
  ];
  return table(
    ['case', 'messages a second', 'CPU', '× unsigned', '× signature', 'CPU a MB'],
    [
      ...rows,
      signature('', results.bare),
      signature(', ECDSA P-256', results.bareEcdsa),
      signature(', one at a time', results.bareAlone),
    ],
  );
}

const filterNames: Record<Filter, string> = {
  none: 'no filter',
  nothing: 'a filter that does nothing (smtp transport to a return port)',
  bare: 'a bare signature in Node: an RSA signature and 4 KB more, and nothing known of mail (smtp transport)',
  postseal: 'Postseal (smtp transport)',
  script: 'shell script, `openssl cms -sign`, sendmail (pipe transport)',
};

/** So many times as fast: the machine is now faster and now slower, but much the same within a round. */
function beside(samples: readonly PostfixSample[], others: readonly PostfixSample[]): number {
  return median(samples.map(({ perSecond }, round) => perSecond / others[round]!.perSecond));
}

function postfixTable({ postfix }: Results): string {
  if (typeof postfix === 'string') return `Not measured: ${postfix}.`;
  const rows = filters.map(filter => {
    const samples = postfix[filter];
    return [
      filterNames[filter],
      spread(samples.map(s => s.perSecond)),
      ratio(beside(samples, postfix.nothing), 1),
      ratio(beside(samples, postfix.script), 1),
      ms(median(samples.map(s => s.machine))),
      samples.some(s => s.filter > 0) ? ms(median(samples.map(s => s.filter))) : '',
    ];
  });
  return table(['filter', 'messages a second', '× nothing', '× script', 'CPU', 'of it the filter'], rows);
}

/** How near it comes to what nothing that signs could do without. */
function share({ postfix }: Results): string {
  if (typeof postfix === 'string') return '';
  const percent = (filter: Filter): number => Math.round(100 * beside(postfix[filter], postfix.nothing));
  return `A Node program that only signs and adds 4 KB, without reading the message, comes to ${percent('bare')} % of nothing, Postseal to ${percent('postseal')} %.`;
}

/** The most that one message at a time took, in MB. */
function growth({ highestBefore, during, duringSecond, duringOpaque }: MemoryFigures): number {
  return Math.max(0, during - highestBefore, duringSecond - highestBefore, duringOpaque - highestBefore);
}

function memoryTable(memory: MemoryFigures): string {
  const { size, smallerSize, before, highestBefore, duringSmaller, during, seconds } = memory;
  return table(
    ['resident memory of postseal serve', 'MB'],
    [
      ['after 10 KB messages, 10 at a time', figure(before)],
      ['at most until then', figure(highestBefore)],
      [`at most during one ${smallerSize} MB message`, figure(duringSmaller)],
      [`at most during one ${size} MB message (${figure(seconds)} s)`, figure(during)],
      ['at most during another one', figure(memory.duringSecond)],
      ['at most during another one, opaque', figure(memory.duringOpaque)],
      [`at most during ${memory.atOnce} of them at once`, figure(memory.duringAtOnce)],
    ],
  );
}

function profileSection(profile: Results['profiles'][number]): string {
  const { kind, kilobytes, cpu, mainThread } = profile;
  return `${kilobytes} KB, ${kind}: ${ms(cpu)} of CPU a message under the profiler, ${ms(mainThread)} of it on the main thread; the rest is
the threads that sign, and V8's.

${profileTable(profile, profile.groups)}`;
}
