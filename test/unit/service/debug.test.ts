// The switch of the debug journal: for a while by command, for good by the ini file; what the journal says of it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { readConfig } from '../../../src/config/read.js';
import { Journal } from '../../../src/journal.js';
import { DebugSwitch, debugSettings } from '../../../src/service/debug.js';
import { address } from '../../support/golden-filter.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-debug-switch-'));
const path = join(directory, 'debug.json');
let said: string[];
let details: string[];
let journal: Journal;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    now: new Date('2024-11-08T07:00:00Z'),
  });
  said = [];
  details = [];
});

afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await journal.close();
  rmSync(path, { force: true });
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function configOf(journalSection: string, more = ''): Config {
  const { config } = readConfig('postseal.ini', `[journal]\n${journalSection}\n${more}`);
  if (!config) throw new Error('the ini file is wrong');
  return config;
}

function switchFor(config: Config, forced = false): DebugSwitch {
  const stream = new Writable({
    write(chunk, _, done) {
      const text = String(chunk).trimEnd();
      (text.startsWith('{') ? details : said).push(text.replace('postseal: the debug journal ', ''));
      done();
    },
  });
  journal = new Journal({ ...debugSettings(config, forced), stream, timestamps: false });
  return new DebugSwitch(journal, config, forced);
}

/** A message of this sender, as far as the debug journal is concerned. */
function message(sender: string): void {
  const trace = journal.trace({ sender: address(sender), recipients: [] });
  trace.identify('4bX', () => []);
  trace.done('4bX', {
    sender: address(sender),
    groups: [],
    size: 1,
    milliseconds: 1,
    reply: { code: 250, text: '2.0.0 Ok' },
  });
}

const minute = 60_000;

describe('by command', () => {
  test('it ends by itself; the journal says so, and before that every ten minutes that it is on', () => {
    const debug = switchFor(configOf(`debug_file = ${path}`));
    expect(debug.on(1800, ['*@example.com', '/^x@/'])).toEqual({
      to: path,
      switched: { until: '2024-11-08T07:30:00.000Z', senders: ['*@example.com', '/^x@/'] },
      ...{ messages: 0, octets: 0, lost: 0 },
    });
    const on = `is on for mail from *@example.com, /^x@/ until 2024-11-08T07:30:00.000Z, in ${path}; "postseal journal --debug off" switches it off`;
    expect(said).toEqual([on]);
    vi.advanceTimersByTime(10 * minute);
    expect(said).toEqual([on, on]);
    for (const sender of ['anna@example.com', 'x@example.org', 'y@example.org']) message(sender);
    vi.advanceTimersByTime(20 * minute - 1);
    expect(said).toEqual([on, on, on]);
    vi.advanceTimersByTime(1);
    expect(said.at(-1)).toMatch(/^is off \(its time is over\): 2 messages, \d+ octets written$/);
    message('anna@example.com');
    vi.advanceTimersByTime(100 * minute);
    expect(said).toHaveLength(4);
    expect(debug.state).toMatchObject({ to: path, messages: 2 });
    expect(debug.state.switched).toBeUndefined();
  });

  test('a second time it is for whom and how long that says, and what was written is counted on', () => {
    const debug = switchFor(configOf(''));
    debug.on(60, ['anna@example.com']);
    message('anna@example.com');
    debug.on(120, []);
    vi.advanceTimersByTime(minute);
    message('x@example.org');
    expect(said.at(-1)).toMatch(/^is on for all mail until 2024-11-08T07:02:00.000Z, on standard output; /);
    expect(debug.off()).toMatchObject({ messages: 2 });
    expect(said.at(-1)).toMatch(/^is off \(switched off\): 2 messages, /);
    // What was written before is not counted another time.
    expect(debug.on(60, [])).toMatchObject({ messages: 0, octets: 0 });
    vi.advanceTimersByTime(minute);
    expect(said.at(-1)).toMatch(/^is off \(its time is over\): 0 messages, 0 octets written$/);
    debug.off();
    expect(said).toHaveLength(5);
  });

  test('another ini file changes where it goes, not for whom and how long', async () => {
    const debug = switchFor(configOf(''));
    debug.on(120, ['anna@example.com']);
    const config = configOf(`debug_file = ${path}`);
    journal.reopen(debug.settings(config));
    debug.exchange(config);
    for (const sender of ['anna@example.com', 'x@example.org']) message(sender);
    expect(debug.state).toMatchObject({
      to: path,
      switched: { until: '2024-11-08T07:02:00.000Z', senders: ['anna@example.com'] },
    });
    vi.advanceTimersByTime(2 * minute);
    expect(said.at(-1)).toMatch(/^is off \(its time is over\): 1 message, /);
    vi.useRealTimers();
    await expect.poll(() => readFileSync(path, 'utf8').match(/"message":"done"/g)).toHaveLength(1);
    expect(details).toEqual([]);
  });

  test.each([
    ['', undefined, undefined],
    ['', directory, path],
    ['', `${directory}:/var/log/other`, path],
    [`debug_file = ${join(directory, 'other.json')}`, directory, join(directory, 'other.json')],
    // It is the event log.
    [`[events]\nfile = ${path}`, directory, undefined],
    // To standard output for good: it goes nowhere else for a while.
    ['debug = yes', directory, undefined],
  ])('with %j and the logs in %j it goes to %j', (section, logs, to = 'stdout') => {
    vi.stubEnv('LOGS_DIRECTORY', logs);
    expect(switchFor(configOf(section)).on(60, []).to).toBe(to);
  });

  test.each([
    ['kim', '"kim" has no @: write kim@example.com'],
    ['/[/', 'regular expression /[/: missing closing ]'],
  ])('a pattern that is wrong changes nothing: %s', (pattern, words) => {
    const debug = switchFor(configOf(''));
    expect(() => debug.on(60, ['anna@example.com', pattern])).toThrow(words);
    expect(said).toEqual([]);
  });

  test('a file that cannot be written changes nothing', () => {
    const debug = switchFor(configOf('debug_file = /dev/null/debug.json'));
    expect(() => debug.on(60, [])).toThrow('ENOTDIR');
    expect(debug.state.switched).toBeUndefined();
    message('anna@example.com');
    expect(details).toEqual([]);
  });

  test('the end of the service is one of it, too', () => {
    const debug = switchFor(configOf(''));
    debug.on(60, []);
    debug.close();
    expect(said.at(-1)).toBe('is off (the service ends): 0 messages, 0 octets written');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('for good', () => {
  const because = 'is on for all mail because of postseal.ini:2: [journal] debug = yes, on standard output';
  const mend = 'write debug = no there and reload the service to switch it off';

  test('the journal says at the start and each day that it is on, why, and how to end it', () => {
    const debug = switchFor(configOf('debug = yes'));
    debug.remind();
    vi.advanceTimersByTime(24 * 60 * minute);
    expect(said).toEqual([`${because}; ${mend}`, `${because}; ${mend}`]);
    const off = configOf('debug = no');
    journal.reopen(debug.settings(off));
    debug.exchange(off);
    debug.remind();
    vi.advanceTimersByTime(24 * 60 * minute);
    expect(said).toHaveLength(2);
  });

  test('by command it is on as well, and stays on when that is over', () => {
    const debug = switchFor(configOf('debug = yes'));
    debug.on(60, ['anna@example.com']);
    message('x@example.org');
    expect(said).toEqual([`${because}; ${mend}`]);
    expect(debug.off()).toMatchObject({ permanent: { mend } });
    expect(said.at(-1)).toMatch(
      /^stays on because of postseal.ini:2: \[journal\] debug = yes \(switched off\): 1 message, /,
    );
    message('x@example.org');
    expect(details.filter(line => line.includes('"done"'))).toHaveLength(2);
  });

  test('serve --debug is told as what it is', () => {
    switchFor(configOf(''), true).remind();
    expect(said).toEqual([
      'is on for all mail because of serve --debug, on standard output; restart the service without --debug to switch it off',
    ]);
  });
});
