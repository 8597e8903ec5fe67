// Nothing costs more than in proportion: four times as much of anything takes at most eight times as long. CPU time, not
// time, and medians, as machines are busy; what is quadratic takes sixteen times.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read.js';
import { certificateStates } from '../../src/service/certificate-states.js';
import { unableRules } from '../../src/service/health.js';
import type * as loading from '../../src/service/load.js';
import { decisionTime } from '../bench/scale.js';
import { median } from '../bench/statistics.js';
import { entry } from '../support/entry.js';
import { costOf, growing } from '../support/growth.js';
import { addressOf, directoryFor, iniOf, makePems, makePkcs12s, sectionsFor } from '../support/many.js';
import { freePort } from '../support/postfix.js';
import { Service } from '../support/service.js';
import { installationOf } from '../unit/service/installations.js';

async function ratio(cost: (count: number) => Promise<number>, count: number): Promise<number> {
  await cost(count); // once, so that it is compiled
  const costs: [number, number][] = [];
  for (let i = 0; i < 3; i++) costs.push([await cost(count / 4), await cost(count)]);
  // Two milliseconds for what happens beside it.
  return median(costs.map(([, whole]) => whole)) / (2 + median(costs.map(([quarter]) => quarter)));
}

/** Of ratio: half way from 4 to 16. */
const atMost = 8;

async function cpu(work: () => unknown): Promise<number> {
  const before = process.cpuUsage().user;
  await work();
  return (process.cpuUsage().user - before) / 1000;
}

describe('a message with four times as many', () => {
  test.each(Object.entries(growing))('%s', { timeout: 120_000 }, async (name, { most }) => {
    expect(await ratio(n => costOf(name, n), most)).toBeLessThan(atMost);
  });
});

describe('decisions', () => {
  test.each(['plain', 'domain', 'subdomains'])('with a hundred times as many rules: %s', async kind => {
    const few = await decisionTime(kind, 100);
    // Room for noise; one by one it was a hundred times as much.
    expect(await decisionTime(kind, 10_000)).toBeLessThan(20 * few);
  });
});

describe('an ini file with four times as many', () => {
  const rules = (count: number, line: (i: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => `[rule:r${i}]\n${line(i)}`);
  const staff = '[certificates:all]\ndirectory = x';
  test.each<[string, (count: number) => string[]]>([
    ['rules', n => [staff, ...rules(n, i => `sender = ${addressOf(i)}\ncertificates = all`)]],
    ['rules of one sender', n => [staff, ...rules(n, () => 'sender = *@example.com\ncertificates = all')]],
    ['rules of certificates that there are not', n => rules(n, i => `sender = *\ncertificate = c${i}`)],
    [
      'exceptions for rules that there are not',
      n => [
        staff,
        ...rules(n, i => `sender = ${addressOf(i)}\ncertificates = all`),
        ...Array.from({ length: n }, (_, i) => `[exception:e${i}]\nrule = x${i}\nrecipient = *`),
      ],
    ],
    ['keys of one section', n => ['[signing]', ...Array.from({ length: n }, (_, i) => `k${i} = x`)]],
    ['sections', n => Array.from({ length: n }, (_, i) => `[certificate:c${i}]\nfile = x`)],
  ])('%s', { timeout: 60_000 }, async (_, sections) => {
    const cost = (n: number): Promise<number> => {
      const text = sections(n).join('\n');
      return cpu(() => readConfig('/etc/postseal.ini', text, 'mail.example.com'));
    };
    expect(await ratio(cost, 8000)).toBeLessThan(atMost);
  });
});

test('four times as many certificates of one mailbox', { timeout: 60_000 }, async () => {
  const installationWith = (n: number): loading.Installation => {
    const file = (i: number): [string, string] => [
      `staff/${i}.pem`,
      'anna@example.com 2026-01-01 2027-01-01',
    ];
    return installationOf(Object.fromEntries(Array.from({ length: n }, (_, i) => file(i))), [
      'all: certificates = staff',
    ]);
  };
  const made = new Map([5000, 20_000].map(n => [n, installationWith(n)]));
  const cost = (n: number): Promise<number> =>
    cpu(() => certificateStates(made.get(n)!, new Date('2026-06-01')));
  expect(await ratio(cost, 20_000)).toBeLessThan(atMost);
});

describe('certificates', () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-many-'));
  const count = 1000;
  let pems: string[];
  let load: typeof loading.load;

  beforeAll(async () => {
    // Threads read so many, and only what has been compiled runs in them.
    ({ load } = (await import(join(dirname(entry), 'service', 'load.js'))) as typeof loading);
    pems = makePems(join(directory, 'pem'), count);
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  /** What is done with all of them beside reading them, with as many rules. */
  test('four times as many, and four times as many rules over them', { timeout: 120_000 }, async () => {
    makePems(join(directory, 'quarter'), count / 4);
    const ini = join(directory, 'rules.ini');
    const cost = async (n: number): Promise<number> => {
      const from = join(directory, n === count ? 'pem' : 'quarter');
      const text = iniOf(
        1,
        directoryFor(
          from,
          pems.slice(0, n).map((_, i) => addressOf(i)),
        ),
      );
      writeFileSync(ini, text);
      return cpu(async () => {
        const result = await load(ini);
        if (!('installation' in result)) throw new Error('not loaded');
        const { installation } = result;
        const states = certificateStates(installation, new Date());
        expect(states).toHaveLength(n);
        expect(unableRules(installation.config.rules, states)).toEqual([]);
      });
    };
    expect(await ratio(cost, count)).toBeLessThan(atMost);
  });

  /** Far more than it takes: this is about what would take minutes. */
  test.each<[string, () => string[]]>([
    ['PEM in sections', () => sectionsFor(pems)],
    ['PEM in a directory', () => directoryFor(join(directory, 'pem'), ['*'])],
    ['PKCS#12 in sections', () => sectionsFor(makePkcs12s(join(directory, 'p12'), pems[0]!, count))],
  ])('a start with %s', { timeout: 60_000 }, async (name, sections) => {
    const config = join(directory, 'start.ini');
    writeFileSync(config, iniOf(await freePort(), sections()));
    const began = performance.now();
    const service = await Service.start({ config, journal: join(directory, `${name.length}.journal`) });
    expect(performance.now() - began).toBeLessThan(25_000);
    await service.stop();
  });
});
