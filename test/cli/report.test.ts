// `postseal report` on an event log and what logrotate made of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/events/event.js';
import { Postseal, type Result } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-report-'));
const log = join(directory, 'events.json');
const ini = join(directory, 'postseal.ini');
writeFileSync(ini, `[events]\nfile = ${log}\n`);

function line(ts: string, queueId: string, outcome: Outcome, sender: string, rule?: string): string {
  const event = {
    meta: { event: { ts } },
    queueId,
    outcome,
    sender,
    recipients: ['bob@example.net'],
    ...(rule !== undefined && { rule }),
    ...(outcome === 'signed' && { certificate: sender.split('@')[0]! }),
    reply: '250 2.0.0 Ok',
    size: 1,
    milliseconds: 1,
  };
  return `${JSON.stringify(event)}\n`;
}

writeFileSync(
  `${log}.2.gz`,
  gzipSync(
    line('2024-10-31T23:59:59.999Z', 'before', 'signed', 'anna@example.com', 'staff') +
      line('2024-11-01T00:00:00.000Z', 'first', 'signed', 'anna@example.com', 'staff') +
      line('2024-11-02T10:00:00.000Z', 'late', 'deferred', 'anna@example.com', 'staff'),
  ),
);
writeFileSync(
  `${log}.1`,
  line('2024-11-03T10:00:00.000Z', 'late', 'signed', 'anna@example.com', 'staff') +
    line('2024-11-03T11:00:00.000Z', 'other', 'unsigned', '=cmd@example.com'),
);
writeFileSync(
  log,
  `${line('2024-11-04T10:00:00.000Z', 'bill', 'rejected', 'billing@example.com', 'invoices')}half a line\n${line('2024-12-01T00:00:00.000Z', 'after', 'signed', 'anna@example.com', 'staff')}`,
);

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function report(...args: string[]): Promise<Result> {
  const process = Postseal.start(['report', '--config', ini, ...args], [], { TZ: 'UTC' });
  process.write('');
  return process.end();
}

describe.concurrent('postseal report', () => {
  test('counts the messages of a month by sender and rule, through the rotated logs', async () => {
    const { code, stdout, stderr } = await report('--month', '2024-11');
    expect(stdout).toBe(`Messages from 2024-11-01 00:00:00 until before 2024-12-01 00:00:00
  SENDER                 RULE      SIGNED  UNSIGNED  DEFERRED  REJECTED
  <=cmd@example.com>     -         0       1         0         0
  <anna@example.com>     staff     2       0         0         0
  <billing@example.com>  invoices  0       0         0         1
  total                            2       1         0         1
`);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'postseal: lines skipped that are no events: 1\n',
    });
  });

  test('is CSV for spreadsheets, in which no sender is a formula', async () => {
    const { stdout } = await report('--month', '2024-11', '--csv');
    expect(stdout).toBe(
      [
        'sender,rule,signed,unsigned,deferred,rejected',
        "'=cmd@example.com,,0,1,0,0",
        'anna@example.com,staff,2,0,0,0',
        'billing@example.com,invoices,0,0,0,1',
        '',
      ].join('\r\n'),
    );
  });

  test('is JSON for programs, by another column and until another time', async () => {
    const { stdout } = await report('--until', '2024-11-03', '--by', 'certificate', '--json');
    expect(JSON.parse(stdout)).toEqual({
      until: '2024-11-03T00:00:00.000Z',
      rows: [
        { signed: 0, unsigned: 0, deferred: 1, rejected: 0, messages: 1 },
        { certificate: 'anna', signed: 2, unsigned: 0, deferred: 0, rejected: 0, messages: 2 },
      ],
      total: { signed: 2, unsigned: 0, deferred: 1, rejected: 0, messages: 3 },
    });
  });

  test('is about last month where nothing is said', async () => {
    const now = new Date();
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1)).toISOString();
    expect((await report()).stdout).toContain(`Messages from ${first.slice(0, 10)} 00:00:00 until before `);
  });

  test.each([
    [['--month', '2024-13'], '--month: "2024-13" is no month: write one as in 2024-11'],
    [['--month', '2024-11', '--since', '7d'], '--month and --since or --until: keep one of them'],
    [['--by', 'recipient'], '--by: "recipient" is none of sender, rule, certificate'],
    [['--json', '--csv'], '--json and --csv: keep one of the two'],
  ])('%j is a usage error', async (args, words) => {
    const { code, stderr } = await report(...args);
    expect(code).toBe(64);
    expect(stderr).toContain(words);
  });
});
