// The journal: one line for each message, nothing that a terminal would obey, and nothing that is nobody's business.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { Address } from '../../src/address.js';
import type { Decision } from '../../src/decision.js';
import { Failure } from '../../src/failure.js';
import type { MessageEntry } from '../../src/entry.js';
import { Journal } from '../../src/journal.js';
import { describeDecision } from '../../src/sentence.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-journal-'));

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A journal and what it wrote. */
function journalOf(options: { debug?: boolean; debugFile?: string; timestamps?: boolean } = {}): {
  journal: Journal;
  written: () => string;
} {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  const { debug = false, debugFile = 'stdout', timestamps = false } = options;
  return { journal: new Journal({ debug, debugFile, timestamps, stream }), written: () => text };
}

const address = (text: string): Address => Address.parse(text)!;
const pass: Decision = { action: 'pass', reason: 'no rule for this sender' };
const entry = (more: Partial<MessageEntry> = {}): MessageEntry => ({
  sender: address('carl@example.org'),
  groups: [{ decision: pass, recipients: [address('bob@example.net')] }],
  size: 120,
  milliseconds: 7,
  reply: { code: 250, text: '2.0.0 Ok: queued as 4bX' },
  ...more,
});

/** What outside text may bring: line ends, escape sequences in 7 and 8 bits, line separators. */
const hostile = 'a\r\nb\x1b[2Jc\x9b31md\x7fe\u2028f\0g\x85h\x07';
const obeyed = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/;

describe('the line of a message', () => {
  test('tells all that matters, led by the queue id', async () => {
    const { journal, written } = journalOf();
    journal.message('4bXyZ1', entry());
    await journal.close();
    expect(written()).toBe(
      '4bXyZ1: from=<carl@example.org>, unsigned (no rule for this sender) to=<bob@example.net>, size=120, time=7ms, reply="250 2.0.0 Ok: queued as 4bX"\n',
    );
  });

  test('has a group for each decision', async () => {
    const { journal, written } = journalOf();
    const refuse: Decision = {
      action: 'refuse',
      rule: 'anna',
      failure: new Failure('expired', 'anna', true),
    };
    const groups = [
      {
        decision: { ...pass, rule: 'staff' } as Decision,
        recipients: [address('b@x.example'), address('c@x.example')],
      },
      { decision: refuse, recipients: [address('d@x.example')] },
    ];
    journal.message('X', entry({ groups }));
    await journal.close();
    expect(written()).toContain(
      'unsigned rule=staff (no rule for this sender) to=<b@x.example>,<c@x.example>; rejected rule=anna (S/MIME certificate is expired: anna) to=<d@x.example>,',
    );
  });

  test('says so where there was no decision', async () => {
    const { journal, written } = journalOf();
    journal.message('X', entry({ groups: [], sender: Address.null }));
    await journal.close();
    expect(written()).toMatch(/^X: from=<>, undecided, size=/);
  });

  test('names twenty recipients, and counts the others', async () => {
    const { journal, written } = journalOf();
    const recipients = Array.from({ length: 25 }, (_, i) => address(`r${i}@x.example`));
    journal.message('X', entry({ groups: [{ decision: pass, recipients }] }));
    await journal.close();
    expect(written()).toContain('<r19@x.example> and 5 more,');
    expect(written()).not.toContain('r20@');
  });

  test('stays one line of harmless text, whatever comes from outside', async () => {
    const { journal, written } = journalOf();
    const sender = address('x\x9b31m@evil.example');
    journal.message(hostile, entry({ sender, reply: { code: 550, text: hostile } }));
    journal.connectionFault(new Error(hostile));
    journal.clientRefused(hostile);
    journal.warning(hostile);
    journal.eventsFail('/var/log/events.json', hostile);
    journal.eventsLost('/var/log/events.json', 1, hostile);
    journal.internalFault(hostile, new Failure('internal', '', false, { cause: new Error(hostile) }));
    await journal.close();
    expect(written()).not.toMatch(obeyed);
    expect(written().trimEnd().split('\n')).toHaveLength(7);
  });

  test('begins with the time only where journald does not add it', async () => {
    const { journal, written } = journalOf({ timestamps: true });
    journal.message('X', entry());
    await journal.close();
    expect(written()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z X: /);
  });
});

test('an internal fault is told with its stack, in one line', async () => {
  const { journal, written } = journalOf();
  const failure = new Failure('internal', '', false, { cause: new TypeError('x is not a function') });
  journal.internalFault('X', failure);
  await journal.close();
  expect(written()).toMatch(
    /^X: internal error: TypeError: x is not a function \| at .*journal\.test\.ts.*\n$/,
  );
});

describe('decisions in words', () => {
  test.each<[Decision, string]>([
    [{ action: 'pass', reason: 'exception newsletter' }, 'unsigned (exception newsletter)'],
    [
      { action: 'pass', rule: 'anna', reason: 'no signature asked for', warning: 'X: "per\x07haps"' },
      'unsigned rule=anna (no signature asked for) (warning: X: "per haps")',
    ],
    [
      { action: 'refuse', failure: new Failure('no-rule', 'a@x'), warning: 'X is both' },
      'deferred (No rule for this sender: a@x) (warning: X is both)',
    ],
    [
      { action: 'refuse', rule: 'anna', failure: new Failure('no-certificate', 'a@x') },
      'deferred rule=anna (No S/MIME certificate for the sender: a@x)',
    ],
    [
      { action: 'refuse', rule: 'anna', failure: new Failure('no-certificate', 'a@x', true) },
      'rejected rule=anna (No S/MIME certificate for the sender: a@x)',
    ],
  ])('%#: %o', (decision, words) => {
    expect(describeDecision(decision)).toBe(words);
  });
});

describe('the debug journal', () => {
  /** One of each event. */
  function everything(journal: Journal): void {
    const trace = journal.trace({
      sender: address('carl@example.org'),
      recipients: [{ address: address('bob@example.net') }],
      client: { helo: hostile, address: '127.0.0.1' },
    });
    trace.identify('X', () => undefined);
    trace.decision(address('bob@example.net'), [{ subject: 'rule a', finding: hostile }], pass);
    trace.rewrite({ mediaType: 'text/plain', from: '8bit', to: 'base64', because: 'octets above 127' });
    trace.signature({
      certificate: 'anna',
      algorithm: 'RSA',
      digest: 'sha256',
      form: 'clear',
      headerProtection: false,
      signingTime: true,
      milliseconds: 0.5,
      octets: 2425,
    });
    trace.smtp('signed', 'sent', 'MAIL FROM:<carl@example.org>');
    trace.smtp('signed', 'received', `250-${hostile}\n250 2.1.0 Ok`);
    trace.failure(new Error(hostile));
    journal.message('X', entry(), trace);
  }

  test('is off unless it is switched on', async () => {
    const { journal, written } = journalOf();
    everything(journal);
    await journal.close();
    expect(written()).toMatch(/^X: from=.*\n$/);
  });

  test('is one JSON object a line beside the sentences, with time, id and event', async () => {
    const { journal, written } = journalOf({ debug: true });
    everything(journal);
    await journal.close();
    const lines = written().trimEnd().split('\n');
    const objects = lines
      .filter(l => !l.startsWith('X: '))
      .map(l => JSON.parse(l) as Record<string, unknown>);
    expect(lines).toHaveLength(objects.length + 1);
    expect(objects.map(o => o['message'])).toEqual([
      ...['envelope', 'decision', 're-encoded', 'signature'],
      ...['return port', 'return port', 'failure', 'done'],
    ]);
    for (const object of objects)
      expect(object).toMatchObject({ id: 'X', timestamp: expect.any(String) as string });
    expect(objects[0]).toMatchObject({ sender: 'carl@example.org', recipients: ['bob@example.net'] });
    expect(objects[7]).toMatchObject({ size: 120, milliseconds: 7, reply: '250 2.0.0 Ok: queued as 4bX' });
  });

  test('has nothing in it that a terminal would obey, and loses nothing by that', async () => {
    const { journal, written } = journalOf({ debug: true });
    everything(journal);
    await journal.close();
    expect(written()).not.toMatch(obeyed);
    const failure = written()
      .split('\n')
      .find(line => line.includes('"failure"'))!;
    expect(JSON.parse(failure)).toMatchObject({ message: 'failure', reason: hostile });
    expect((JSON.parse(written().split('\n')[0]!) as { client: string }).client).toContain(hostile);
  });

  test('in a file of its own it is added to, readable for nobody else, and whole when the journal is closed', async () => {
    const debugFile = join(directory, 'debug.json');
    for (let run = 0; run < 2; run++) {
      const { journal, written } = journalOf({ debug: true, debugFile });
      for (let i = 0; i < 500; i++) everything(journal);
      await journal.close();
      expect(written()).not.toContain('{');
    }
    const lines = readFileSync(debugFile, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2 * 500 * 8);
    for (const line of lines) JSON.parse(line);
    expect(statSync(debugFile).mode & 0o007).toBe(0);
  });

  test('is switched while it is written: each line goes where it went then, and none is lost', async () => {
    const [first, second] = ['first.json', 'second.json'].map(name => join(directory, name)) as [
      string,
      string,
    ];
    const { journal, written } = journalOf();
    const step = (): void => {
      for (let i = 0; i < 100; i++) everything(journal);
    };
    step();
    for (const debugFile of [first, second, second]) {
      journal.reopen({ debug: true, debugFile });
      step();
    }
    const missing = join(directory, 'missing', 'debug.json');
    expect(() => {
      journal.reopen({ debug: true, debugFile: missing });
    }).toThrow('ENOENT');
    step();
    journal.reopen({ debug: false, debugFile: second });
    step();
    await journal.close();
    const lines = (text: string): number => text.split('\n').length - 1;
    expect(lines(written())).toBe(6 * 100);
    await expect.poll(() => lines(readFileSync(first, 'utf8'))).toBe(100 * 8);
    await expect.poll(() => lines(readFileSync(second, 'utf8'))).toBe(3 * 100 * 8);
  });

  test('a file that cannot be opened is an error at once, not silence', () => {
    expect(() => journalOf({ debug: true, debugFile: join(directory, 'missing', 'debug.json') })).toThrow(
      'ENOENT',
    );
  });
});
