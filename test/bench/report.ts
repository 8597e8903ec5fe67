// The report of a benchmark, in Markdown.
import { hopCases, type HopCase, type HopSample } from './hop.js';
import type { MemoryFigures } from './memory.js';
import { MB } from './messages.js';
import { filters, type Filter } from './postfix-filters.js';
import { figure, median, ratio, spread, table } from './statistics.js';

export interface Results {
  readonly machine: readonly string[];
  readonly rounds: number;
  /** By name of case. */
  readonly hop: ReadonlyMap<string, readonly HopSample[]>;
  readonly bare: readonly HopSample[];
  readonly memory: MemoryFigures;
  /** Messages a second, or why there are none. */
  readonly postfix: ReadonlyMap<Filter, readonly number[]> | string;
}

export function report(results: Results): string {
  return `# Benchmark of Postseal

${results.machine.join('\n')}
- RSA-2048, SHA-256; ${runs(results.rounds)}

${summary(results)}

## Through the hop
smtp-source → postseal serve → smtp-sink, 10 connections. CPU is that of Postseal's whole process, for one message.

${hopTable(results)}

## In a Postfix
A private Postfix with a filter after the queue; 10 KB messages, from the first one sent to the last one delivered.

${postfixTable(results)}

## Memory
${memoryLines(results.memory)}
`;
}

function runs(rounds: number): string {
  return rounds === 1
    ? 'one run of each case: only a trial'
    : `medians of ${rounds} runs in alternating order, in parentheses the least and the most`;
}

function cpuOf(results: Results, name: string): number {
  return median(results.hop.get(name)!.map(s => s.cpu));
}

function rateOf(results: Results, name: string): number {
  return median(results.hop.get(name)!.map(s => s.perSecond));
}

function summary(results: Results): string {
  const bare = median(results.bare.map(s => s.cpu));
  const megabyte = (name: string): string => `${figure(cpuOf(results, name))} ms CPU a MB`;
  const [signed, unsigned] = ['signed, 10 KB', 'unsigned, 10 KB'];
  return [
    `- signed 10 KB: ${figure(rateOf(results, signed))} msg/s, ${figure(cpuOf(results, signed))} ms CPU = ${ratio(cpuOf(results, signed), bare)} the bare signature, ${ratio(cpuOf(results, signed), cpuOf(results, unsigned))} the unsigned hop`,
    `- signed 1 MB attachment: ${figure(rateOf(results, 'signed, 1 MB attachment'))} msg/s, ${megabyte('signed, 1 MB attachment')}`,
    `- signed 1 MB of 8-bit text: ${figure(rateOf(results, 'signed, 1 MB of 8-bit text'))} msg/s, ${megabyte('signed, 1 MB of 8-bit text')}`,
    ...(typeof results.postfix === 'string' ? [] : [against(results.postfix)]),
    `- ${results.memory.size} MB message: ${growth(results.memory)} more resident memory than 10 KB messages`,
  ].join('\n');
}

function against(postfix: ReadonlyMap<Filter, readonly number[]>): string {
  const [postseal, script] = (['postseal', 'script'] as const).map(f => median(postfix.get(f)!));
  return `- in a Postfix: ${figure(postseal!)} msg/s = ${ratio(postseal!, script!)} the shell script`;
}

function hopTable(results: Results): string {
  const bare = median(results.bare.map(s => s.cpu));
  const rows = hopCases.map(one => {
    const samples = results.hop.get(one.name)!;
    const rate = spread(samples.map(s => s.perSecond));
    if (one.way === 'straight') return [one.name, rate, '', '', '', ''];
    const cpus = samples.map(s => s.cpu);
    const same = (c: HopCase): boolean =>
      c.way === 'unsigned' && c.size === one.size && !one.reconnect && one.kind !== '8-bit text';
    const unsigned = hopCases.find(same);
    return [
      one.name,
      rate,
      `${spread(cpus)} ms`,
      unsigned ? ratio(median(cpus), cpuOf(results, unsigned.name)) : '',
      ratio(median(cpus), bare),
      one.size === MB ? `${figure(median(cpus))} ms` : '',
    ];
  });
  const signature = [
    'bare signature, thread pool',
    spread(results.bare.map(s => s.perSecond)),
    `${spread(results.bare.map(s => s.cpu))} ms`,
    '',
    ratio(bare, bare),
    '',
  ];
  return table(
    ['case', 'messages a second', 'CPU', '× unsigned', '× signature', 'CPU a MB'],
    [...rows, signature],
  );
}

const filterNames: Record<Filter, string> = {
  none: 'no filter',
  postseal: 'Postseal (smtp transport)',
  script: 'shell script, `openssl cms -sign`, sendmail (pipe transport)',
};

function postfixTable({ postfix }: Results): string {
  if (typeof postfix === 'string') return `Not measured: ${postfix}.`;
  const script = median(postfix.get('script')!);
  const rows = filters.map(filter => {
    const samples = postfix.get(filter)!;
    return [filterNames[filter], spread(samples), ratio(median(samples), script)];
  });
  return table(['filter', 'messages a second', '× script'], rows);
}

function growth({ highestBefore, during, duringSecond }: MemoryFigures): string {
  const most = Math.max(during, duringSecond);
  return `${figure(Math.max(0, most - highestBefore))} MB`;
}

function memoryLines(memory: MemoryFigures): string {
  const { size, smallerSize, before, highestBefore, duringSmaller, during, duringSecond, seconds } = memory;
  return table(
    ['resident memory of postseal serve', 'MB'],
    [
      ['after 10 KB messages, 10 at a time', figure(before)],
      ['at most until then', figure(highestBefore)],
      [`at most during one ${smallerSize} MB message`, figure(duringSmaller)],
      [`at most during one ${size} MB message (${figure(seconds)} s)`, figure(during)],
      ['at most during another one', figure(duringSecond)],
      ['growth: the most with, less the most without', growth(memory)],
    ],
  );
}
