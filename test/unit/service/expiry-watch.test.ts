// The watch over certificates that expire: when it looks, what it tells again and what not, and its mail.
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Envelope, Recipient } from '../../../src/envelope.js';
import { Failure, type Reply } from '../../../src/failure.js';
import { Journal } from '../../../src/journal.js';
import { ExpiryWatch, type ExpiryHands } from '../../../src/service/expiry-watch.js';
import type { Told } from '../../../src/service/expiry.js';
import type { Installation } from '../../../src/service/load.js';
import { installationOf } from './installations.js';

const hour = 3_600_000;
let lines: string[];
let posted: { to: string[]; subject: string | undefined }[];
let kept: Told[];
/** What the return port does with the next messages. */
let answers: (() => ReadonlyMap<Recipient, Reply>)[];
let installation: Installation;
let watch: ExpiryWatch;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: new Date('2026-11-27T10:30:00Z') });
  [lines, posted, kept, answers] = [[], [], [], []];
});

afterEach(async () => {
  await watch.close();
  vi.useRealTimers();
});

/** @param end of billing's validity */
function setting(end: string, journal: string[] = []): Installation {
  const certificates = { billing: `billing@example.com 2026-01-01 ${end}` };
  return installationOf(certificates, ['r: certificate = billing'], journal);
}

async function start(
  given: Installation,
  mailed: Told = new Map(),
  more: Partial<ExpiryHands> = {},
): Promise<void> {
  installation = given;
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk).trimEnd());
      done();
    },
  });
  watch = new ExpiryWatch({
    installation: () => installation,
    journal: new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false }),
    clock: () => new Date(),
    id: () => '0',
    post: async (envelope: Envelope, content: Buffer) => {
      posted.push({
        to: envelope.recipients.map(r => r.address.text),
        subject: /^Subject: .*?: (.*)\r$/m.exec(content.toString())?.[1],
      });
      return Promise.resolve(answers.shift()?.() ?? new Map<Recipient, Reply>());
    },
    mailed,
    keep: async told => {
      kept.push(told);
      return Promise.resolve();
    },
    ...more,
  });
  await watch.look();
}

/** What it told since the last time, shortened. */
function told(): string[] {
  return lines
    .splice(0)
    .map(line => line.replace(/^postseal: certificate (\S+) \(.*?\) (.*?), and rule r has .*$/, '$1 $2'));
}

test('at the start it tells what is due, and from then on each threshold in its time, once', async () => {
  await start(setting('2026-12-06T18:00:00Z'));
  expect(told()).toEqual(['billing expires on 2026-12-06, in 9 days']);
  await vi.advanceTimersByTimeAsync(24 * hour);
  expect(told()).toEqual([]);
  const days: Record<string, string[]> = {};
  for (let day = 29; day < 29 + 12; day++) {
    const at = new Date(Date.UTC(2026, 10, day, 0, 0, 0));
    await vi.advanceTimersByTimeAsync(at.getTime() - Date.now());
    const said = told();
    if (said.length > 0) days[at.toISOString().slice(0, 10)] = said;
  }
  expect(days).toEqual({
    '2026-11-29': ['billing expires on 2026-12-06, in 7 days'],
    '2026-12-05': ['billing expires on 2026-12-06, in 1 day'],
    '2026-12-07': ['billing expired on 2026-12-06'],
  });
});

test('that it has expired is told at that moment', async () => {
  await start(setting('2026-11-27T12:45:00Z'));
  expect(told()).toEqual(['billing expires on 2026-11-27, in less than a day']);
  await vi.advanceTimersByTimeAsync(2.25 * hour);
  expect(told()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(told()).toEqual(['billing expired on 2026-11-27']);
});

test('a clock that is set is noticed within the hour, forward and back', async () => {
  await start(setting('2026-12-30'));
  expect(told()).toEqual([]);
  vi.setSystemTime(new Date('2026-12-24T10:30:00Z'));
  await vi.advanceTimersByTimeAsync(hour);
  expect(told()).toEqual(['billing expires on 2026-12-30, in 5 days']);
  installation = setting('2026-12-05');
  vi.setSystemTime(new Date('2026-11-27T10:30:00Z'));
  await vi.advanceTimersByTimeAsync(hour);
  expect(told()).toEqual(['billing expires on 2026-12-05, in 7 days']);
});

test('what a clock told that ran ahead once does not silence what comes in its time, in journal and mail', async () => {
  await start(setting('2027-06-01', mailing));
  vi.setSystemTime(new Date('2038-01-19T00:00:00Z'));
  await vi.advanceTimersByTimeAsync(hour);
  expect(told()).toEqual(['billing expired on 2027-06-01']);
  vi.setSystemTime(new Date('2027-01-01T00:00:00Z'));
  await vi.advanceTimersByTimeAsync(hour);
  expect(told()).toEqual([]);
  for (const [day, said] of [
    ['2027-05-10', 'billing expires on 2027-06-01, in 21 days'],
    ['2027-05-28', 'billing expires on 2027-06-01, in 3 days'],
    ['2027-06-02', 'billing expired on 2027-06-01'],
  ] as const) {
    vi.setSystemTime(new Date(`${day}T12:00:00Z`));
    await vi.advanceTimersByTimeAsync(hour);
    expect(told()).toEqual([said]);
    expect(posted.splice(0).at(-1)?.subject).toBe(`certificate ${said}`);
  }
});

test('of a certificate that is gone nothing is remembered', async () => {
  const first = setting('2026-12-06');
  await start(first);
  told();
  installation = setting('2027-12-06');
  await watch.look();
  installation = first;
  await watch.look();
  expect(told()).toEqual(['billing expires on 2026-12-06, in 8 days']);
});

test('a reload tells again of nothing but another certificate', async () => {
  await start(setting('2026-12-06'));
  told();
  await watch.look();
  expect(told()).toEqual([]);
  installation = setting('2026-12-20');
  await watch.look();
  expect(told()).toEqual(['billing expires on 2026-12-20, in 22 days']);
});

const mailing = ['warn_to = postmaster@example.com, anna@example.com'];
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test('a mail goes out for what is due, and for that not again', async () => {
  await start(setting('2026-12-06', mailing));
  await settled();
  const first = {
    to: ['postmaster@example.com', 'anna@example.com'],
    subject: 'certificate billing expires on 2026-12-06, in 8 days',
  };
  expect(posted).toEqual([first]);
  expect(kept).toEqual([new Map([['billing 2026-12-06T00:00:00.000Z', 14]])]);
  await watch.look();
  await settled();
  expect(posted).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(48 * hour);
  expect(posted.map(({ subject }) => subject)).toEqual([
    first.subject,
    'certificate billing expires on 2026-12-06, in 7 days',
  ]);
});

test('what an earlier run mailed is not mailed again, though it is in the journal', async () => {
  await start(setting('2026-12-06', mailing), new Map([['billing 2026-12-06T00:00:00.000Z', 14]]));
  await settled();
  expect(told()).toHaveLength(1);
  expect(posted).toEqual([]);
});

test('nobody is written to where nobody is named', async () => {
  await start(setting('2026-12-06'));
  await settled();
  expect(posted).toEqual([]);
});

test('where the return port is down it is tried again after a minute, and each hour until it goes out', async () => {
  const down = (): never => {
    throw new Failure('return-port-unreachable', 'connection refused');
  };
  answers = [down, down];
  await start(setting('2026-12-06', mailing));
  await settled();
  const complaint = (time: string): string =>
    `postseal: the mail about certificates that expire did not go out and is tried again in ${time}: ` +
    '451 4.4.1 Return port is not available: connection refused';
  expect([posted.length, told().slice(1)]).toEqual([1, [complaint('a minute')]]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([posted.length, told()]).toEqual([2, [complaint('an hour')]]);
  await vi.advanceTimersByTimeAsync(hour);
  expect([posted.length, told()]).toEqual([3, []]);
  await vi.advanceTimersByTimeAsync(3 * hour);
  expect(posted).toHaveLength(3);
  expect(kept).toHaveLength(1);
});

test('a recipient who is refused is told of, and the others are not written to twice', async () => {
  answers = [
    () => {
      const { warnTo } = installation.config.journal;
      return new Map([
        [
          { address: warnTo[1]!, parameters: [] },
          { code: 550, text: '5.1.1 No such user' },
        ],
      ]);
    },
  ];
  await start(setting('2026-12-06', mailing));
  await vi.advanceTimersByTimeAsync(2 * hour);
  expect(posted).toHaveLength(1);
  expect(lines[1]).toBe(
    'postseal: the mail about certificates that expire was refused to anna@example.com: 550 5.1.1 No such user',
  );
});

test('what cannot be kept is told', async () => {
  await start(setting('2026-12-06', mailing), new Map(), { keep: () => Promise.reject(new Error('ENOSPC')) });
  await settled();
  expect(lines[1]).toBe(
    'postseal: the mail about certificates that expire may go out again after a restart: ENOSPC',
  );
});

test('what is no longer in force is not kept', async () => {
  await start(setting('2026-12-06', mailing), new Map([['gone 2026-11-01T00:00:00.000Z', 0]]));
  await settled();
  expect([...kept[0]!.keys()]).toEqual(['billing 2026-12-06T00:00:00.000Z']);
});

test('once closed it tells nothing more', async () => {
  await start(setting('2026-11-27T12:45:00Z'));
  told();
  await watch.close();
  await vi.advanceTimersByTimeAsync(48 * hour);
  expect(told()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
