// What systemd is told, and when.
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Notify } from '../../src/service/notify.js';

beforeEach(() => {
  // Not those that the threads answer by.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function notify(watchdog?: number) {
  const said: string[][] = [];
  const it = { said, status: 'well', able: true, broken: false, failures: [] as string[] };
  const notify = new Notify({
    able: () => it.able,
    status: () => it.status,
    failed: why => it.failures.push(why),
    watchdog,
    send: state => {
      if (it.broken) return Promise.reject(new Error('no systemd-notify'));
      said.push([...state]);
      return Promise.resolve();
    },
  });
  return Object.assign(it, { notify });
}

/** Until the threads have answered. */
async function passes(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  for (let i = 0; i < 3; i++) await new Promise(resolve => setTimeout(resolve, 5));
}

const beat = ['WATCHDOG=1', 'STATUS=well'];

test('ready with the status; then the watchdog three times within its time, as long as mail can get in', async () => {
  const it = notify(3000);
  await passes(10_000);
  expect(it.said).toEqual([]);
  await it.notify.ready();
  expect(it.said.splice(0)).toEqual([['READY=1', 'STATUS=well']]);
  for (let i = 0; i < 3; i++) await passes(1000);
  expect(it.said.splice(0)).toEqual([beat, beat, beat]);
  it.able = false;
  await passes(1000);
  expect(it.said).toEqual([]);
});

test('the watchdog hears nothing while the threads that sign have no ear for us', async () => {
  const it = notify(3000);
  await it.notify.ready();
  const derive = promisify(pbkdf2);
  const work = Promise.all(Array.from({ length: 8 }, () => derive('', '', 300_000, 32, 'sha512')));
  await passes(1000);
  expect(it.said.slice(1)).toEqual([]);
  await work;
  await passes(0);
  expect(it.said.slice(1)).toEqual([beat]);
});

test('without a watchdog only a status that has changed', async () => {
  const it = notify();
  await it.notify.ready();
  await passes(60_000);
  it.status = 'better';
  await passes(60_000);
  await passes(60_000);
  expect(it.said.slice(1)).toEqual([['STATUS=better']]);
});

test('a reload with its time, ready again, and nothing after the end', async () => {
  const it = notify(3000);
  await it.notify.ready();
  const before = process.hrtime.bigint() / 1000n;
  void it.notify.reloading();
  await it.notify.ready();
  const [[, time], ...rest] = it.said.slice(1) as [[string, string]];
  expect(BigInt(/^MONOTONIC_USEC=(\d+)$/.exec(time)![1]!) - before).toBeLessThan(5_000_000n);
  expect(it.said[1]![0]).toBe('RELOADING=1');
  expect(rest).toEqual([['READY=1', 'STATUS=well']]);
  it.notify.stopping();
  await it.notify.ready();
  await passes(3000);
  expect(it.said.slice(3)).toEqual([['STOPPING=1']]);
});

test('a systemd that cannot be told is a line of the journal, once', async () => {
  const it = notify(3000);
  it.broken = true;
  await it.notify.ready();
  await passes(1000);
  expect(it.failures).toEqual(['no systemd-notify']);
  it.broken = false;
  await passes(1000);
  expect(it.said).toEqual([beat]);
});
