// Where the main thread's time goes: `node --import tsx test/bench/profile.ts [text|8-bit text|attachment] [KB] [count]`.
// Runs postseal serve from dist under --cpu-prof and prints self times, by group and by function.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from '../support/service.js';
import { type Kind, KB, message, recipient, signedSender } from './messages.js';
import { cpuTime } from './proc.js';
import { Setting, Sink, smtpSource } from './setting.js';
import { figure, table } from './statistics.js';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What --cpu-prof writes, as far as it is used; times in microseconds. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: number[] }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const [kind = 'text', kilobytes = '10', count = '10000'] = process.argv.slice(2);

/** Self time by function; native functions are told apart by who called them. */
function selfTimes(profile: Profile): Map<string, number> {
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

function top(times: ReadonlyMap<string, number>, busy: number, messages: number, rows: number): string {
  const sorted = [...times].filter(([name]) => !name.startsWith('(idle)')).sort((a, b) => b[1] - a[1]);
  return table(
    ['self time on the main thread', '%', 'µs a message'],
    sorted
      .slice(0, rows)
      .map(([name, time]) => [name, ((100 * time) / busy).toFixed(1), figure(time / messages)]),
  );
}

const setting = Setting.create();
try {
  const sink = await Sink.start();
  // Made for its ini file; what is measured is another process with the same.
  const { service: first, port } = await setting.serve('profile', sink.port);
  await first.stop();
  mkdirSync(setting.path('profiles'));
  const service = await Service.start({
    config: setting.path('profile.ini'),
    journal: setting.path('profile.journal'),
    nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${setting.path('profiles')}`, '--cpu-prof-interval', '250'],
  });
  const file = setting.file('profile.eml', message(kind as Kind, Number(kilobytes) * KB, signedSender));
  const messages = Number(count);
  const before = cpuTime(service.pid);
  await smtpSource({ port, sender: signedSender, recipient, file, count: messages });
  const cpu = (cpuTime(service.pid) - before) / messages;
  await service.stop();
  await sink.stop();

  const [name] = readdirSync(setting.path('profiles'));
  const profile = JSON.parse(readFileSync(join(setting.path('profiles'), name!), 'utf8')) as Profile;
  const times = selfTimes(profile);
  const busy = [...times].reduce((sum, [n, time]) => (n.startsWith('(idle)') ? sum : sum + time), 0);
  const groups = new Map<string, number>();
  for (const [n, time] of times) groups.set(group(n), (groups.get(group(n)) ?? 0) + time);
  process.stdout.write(
    `${messages} × ${kilobytes} KB ${kind}: ${figure(cpu)} ms CPU a message under the profiler, ` +
      `${figure(busy / 1000 / messages)} ms of it on the main thread\n\n` +
      `${top(groups, busy, messages, 30)}\n\n${top(times, busy, messages, 60)}\n`,
  );
} finally {
  setting.remove();
}
