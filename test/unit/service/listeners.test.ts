// Where the service listens for those who ask: what cannot be had is tried again, what listens stays where it is.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { parseEndpoint } from '../../../src/config/endpoint.js';
import { Journal } from '../../../src/journal.js';
import { json } from '../../../src/service/http.js';
import { Listeners } from '../../../src/service/listeners.js';
import { get } from '../../support/http.js';
import { installationOf } from './installations.js';

let directory: string;
let stream: PassThrough;
let listeners: Listeners;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postseal-listeners-'));
  stream = new PassThrough({ encoding: 'utf8' });
  const journal = new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false });
  const routes = { 'GET /': () => json(200, {}) };
  listeners = new Listeners(journal, { control: routes, watch: routes });
});

afterEach(async () => {
  await listeners.close();
  rmSync(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);

/** @param metrics as the ini file says it */
function config(control: string, metrics?: string): Config {
  const { config } = installationOf({}, []);
  const parsed = metrics === undefined ? undefined : parseEndpoint(metrics);
  const listen = parsed && 'value' in parsed ? parsed.value : undefined;
  return { ...config, service: { ...config.service, control }, metrics: listen ? { listen } : {} };
}

const told = (): string[] => (stream.read() as string | null)?.trimEnd().split('\n') ?? [];
const answers = (path: string): Promise<boolean> =>
  get(path, '/').then(
    () => true,
    () => false,
  );

test('what could not be had is tried again at the next reload, where the ini file says then', async () => {
  // An address for documentation (RFC 5737) is nobody's.
  await listeners.set(config(at('run/control.sock'), '192.0.2.7:9999'));
  expect(told()).toEqual([
    expect.stringMatching(/^postseal: no control socket: listen EACCES/),
    expect.stringMatching(/^postseal: no metrics: listen EADDRNOTAVAIL/),
  ]);
  mkdirSync(at('run'));
  await listeners.set(config(at('run/control.sock'), `unix:${at('metrics.sock')}`));
  expect(told()).toEqual([]);
  expect(await answers(at('run/control.sock'))).toBe(true);
  expect(await answers(at('metrics.sock'))).toBe(true);
});

test('what listens elsewhere than the ini file says needs a restart, which is said', async () => {
  await listeners.set(config(at('a.sock'), `unix:${at('m.sock')}`));
  await listeners.set(config(at('a.sock'), `unix:${at('m.sock')}`));
  expect(told()).toEqual([]);
  await listeners.set(config(at('b.sock')));
  const reload = (wanted: string, until: string): string =>
    `postseal: reload: ${wanted} needs a restart, until then it is ${until}`;
  expect(told()).toEqual([
    reload(`control = ${at('b.sock')}`, `control = ${at('a.sock')}`),
    reload('listen in [metrics] = (none)', `listen in [metrics] = unix:${at('m.sock')}`),
  ]);
  expect(await answers(at('a.sock'))).toBe(true);
  expect(await answers(at('b.sock'))).toBe(false);
});
