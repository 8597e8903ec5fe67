// Where the main thread's time goes: `node --import tsx test/bench/profile.ts [text|8-bit text|attachment] [KB] [count]`.
// Runs postseal serve from dist under --cpu-prof and adds up self times, by group and by function.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from '../support/service.js';
import { type Kind, KB, message, recipient, signedSender } from './messages.js';
import { cpuTime } from './proc.js';
import { Setting, Sink, smtpSource } from './setting.js';
import { figure } from './statistics.js';
import { table } from '../report/table.js';

export interface Profile {
  readonly kind: Kind;
  readonly kilobytes: number;
  readonly messages: number;
  /** Milliseconds a message, under the profiler: of the whole process, and of the main thread. */
  readonly cpu: number;
  readonly mainThread: number;
  /** Self times in microseconds a message, the longest first. */
  readonly groups: readonly Part[];
  readonly functions: readonly Part[];
}

type Part = readonly [name: string, microseconds: number];

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What --cpu-prof writes, as far as it is used; times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: number[] }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Self time by function; native functions are told apart by who called them. */
function selfTimes(profile: CpuProfile): Map<string, number> {
  const byId = new Map(profile.nodes.map(node => [node.id, node]));
  const parent = new Map(profile.nodes.flatMap(node => (node.children ?? []).map(child => [child, node.id])));
  const times = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const frame = byId.get(id)!.callFrame;
    const caller = frame.url === '' ? byId.get(parent.get(id) ?? -1)?.callFrame : undefined;
    const name = nameOf(frame) + (caller && caller.url !== '' ? ` ← ${nameOf(caller)}` : '');
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[i]!);
  });
  return times;
}

function nameOf({ functionName, url, lineNumber }: Frame): string {
  const place = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/dist\//, 'postseal/');
  return `${functionName || '(anonymous)'}${url === '' ? '' : ` ${place}:${lineNumber + 1}`}`;
}

/** Modules of ours and of Node one by one, packages whole; native functions with what called them. */
function group(name: string): string {
  const place = / ([^ ]+):\d+$/.exec(name)?.[1];
  if (place === undefined) return name;
  if (/^node:internal\/(?:streams|stream_base)|^node:(?:net|stream)/.test(place))
    return 'node: streams and sockets';
  return place.startsWith('postseal/') || place.startsWith('node:')
    ? place
    : place.replace(/\/(?:lib|dist|dest|esm)\/.*/, '');
}

function longest(times: ReadonlyMap<string, number>, messages: number): Part[] {
  return [...times]
    .filter(([name]) => !isIdle(name))
    .sort((a, b) => b[1] - a[1])
    .map(([name, time]) => [name, time / messages]);
}

function isIdle(name: string): boolean {
  return name.startsWith('(idle)');
}

export async function profile(
  setting: Setting,
  kind: Kind,
  kilobytes: number,
  messages: number,
): Promise<Profile> {
  const sink = await Sink.start();
  // Made for its ini file; what is measured is another process with the same.
  const { service: first, port } = await setting.serve('profile', sink.port);
  await first.stop();
  const directory = setting.path(`profiles ${kind}`);
  mkdirSync(directory);
  const service = await Service.start({
    config: setting.path('profile.ini'),
    journal: setting.path('profile.journal'),
    nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${directory}`, '--cpu-prof-interval', '250'],
  });
  const file = setting.file('profile.eml', message(kind, kilobytes * KB, signedSender));
  const before = cpuTime(service.pid);
  await smtpSource({ port, sender: signedSender, recipient, file, count: messages });
  const cpu = (cpuTime(service.pid) - before) / messages;
  await service.stop();
  await sink.stop();

  const [name] = readdirSync(directory);
  const times = selfTimes(JSON.parse(readFileSync(join(directory, name!), 'utf8')) as CpuProfile);
  const groups = new Map<string, number>();
  for (const [n, time] of times) groups.set(group(n), (groups.get(group(n)) ?? 0) + time);
  const busy = [...times].reduce((sum, [n, time]) => (isIdle(n) ? sum : sum + time), 0);
  return {
    ...{ kind, kilobytes, messages, cpu },
    mainThread: busy / 1000 / messages,
    groups: longest(groups, messages),
    functions: longest(times, messages),
  };
}

export function profileTable({ mainThread }: Profile, parts: readonly Part[]): string {
  return table(
    ['self time on the main thread', '%', 'µs a message'],
    parts.map(([name, time]) => [name, (time / 10 / mainThread).toFixed(1), figure(time)]),
  );
}

if (process.argv[1] === import.meta.filename) {
  const [kind = 'text', kilobytes = '10', count = '10000'] = process.argv.slice(2);
  const setting = Setting.create();
  try {
    const found = await profile(setting, kind as Kind, Number(kilobytes), Number(count));
    process.stdout.write(
      `${count} × ${kilobytes} KB ${kind}: ${figure(found.cpu)} ms CPU a message under the profiler, ` +
        `${figure(found.mainThread)} ms of it on the main thread\n\n` +
        `${profileTable(found, found.groups.slice(0, 30))}\n\n${profileTable(found, found.functions.slice(0, 60))}\n`,
    );
  } finally {
    setting.remove();
  }
}
