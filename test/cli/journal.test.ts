// `postseal journal`: what it finds in an event log, how it shows it, and how it follows one that grows.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toText } from '../../src/cli/journal-report.js';
import { journalHelp } from '../../src/cli/journal.js';
import { parseEvent, toLine, type Event, type Outcome } from '../../src/events/event.js';
import { Postseal, postseal, type Result } from './command.js';

const root = mkdtempSync(join(tmpdir(), 'postseal-cli-journal-'));
let count = 0;
let directory: string;
let log: string;
let running: Postseal[] = [];

beforeEach(() => {
  directory = join(root, String(++count));
  mkdirSync(directory);
  log = join(directory, 'events.json');
});

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  for (const process of running) await process.end();
  running = [];
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function event(queueId: string, more: Partial<Event> & { ts?: string } = {}): Event {
  const { ts = '2024-11-08T07:38:42.224Z', ...rest } = more;
  return {
    meta: {
      event: {
        type: 'SMIME_SIGNING',
        phase: 'PROCESS',
        state: 'INTERMEDIATE',
        subType: 'OK',
        description: '',
        ts,
      },
    },
    queueId,
    outcome: 'signed',
    sender: 'billing@example.com',
    recipients: ['kim@example.net'],
    rule: 'invoices',
    reply: '250 2.0.0 Ok: queued as 4bX',
    size: 236,
    milliseconds: 71,
    ...rest,
  };
}

const lines = (...events: Event[]): string => events.map(e => `${toLine(e)}\n`).join('');

/** With a local time that is known. */
async function run(args: readonly string[], environment = {}): Promise<Result> {
  const process = Postseal.start(['journal', ...args], [], { TZ: 'Europe/Berlin', ...environment });
  process.write('');
  return process.end();
}

/** The queue ids of what it finds. */
async function found(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(['--file', log, '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').flatMap(line => parseEvent(line)?.queueId ?? []);
}

const mixed: Event[] = [
  event('1', { ts: '2024-11-06T10:00:00.000Z' }),
  event('2', { outcome: 'unsigned', rule: 'staff', recipients: ['Lee@Example.ORG', 'kim@example.net'] }),
  event('3', { outcome: 'deferred', sender: 'anna@example.com' }),
  event('4', { outcome: 'rejected', sender: '', recipients: [], ts: '2024-11-08T23:30:00.000Z' }),
  event('4', { ts: '2024-11-09T10:00:00.000Z', recipients: ['bob@x.example'] }),
];

describe.concurrent('searching', () => {
  const mixedLog = join(root, 'mixed.json');
  writeFileSync(mixedLog, lines(...mixed));

  test.each<[string[], string[]]>([
    [[], ['1', '2', '3', '4', '4']],
    [
      ['--queue-id', '4'],
      ['4', '4'],
    ],
    [['--rule', 'staff'], ['2']],
    [
      ['--outcome', 'deferred', '--outcome', 'rejected'],
      ['3', '4'],
    ],
    [['--address', 'lee@example.org'], ['2']],
    [
      ['--address', 'billing@*'],
      ['1', '2', '4'],
    ],
    [
      ['--address', '/^anna@|^bob@/'],
      ['3', '4'],
    ],
    [
      ['--since', '2024-11-08'],
      ['2', '3', '4', '4'],
    ],
    [
      ['--since', '2024-11-08T07:38:42.224Z', '--until', '2024-11-08T23:30Z'],
      ['2', '3'],
    ],
    // Berlin is an hour ahead: half past eleven at night is the day after.
    [['--since', '2024-11-09', '--until', '2024-11-09 01:00'], ['4']],
    [['--queue-id', '4', '--outcome', 'signed'], ['4']],
    [
      ['--last', '2'],
      ['4', '4'],
    ],
    [['--last', '2', '--outcome', 'deferred'], ['3']],
    [['--last', '0'], []],
    [['--queue-id', '5'], []],
    [
      ['--queue-id', '1', '--queue-id', '3'],
      ['1', '3'],
    ],
    [
      ['--rule', 'staff', '--rule', 'invoices', '--last', '2'],
      ['4', '4'],
    ],
    [
      ['--address', ' <lee@example.org> ', '--address', 'bob@x.example'],
      ['2', '4'],
    ],
    [['--address', 'jö@xn--bcher-kva.example'], []],
  ])('%j', async (args, ids) => {
    const { code, stdout } = await run(['--file', mixedLog, '--json', ...args]);
    expect(code).toBe(0);
    expect(stdout.split('\n').flatMap(line => parseEvent(line)?.queueId ?? [])).toEqual(ids);
  });
});

describe('what is read', () => {
  test('rotated logs come first, oldest of all the oldest; only as many as --last needs', async () => {
    writeFileSync(`${log}.2.gz`, gzipSync(lines(event('1'), event('2'))));
    writeFileSync(`${log}.1`, lines(event('3')));
    writeFileSync(log, lines(event('4'), event('5')));
    expect(await found()).toEqual(['1', '2', '3', '4', '5']);
    expect(await found('--last', '4')).toEqual(['2', '3', '4', '5']);
    writeFileSync(`${log}.2.gz`, 'damaged');
    expect(await found('--last', '3')).toEqual(['3', '4', '5']);
    // What is newer is told all the same.
    const { code, stdout, stderr } = await run(['--file', log, '--json']);
    expect({ code, stdout, stderr }).toEqual({
      code: 66,
      stdout: lines(event('3'), event('4'), event('5')),
      stderr: `postseal: ${log}.2.gz: cannot be read (Z_DATA_ERROR)\n`,
    });
  });

  test('rotated logs with a date; what is packed otherwise is named', async () => {
    writeFileSync(`${log}-20241102.gz`, gzipSync(lines(event('1'))));
    writeFileSync(`${log}-20241026.xz`, '');
    writeFileSync(log, lines(event('2')));
    const { code, stdout, stderr } = await run(['--file', log, '--json']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: lines(event('1'), event('2')) });
    expect(stderr).toBe(`postseal: not read, as they are not packed with gzip: ${log}-20241026.xz\n`);
  });

  test('the last of many, in their order', async () => {
    writeFileSync(log, lines(...Array.from({ length: 1000 }, (_, i) => event(`${i}`))));
    expect(await found('--last', '3')).toEqual(['997', '998', '999']);
    expect(await found('--last', '999')).toHaveLength(999);
    expect((await found('--last', '5000'))[0]).toBe('0');
  });

  test('an address in its canonical form, too; a last line without an end; nothing that a terminal obeys', async () => {
    const foreign = toLine(event('2')).replace('"signed"', '"signed\\u001b[31m"');
    writeFileSync(log, `${foreign}\n${toLine(event('1', { sender: 'jö@bücher.example' }))}`);
    const { code, stdout, stderr } = await run(['--file', log, '--address', 'jö@xn--bcher-kva.example']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'postseal: lines skipped that are no events: 1\n' });
    expect(Buffer.from(stdout, 'latin1').toString()).toContain('  1  signed    <jö@bücher.example>');
  });

  test('standard input', async () => {
    const process = Postseal.start(['journal', '--file', '-', '--json']);
    process.write(lines(event('1'), event('2')));
    expect(await process.end()).toMatchObject({ code: 0, stdout: lines(event('1'), event('2')), stderr: '' });
  });

  test('a pipe', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reading = run(['--file', pipe, '--json']);
    await writeFile(pipe, lines(event('1')));
    expect(await reading).toMatchObject({ code: 0, stdout: lines(event('1')), stderr: '' });
  });

  test('a log that was rotated and not yet written to again', async () => {
    writeFileSync(`${log}.1`, lines(event('1')));
    expect(await found()).toEqual(['1']);
  });

  test('several logs, one of them packed', async () => {
    const packed = join(directory, 'old.json.gz');
    writeFileSync(packed, gzipSync(lines(event('1'))));
    writeFileSync(log, lines(event('2')));
    expect(await found('--file', packed)).toEqual(['2', '1']);
  });

  test('the log that the ini file names; its certificates are not looked for', async () => {
    const ini = join(directory, 'postseal.ini');
    writeFileSync(log, lines(event('1')));
    writeFileSync(ini, `[events]\nfile = ${log}\n[certificate:gone]\nfile = gone.p12\n`);
    const { code, stdout, stderr } = await run(['--config', ini, '--json']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: lines(event('1')), stderr: '' });
  });

  test('an ini file that names none: 78, and what to write', async () => {
    const ini = join(directory, 'postseal.ini');
    writeFileSync(ini, '[journal]\ndebug = no\n');
    const { code, stderr } = await run(['--config', ini]);
    expect(code).toBe(78);
    expect(stderr).toBe(
      `${ini}: [events] names no file: write file = /var/log/postseal/events.json there and reload the service, or name one with --file\n`,
    );
  });

  test('lines that are no events are skipped and counted, half a line at the end too', async () => {
    const half = toLine(event('3')).slice(0, 50);
    writeFileSync(
      log,
      `${lines(event('1'))}{"half\nnull\n${'x'.repeat(2_000_000)}\n\n${lines(event('2'))}${half}`,
    );
    const { code, stdout, stderr } = await run(['--file', log, '--json']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: lines(event('1'), event('2')) });
    expect(stderr).toBe('postseal: lines skipped that are no events: 4\n');
  });

  test.each([
    ['is not there', '/does/not/exist.json', 'does not exist'],
    ['is a directory', '/etc', 'cannot be read (EISDIR)'],
    ['is below a file', '/dev/null/events.json', 'cannot be read (ENOTDIR)'],
  ])('a log that %s: 66', async (_, file, words) => {
    const { code, stdout, stderr } = await run(['--file', file]);
    expect({ code, stdout, stderr }).toEqual({
      code: 66,
      stdout: '',
      stderr: `postseal: ${file}: ${words}\n`,
    });
  });
});

describe('for people', () => {
  test('each event says what became of whose mail, why, and what was answered', async () => {
    const expired = 'S/MIME certificate is expired: billing';
    writeFileSync(
      log,
      lines(
        event('81073210550', { certificate: 'billing' }),
        event('8BB79210551', {
          outcome: 'unsigned',
          reason: 'exception news',
          recipients: ['a@x.example', 'b@x.example'],
        }),
        event('99319210558', { outcome: 'deferred', reason: expired, reply: `451 4.7.5 ${expired}` }),
        event('NOQUEUE', { outcome: 'rejected', sender: '', recipients: [], reply: '554 5.4.6 Mail loop' }),
      ),
    );
    const { stdout } = await run(['--file', log]);
    expect(stdout)
      .toBe(`2024-11-08 08:38:42  81073210550  signed    <billing@example.com> -> <kim@example.net>
    rule=invoices certificate=billing
    250 2.0.0 Ok: queued as 4bX
2024-11-08 08:38:42  8BB79210551  unsigned  <billing@example.com> -> <a@x.example>, <b@x.example>
    rule=invoices (exception news)
    250 2.0.0 Ok: queued as 4bX
2024-11-08 08:38:42  99319210558  deferred  <billing@example.com> -> <kim@example.net>
    rule=invoices
    451 4.7.5 S/MIME certificate is expired: billing
2024-11-08 08:38:42  NOQUEUE  rejected  <> -> undecided
    rule=invoices
    554 5.4.6 Mail loop
`);
  });

  test('many recipients are counted', () => {
    const recipients = Array.from({ length: 25 }, (_, i) => `r${i}@x.example`);
    const text = toText(event('1', { recipients, moreRecipients: 100 }));
    expect(text).toContain('<r19@x.example> and 105 more\n');
  });

  test.each<Outcome>(['signed', 'unsigned', 'deferred', 'rejected'])(
    '%s has a colour, where there are any',
    outcome => {
      const plain = toText(event('1', { outcome }));
      const { isTTY } = process.stdout;
      process.stdout.isTTY = true;
      const coloured = toText(event('1', { outcome }));
      process.stdout.isTTY = isTTY;
      expect(plain).not.toContain('\x1b');
      expect(coloured.replace(/\x1b\[(?:\d\d|0)m/g, '')).toBe(plain);
      expect(coloured).toContain(`m${outcome}`);
    },
  );

  test('nothing in a log is obeyed by a terminal, whoever wrote it', async () => {
    const hostile = 'a\x1b[2Jb\x9b31m\r\nc\u202e';
    const all = {
      sender: hostile,
      recipients: [hostile],
      rule: hostile,
      certificate: hostile,
      reply: hostile,
    };
    const bare = JSON.stringify(event(hostile, { ...all, reason: `${hostile}!`, warning: hostile }));
    writeFileSync(log, `${bare}\n`);
    for (const args of [[], ['--json']]) {
      const process = Postseal.start(['journal', '--file', log, ...args]);
      const { stdout } = await process.end();
      expect(Buffer.from(stdout, 'latin1').toString()).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      expect(stdout).toContain('\\u001b[2Jb\\u009b31m');
    }
  });
});

describe('--follow', () => {
  function follow(...args: string[]): Postseal {
    const process = Postseal.start(['journal', '--follow', '--json', '--file', log, ...args]);
    running.push(process);
    return process;
  }

  test('begins with the last ten, and goes on through rotation until a signal ends it with 0', async () => {
    writeFileSync(`${log}.1`, lines(event('old')));
    writeFileSync(log, lines(...Array.from({ length: 12 }, (_, i) => event(`first-${i}`))));
    const process = follow();
    await process.says('first-11');
    expect(process.output).not.toMatch(/old|first-1"/);
    appendFileSync(log, lines(event('second')).slice(0, 30));
    appendFileSync(log, lines(event('second')).slice(30));
    await process.says('second');
    renameSync(log, `${log}.1`);
    appendFileSync(`${log}.1`, lines(event('third')));
    await process.says('third');
    writeFileSync(log, lines(event('fourth')));
    await process.says('fourth');
    // Truncated, as logrotate's copytruncate does it; it is shorter than it was.
    writeFileSync(log, lines(event('5')));
    await process.says('"queueId":"5"');
    process.signal('SIGTERM');
    const { code, stdout, stderr } = await process.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const ids = stdout.split('\n').flatMap(line => parseEvent(line)?.queueId ?? []);
    expect(ids.slice(-5)).toEqual(['first-11', 'second', 'third', 'fourth', '5']);
    expect(ids).toHaveLength(14);
  });

  test('waits for a log that is not there yet, and shows what is asked for', async () => {
    const process = follow('--outcome', 'deferred');
    await process.says('does not exist yet');
    writeFileSync(log, lines(event('1'), event('2', { outcome: 'deferred' }), event('3')));
    appendFileSync(log, lines(event('4', { outcome: 'deferred' })));
    await process.says('"queueId":"4"');
    process.signal('SIGINT');
    const { code, stdout, stderr } = await process.end();
    const waiting = `postseal: ${log} does not exist yet, waiting for it\n`;
    expect({ code, stderr }).toEqual({ code: 0, stderr: waiting });
    expect(stdout.split('\n').flatMap(line => parseEvent(line)?.queueId ?? [])).toEqual(['2', '4']);
  });

  test('ends without a word once nobody reads it', async () => {
    writeFileSync(log, lines(event('1')));
    const process = follow();
    await process.says('"queueId":"1"');
    process.closeOutput();
    appendFileSync(log, lines(event('2')));
    const { stderr } = await process.end();
    expect(stderr).toBe('');
  });

  test.each([
    [['--file', 'a.json', '--file', 'b.json'], '--follow takes one --file'],
    [['--file', 'a.json.gz'], '--follow: nothing comes to a .gz'],
    [['--file', 'a.json', '--until', 'today'], '--until and --follow: keep one of the two'],
    [['--file', '/etc'], '--follow: /etc is not a file that grows'],
    [['--file', '-'], '--follow: - is not a file that grows'],
  ])('takes one log that grows: %j', async (args, words) => {
    const { code, stderr } = await run(['-f', ...args]);
    expect(code).toBe(64);
    expect(stderr).toContain(words);
  });
});

describe.concurrent('usage', () => {
  test.each([
    ['--since', 'last week', '--since: "last week" is no time: write 2024-11-08, "2024-11-08 07:38",'],
    ['--until', '2024-02-30', '--until: "2024-02-30" is no time'],
    ['--outcome', 'bounced', '--outcome: "bounced" is none of signed, unsigned, deferred, rejected'],
    ['--address', '/[/', '--address: regular expression /[/: '],
    ['--address', '/kim', '--address: regular expression /kim has no closing /'],
    ['--last', 'ten', '--last: "ten" is not a number'],
    ['--rule', '', '--rule: is empty'],
    ['--since', '\x1b[31m', '--since: "\\u001b[31m" is no time'],
  ])('%s %s: 64', async (option, value, words) => {
    const { code, stdout, stderr } = await postseal(['journal', option, value]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).toContain('Try: postseal journal --help');
  });

  test('the help names every option, in lines that fit', () => {
    const search = 'address queue-id rule outcome since until last follow json config file debug-file';
    const options = [...search.split(' '), 'debug', 'for', 'sender'];
    for (const option of options) expect(journalHelp).toMatch(new RegExp(`^ +(?:-\\w, +)?--${option} `, 'm'));
    for (const line of journalHelp.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });
});
