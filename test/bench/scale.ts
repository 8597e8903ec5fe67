// `npm run bench -- --scale-up`: how start, decision and reload cost with thousands of certificates and rules.
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { Address } from '../../src/address.js';
import { decide } from '../../src/rules/decide.js';
import type { MessageFacts } from '../../src/rules/message.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import { goldenIdentity, policyFor, ruleFor } from '../support/golden-filter.js';
import { costOf, growing } from '../support/growth.js';
import { addressOf, directoryFor, iniOf, makePems, makePkcs12s, sectionsFor } from '../support/many.js';
import { freePort } from '../support/postfix.js';
import { Service } from '../support/service.js';
import { cpuTime, residentMemory } from './proc.js';
import { type Counted, keep, type Reload, type ScaleResults, type Start } from './results.js';
import { scaleSections } from './scale-report.js';
import { Setting } from './setting.js';
import { median } from './statistics.js';

/** What the ini file has; in brackets what there are so many of. */
function installations(setting: Setting, count: number): Readonly<Record<string, readonly string[]>> {
  const pems = makePems(setting.path(`pem${count}`), count);
  const p12s = makePkcs12s(setting.path(`p12-${count}`), pems[0]!, count);
  const plain = pems.map((_, i) => addressOf(i));
  const one = setting.path(`one${count}`);
  mkdirSync(one);
  const pem = setting.path(`pem${count}`);
  return {
    'PEM, a section and a rule each': sectionsFor(pems),
    'PEM, one directory and one rule': directoryFor(pem, ['*']),
    'PKCS#12, a section and a rule each': sectionsFor(p12s),
    'PKCS#12, one directory and one rule': directoryFor(setting.path(`p12-${count}`), ['*']),
    'rules of plain addresses': directoryFor(one, plain),
    'rules of domains': directoryFor(
      one,
      plain.map(a => a.replace(/.*@/, '*@')),
    ),
    'rules of regular expressions': directoryFor(
      one,
      plain.map(a => `/^${a}$/`),
    ),
    'rules over one directory of PEM': directoryFor(pem, plain),
  };
}

/** Until it is ready. */
async function start(setting: Setting, name: string, sections: readonly string[]): Promise<Start> {
  const config = setting.file('scale.ini', iniOf(await freePort(), sections));
  const began = performance.now();
  const service = await Service.start({ config, journal: setting.path('scale.journal'), patience: 600_000 });
  const seconds = (performance.now() - began) / 1000;
  const { highest: resident } = residentMemory(service.pid);
  const cpuSeconds = cpuTime(service.pid) / 1000;
  await service.stop();
  return { name, seconds, cpuSeconds, resident };
}

async function reload(setting: Setting, name: string, sections: readonly string[]): Promise<Reload> {
  const port = await freePort();
  const config = setting.file('pause.ini', iniOf(port, sections));
  const journal = setting.path('pause.journal');
  const service = await Service.start({ config, journal, patience: 600_000 });
  const socket = connect(port, '127.0.0.1');
  const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
  await replies.next();
  const longest = async (until: () => boolean): Promise<number> => {
    let most = 0;
    while (!until()) {
      const asked = performance.now();
      socket.write('NOOP\r\n');
      await replies.next();
      most = Math.max(most, performance.now() - asked);
      await setTimeout(5);
    }
    return most;
  };
  const end = performance.now() + 3000;
  const atRest = await longest(() => performance.now() > end);
  process.kill(service.pid, 'SIGHUP');
  const during = await longest(() => service.lines('reloaded in').length > 0);
  const took = Number(/reloaded in (\d+) ms/.exec(service.lines('reloaded in')[0]!)![1]);
  socket.destroy();
  await service.stop();
  return { name, atRest, during, took };
}

const kinds: Readonly<Record<string, (i: number) => string>> = {
  plain: addressOf,
  domain: i => `*@d${i}.example.com`,
  subdomains: i => `*@*.d${i}.example.com`,
  'wildcards in front of one domain': i => `user${i}-*@example.com`,
  'regular expressions': i => `/^user${i}@/`,
};

/** Microseconds of CPU time of a decision about a sender that the last rule alone is for. */
export async function decisionTime(kind: string, count: number): Promise<number> {
  const identity = await goldenIdentity('ec');
  const pattern = kinds[kind]!;
  const rules = Array.from({ length: count }, (_, i) =>
    ruleFor(identity, { name: `r${i}`, senders: parsePatterns(pattern(i)), mismatch: 'allow' }),
  );
  const policy = { ...policyFor(identity), rules };
  const last = count - 1;
  const senders: Readonly<Record<string, string>> = {
    subdomains: `a@b.d${last}.example.com`,
    'wildcards in front of one domain': `user${last}-a@example.com`,
  };
  const sender = Address.parse(senders[kind] ?? addressOf(last))!;
  const message: MessageFacts = {
    ...{ sender, from: [sender], fields: [], mediaType: 'text/plain', fileNames: [], size: 1000 },
    keyFailure: undefined,
    content: () => ({ fragile: [], unsignable: undefined, unprotectable: undefined }),
  };
  const now = new Date();
  const run = (): number => {
    const times = count >= 1000 ? 30 : 300;
    const before = process.cpuUsage().user;
    for (let i = 0; i < times; i++) decide(policy, message, [sender], now);
    return (process.cpuUsage().user - before) / times;
  };
  run();
  return median([run(), run(), run()]);
}

const reloaded = [
  'PEM, a section and a rule each',
  'PKCS#12, one directory and one rule',
  'rules of plain addresses',
];

async function counted(counts: readonly number[], cost: (n: number) => Promise<number>): Promise<Counted> {
  const pairs: [number, number][] = [];
  for (const n of counts) pairs.push([n, await cost(n)]);
  return pairs;
}

async function scaleUp(count: number): Promise<ScaleResults> {
  const progress = (name: string): void => void process.stderr.write(`${name}\n`);
  const decisions: Record<string, Counted> = {};
  for (const kind of Object.keys(kinds)) {
    progress(`decisions: ${kind}`);
    decisions[kind] = await counted([10, 100, 1000, 10_000], n => decisionTime(kind, n));
  }
  const messages: Record<string, Counted> = {};
  for (const [name, { most }] of Object.entries(growing)) {
    progress(`messages: ${name}`);
    await costOf(name, most); // once, so that it is compiled
    const fifths = [1, 2, 3, 4, 5].map(n => (n * most) / 5);
    messages[name] = await counted(fifths, async n =>
      median([await costOf(name, n), await costOf(name, n), await costOf(name, n)]),
    );
  }
  const setting = Setting.create();
  try {
    const all = installations(setting, count);
    const starts: Start[] = [];
    for (const [name, sections] of Object.entries(all)) {
      progress(`start: ${name}`);
      starts.push(await start(setting, name, sections));
    }
    const reloads: Reload[] = [];
    for (const name of reloaded) {
      progress(`reload: ${name}`);
      reloads.push(await reload(setting, name, all[name]!));
    }
    return { decisions, messages, count, starts, reloads };
  } finally {
    setting.remove();
  }
}

if (process.argv[1] === import.meta.filename) {
  const results = await scaleUp(Number(process.argv[2] ?? 10_000));
  keep('scale', results);
  process.stdout.write(scaleSections(results));
}
