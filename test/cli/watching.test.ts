// Who watches a running service: metrics, health and status after real messages, and the files made for Prometheus.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Status } from '../../src/service/snapshot.js';
import { get } from '../support/http.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { freePort } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { sendMail } from '../support/smtp-client.js';
import { Postseal, postseal } from './command.js';

const root = join(import.meta.dirname, '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'postseal-watching-'));
const ini = join(directory, 'postseal.ini');
const control = join(directory, 'control.sock');
const day = 86_400_000;

let returnPort: ReturnPort;
let service: Postseal;
let port: number;
let metricsPort: number;

function configure(more = ''): void {
  writeFileSync(
    ini,
    `[service]
listen = 127.0.0.1:${port}
return = 127.0.0.1:${returnPort.port}
control = ${control}
[metrics]
listen = 127.0.0.1:${metricsPort}
[events]
file = ${join(directory, 'events.json')}
[certificate:anna]
file = ${directory}/pki/anna.pem
[certificate:bert]
file = ${directory}/pki/bert.pem
[rule:anna]
sender = anna@example.com
certificate = anna
[rule:bert]
sender = bert@example.com
certificate = bert
sign = on-request
[exception:phones]
recipient = *@phones.example
${more}`,
  );
}

async function reload(words: string): Promise<void> {
  const told = service.output.length;
  service.signal('SIGHUP');
  await expect.poll(() => service.output.slice(told), { timeout: 10_000 }).toContain(words);
}

const contentOf = (sender: string): Buffer =>
  Buffer.from(`From: ${sender}\r\nSubject: Hello\r\n\r\nGood morning.\r\n`);

const send = (sender: string, id: string, ...recipients: string[]): Promise<string> =>
  sendMail({
    port,
    sender,
    recipients: ['bob@example.net', ...recipients],
    xforward: `IDENT=${id}`,
    content: [contentOf(sender)],
  });

const scrape = async (): Promise<string> => (await get(metricsPort, '/metrics')).body;

/** The value of a series as it is written: `name{label="value"}`. */
function value(text: string, series: string): number | undefined {
  const line = text.split('\n').find(l => l.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

beforeAll(async () => {
  const pki = makePki(join(directory, 'pki'));
  const inDays = (days: number): Date => new Date(Date.now() + (days + 0.5) * day);
  for (const [name, days] of [
    ['anna', 20],
    ['bert', 300],
  ] as const) {
    const { pem } = pki.issue({ name, addresses: [`${name}@example.com`], notAfter: inDays(days) });
    writeFileSync(join(directory, 'pki', `${name}.pem`), readFileSync(pem), { mode: 0o600 });
  }
  returnPort = await ReturnPort.start();
  [port, metricsPort] = [await freePort(), await freePort()];
  configure();
  service = Postseal.start(['serve', '--config', ini], [], { TZ: 'UTC' });
  await service.says('ready');
});

afterAll(async () => {
  service.signal('SIGKILL');
  await service.end();
  await returnPort.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a running service', () => {
  test('is alive and ready before the first message, as it asks the return port', async () => {
    expect(await get(metricsPort, '/health/live')).toMatchObject({ status: 200, body: '{"live":true}\n' });
    expect(await get(control, '/health/ready')).toMatchObject({
      status: 200,
      type: 'application/json',
      body: '{"ready":true,"reasons":[]}\n',
    });
    // Once for both, and for all who ask within a minute.
    await Promise.all([scrape(), get(metricsPort, '/health/ready')]);
    expect(returnPort.transcript.filter(line => line.includes('EHLO'))).toHaveLength(1);
  });

  test('counts what became of messages, and how long it took', async () => {
    await send('anna@example.com', '4bQueue1', 'kim@phones.example');
    await send('carl@example.org', '4bQueue2');
    returnPort.fault({ at: 'RCPT', reply: '450 4.2.0 Later', times: 1 });
    await expect(send('anna@example.com', '4bQueue3')).rejects.toThrow('450 4.2.0 Later');
    returnPort.fault({ at: 'dot', reply: '550 5.7.1 No', times: 1 });
    await expect(send('anna@example.com', '4bQueue4')).rejects.toThrow('550 5.7.1 No');

    const { status, type, body } = await get(metricsPort, '/metrics');
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    const messages = body.split('\n').filter(line => line.startsWith('postseal_messages_total{'));
    expect(messages.sort()).toEqual([
      'postseal_messages_total{rule="(none)",outcome="unsigned",code="250"} 1',
      'postseal_messages_total{rule="anna",outcome="deferred",code="450"} 1',
      'postseal_messages_total{rule="anna",outcome="rejected",code="550"} 1',
      'postseal_messages_total{rule="anna",outcome="signed",code="250"} 1',
      'postseal_messages_total{rule="anna",outcome="unsigned",code="250"} 1',
    ]);
    expect(value(body, 'postseal_recipients_total{outcome="unsigned"}')).toBe(2);
    expect(value(body, 'postseal_hop_seconds_count')).toBe(4);
    expect(value(body, 'postseal_hop_seconds_sum')).toBeLessThan(20);
    expect(value(body, 'postseal_signing_seconds_count{algorithm="RSA"}')).toBe(2);
    expect(value(body, 'postseal_signing_seconds_sum{algorithm="RSA"}')).toBeGreaterThan(0);
    expect(value(body, 'postseal_return_port_reply_seconds_count')).toBe(4);
    expect(value(body, 'postseal_received_bytes_total')).toBe(4 * contentOf('anna@example.com').length);
    expect(value(body, 'postseal_return_port_up')).toBe(1);
    expect(value(body, 'postseal_messages_in_flight')).toBe(0);
    const left = value(body, 'postseal_certificate_not_after_timestamp_seconds{certificate="anna"}')!;
    expect((left * 1000 - Date.now()) / day).toBeCloseTo(20.5, 1);
    expect(body).not.toMatch(/bob@|anna@|kim@/);
    expect((await get(control, '/metrics')).body).toContain('postseal_hop_seconds_count 4');
  });

  test('counts a message that is on its way', async () => {
    returnPort.fault({ at: 'dot', delay: 1500, times: 1 });
    const sent = send('anna@example.com', '4bQueue5');
    await expect.poll(async () => value(await scrape(), 'postseal_messages_in_flight')).toBe(1);
    const text = await scrape();
    expect(value(text, 'postseal_connections')).toBe(1);
    expect(value(text, 'postseal_return_port_connections{state="busy"}')).toBe(1);
    await sent;
  });

  test('tells its status, for people and for programs', async () => {
    const { code, stdout, stderr } = await postseal(['status', '--config', ini]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^postseal \S+, process \d+, since \d{4}-.*: ready\n/);
    expect(stdout).toMatch(/^ {2}return port {4}127\.0\.0\.1:\d+ up, last seen up \d{4}-/m);
    expect(stdout).toMatch(
      /^ {2}last deferral {2}\S+ \S+ 4bQueue3 from=<anna@example\.com>: 450 4\.2\.0 Later$/m,
    );
    expect(stdout).toMatch(/^ {2}since start {2}2 {7}2 {9}1 {9}1$/m);
    expect(stdout).toMatch(/^ {2}anna {2}20 {9}anna {3}anna@example\.com$/m);
    const json = await postseal(['status', '--config', ini, '--json']);
    const told = JSON.parse(json.stdout) as Status;
    expect(told).toMatchObject({
      reasons: [],
      messages: { sinceStart: { signed: 2, unsigned: 2, deferred: 1, rejected: 1 } },
      certificates: [
        { name: 'anna', daysLeft: 20, state: 'soon', rules: ['anna'] },
        { name: 'bert', state: 'valid' },
      ],
      events: { file: { waiting: 0, lost: 0 } },
      debug: { to: 'stdout' },
      reloads: { ok: 0, failed: 0 },
    });
  });
});

describe('a service that cannot do its work', () => {
  test('says so where its return port is gone, and that it is back with the next message', async () => {
    const { port: back } = returnPort;
    await returnPort.close();
    await expect(send('anna@example.com', '4bQueue6')).rejects.toThrow('451 4.4.');
    const { status, body } = await get(metricsPort, '/health/ready');
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({
      ready: false,
      reasons: [`The return port 127.0.0.1:${back} cannot be used: connection refused.`],
    });
    expect(value(await scrape(), 'postseal_return_port_up')).toBe(0);
    const { code, stdout, stderr } = await postseal(['status', '--config', ini]);
    expect(code).toBe(75);
    expect(stdout).toContain(': not ready\n');
    expect(stderr).toBe(`postseal: The return port 127.0.0.1:${back} cannot be used: connection refused.\n`);
    expect((await get(metricsPort, '/health/live')).status).toBe(200);

    returnPort = await ReturnPort.start({ port: back });
    await send('anna@example.com', '4bQueue6');
    expect((await get(metricsPort, '/health/ready')).status).toBe(200);
  });

  test('says so where a rule that must sign has no certificate, not where it signs on request', async () => {
    writeFileSync(join(directory, 'pki', 'bert.pem'), 'nothing\n');
    await reload('reloaded in');
    expect((await get(metricsPort, '/health/ready')).status).toBe(200);
    expect(value(await scrape(), 'postseal_certificates_unusable')).toBe(1);
    const good = readFileSync(join(directory, 'pki', 'anna.pem'));
    writeFileSync(join(directory, 'pki', 'anna.pem'), 'nothing\n');
    await reload('reloaded in');
    const { status, body } = await get(control, '/health/ready');
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({
      ready: false,
      reasons: ['Rule anna does not sign: it has no certificate that can be used.'],
    });
    const text = await scrape();
    expect(value(text, 'postseal_rules_unable_to_sign')).toBe(1);
    expect(text).not.toContain('certificate="anna"');
    writeFileSync(join(directory, 'pki', 'anna.pem'), good);
  });

  test('a reload that fails is seen, and what needs a restart is told', async () => {
    configure('[mistake]\n');
    await reload('kept the old configuration');
    const text = await scrape();
    expect(value(text, 'postseal_reloads_total{result="failed"}')).toBe(1);
    expect(value(text, 'postseal_reloads_total{result="ok"}')).toBe(2);
    expect(value(text, 'postseal_last_reload_successful')).toBe(0);
    expect((await postseal(['status', '--config', ini])).code).toBe(78);
    const before = metricsPort;
    metricsPort = await freePort();
    configure();
    metricsPort = before;
    await reload(`until then it is listen in [metrics] = 127.0.0.1:${before}`);
    expect(value(await scrape(), 'postseal_last_reload_successful')).toBe(1);
  });
});

describe('a socket for metrics', () => {
  test('is for our group, and serves nothing that steers', async () => {
    const socket = join(directory, 'metrics.sock');
    const other = join(directory, 'other.ini');
    writeFileSync(
      other,
      `[service]\nlisten = 127.0.0.1:${await freePort()}\nreturn = 127.0.0.1:${returnPort.port}\n[metrics]\nlisten = unix:${socket}\n`,
    );
    const process = Postseal.start(['serve', '--config', other]);
    await process.says('ready');
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    expect((await get(socket, '/metrics')).body).toContain('\npostseal_return_port_up 1\n');
    expect((await get(socket, '/status')).status).toBe(404);
    process.signal('SIGTERM');
    expect((await process.end()).code).toBe(0);
  });
});

/** Names of metrics as they stand in text, with those that histograms make of them. */
const metricNames = (text: string): string[] => [
  ...new Set(text.match(/\b(?:postseal|process|nodejs)_[a-z0-9_]+/g)),
];
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

describe('what is made for those who watch', () => {
  /** Of the lines of a real scrape. */
  const there = async (): Promise<string[]> => [
    ...new Set(
      (await scrape())
        .split('\n')
        .filter(line => line !== '' && !line.startsWith('#'))
        .map(line => /^\w+/.exec(line)![0]),
    ),
  ];

  test('the dashboard is JSON, and uses metrics that exist', async () => {
    const dashboard = JSON.parse(read('packaging', 'grafana', 'postseal.json')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const used = dashboard.panels.flatMap(p => p.targets.flatMap(({ expr }) => metricNames(expr)));
    expect(used.length).toBeGreaterThan(20);
    const known = await there();
    expect(used.filter(name => !known.includes(name))).toEqual([]);
  });

  test('the alerts use metrics that exist, and each has its test', async () => {
    const alerts = read('packaging', 'prometheus', 'alerts.yml');
    const used = metricNames(alerts);
    const known = await there();
    expect(used.length).toBeGreaterThan(8);
    expect(used.filter(name => !known.includes(name))).toEqual([]);
    const named = [...alerts.matchAll(/alert: (\w+)/g)].map(m => m[1]!);
    const tested = read('packaging', 'prometheus', 'alerts.test.yml');
    expect(named.filter(name => !new RegExp(`${name}\\n +exp_alerts:`).test(tested))).toEqual([]);
  });

  test('docs/watching.md has every metric with its kind, and no other', async () => {
    const text = await scrape();
    const real = [...text.matchAll(/^# TYPE (postseal_\w+) (\w+)$/gm)].map(m => `${m[1]!} ${m[2]!}`);
    const rows = read('docs', 'watching.md').matchAll(/^\| `(postseal_\w+)`.*?\| (\w+) \|/gm);
    expect([...rows].map(m => `${m[1]!} ${m[2]!}`).sort()).toEqual(real.sort());
  });
});

describeWithPeers('Prometheus', ['promtool'], () => {
  test('reads the metrics, and finds nothing about them to mend', async () => {
    const ours = (await scrape()).split('\n').filter(line => /^(?:# \w+ )?postseal_/.test(line));
    const input = `${ours.join('\n')}\n`;
    expect(execFileSync(peer('promtool'), ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
  });

  test('takes the alerts, and they go off when they should', () => {
    const at = join(root, 'packaging', 'prometheus');
    const run = (what: string, file: string): string =>
      execFileSync(peer('promtool'), [what, 'rules', file], { cwd: at, encoding: 'utf8' });
    expect(run('check', 'alerts.yml')).toContain('SUCCESS: 14 rules found');
    expect(run('test', 'alerts.test.yml')).toContain('SUCCESS');
  }, 60_000);
});
