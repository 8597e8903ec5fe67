// The report of a benchmark, in Markdown.
import { hopCases, type HopCase, type HopSample } from './hop.js';
import type { MemoryFigures } from './memory.js';
import { MB, unsignedSender } from './messages.js';
import { filters, type Filter } from './postfix-filters.js';
import { figure, median, ratio, spread, table } from './statistics.js';

export interface Results {
  readonly machine: readonly string[];
  readonly rounds: number;
  /** By name of case. */
  readonly hop: ReadonlyMap<string, readonly HopSample[]>;
  /** By the RSA key, and by the one on P-256. */
  readonly bare: readonly HopSample[];
  readonly bareEcdsa: readonly HopSample[];
  readonly memory: MemoryFigures;
  /** Messages a second, or why there are none. */
  readonly postfix: ReadonlyMap<Filter, readonly number[]> | string;
}

export function report(results: Results): string {
  return `# Benchmark of Postseal

${results.machine.join('\n')}
- RSA-2048 where nothing else is said, SHA-256; ${runs(results.rounds)}

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
  const bareEcdsa = median(results.bareEcdsa.map(s => s.cpu));
  const [signed, unsigned, ecdsa] = ['signed, 10 KB', 'unsigned, 10 KB', 'signed, 10 KB, ECDSA P-256'];
  const megabyte = (name: string): string =>
    `- ${name}: ${figure(rateOf(results, name))} msg/s, ${figure(cpuOf(results, name))} ms CPU a MB, opaque ${figure(cpuOf(results, `${name}, opaque`))} ms`;
  return [
    `- signed 10 KB: ${figure(rateOf(results, signed))} msg/s, ${figure(cpuOf(results, signed))} ms CPU = ${ratio(cpuOf(results, signed), bare)} the bare signature, ${ratio(cpuOf(results, signed), cpuOf(results, unsigned))} the unsigned hop`,
    `- the same with ECDSA P-256: ${figure(cpuOf(results, ecdsa))} ms CPU, of which the bare signature is ${figure(bareEcdsa)} ms; unsigned: ${figure(cpuOf(results, unsigned))} ms`,
    megabyte('signed, 1 MB attachment'),
    megabyte('signed, 1 MB of 8-bit text'),
    ...(typeof results.postfix === 'string' ? [] : [against(results.postfix)]),
    `- ${results.memory.size} MB message: ${growth(results.memory)} more resident memory than 10 KB messages`,
  ].join('\n');
}

function against(postfix: ReadonlyMap<Filter, readonly number[]>): string {
  const [postseal, nothing, script] = (['postseal', 'nothing', 'script'] as const).map(f =>
    median(postfix.get(f)!),
  );
  const share = Math.round((100 * postseal!) / nothing!);
  return `- in a Postfix: ${figure(postseal!)} msg/s = ${share} % of a filter that does nothing, ${ratio(postseal!, script!)} the shell script`;
}

function hopTable(results: Results): string {
  const bare = median(results.bare.map(s => s.cpu));
  const rows = hopCases.map(one => {
    const samples = results.hop.get(one.name)!;
    const rate = spread(samples.map(s => s.perSecond));
    if (one.sender === undefined) return [one.name, rate, '', '', '', ''];
    const cpus = samples.map(s => s.cpu);
    const same = (c: HopCase): boolean => c.sender === unsignedSender && c.size === one.size;
    const unsigned = one.reconnect ? undefined : hopCases.find(same);
    return [
      one.name,
      rate,
      `${spread(cpus)} ms`,
      unsigned ? ratio(median(cpus), cpuOf(results, unsigned.name)) : '',
      ratio(median(cpus), bare),
      one.size === MB ? `${figure(median(cpus))} ms` : '',
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
    [...rows, signature('', results.bare), signature(', ECDSA P-256', results.bareEcdsa)],
  );
}

const filterNames: Record<Filter, string> = {
  none: 'no filter',
  nothing: 'a filter that does nothing (smtp transport to its own return port)',
  postseal: 'Postseal (smtp transport)',
  script: 'shell script, `openssl cms -sign`, sendmail (pipe transport)',
};

function postfixTable({ postfix }: Results): string {
  if (typeof postfix === 'string') return `Not measured: ${postfix}.`;
  const [nothing, script] = [median(postfix.get('nothing')!), median(postfix.get('script')!)];
  const rows = filters.map(filter => {
    const samples = postfix.get(filter)!;
    return [
      filterNames[filter],
      spread(samples),
      ratio(median(samples), nothing),
      ratio(median(samples), script),
    ];
  });
  return table(['filter', 'messages a second', '× nothing', '× script'], rows);
}

function growth({ highestBefore, during, duringSecond, duringOpaque }: MemoryFigures): string {
  const most = Math.max(during, duringSecond, duringOpaque);
  return `${figure(Math.max(0, most - highestBefore))} MB`;
}

function memoryLines(memory: MemoryFigures): string {
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
      ['growth: the most with, less the most without', growth(memory)],
    ],
  );
}
