// Whose mail the debug journal tells of: by envelope sender or author, without losing what came before that was known.
import { describe, expect, test } from 'vitest';
import type { Detail } from '../../../src/debug/detail.js';
import { parseDetail } from '../../../src/debug/detail.js';
import { DebugJournal } from '../../../src/debug/journal.js';
import type { MessageTrace } from '../../../src/debug/trace.js';
import { Failure } from '../../../src/failure.js';
import { address } from '../../support/golden-filter.js';
import { Writable } from 'node:stream';

function journalFor(...wanted: string[]): { journal: DebugJournal; details: () => Detail[] } {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  const journal = new DebugJournal(stream, () => undefined);
  journal.set({ debug: true, debugFile: 'stdout', debugFor: ({ canonical }) => wanted.includes(canonical) });
  return {
    journal,
    details: () =>
      text
        .trimEnd()
        .split('\n')
        .flatMap(line => parseDetail(line) ?? []),
  };
}

const begin = (journal: DebugJournal, sender: string): MessageTrace =>
  journal.begin({ sender: address(sender), recipients: [{ address: address('bob@example.net') }] });

function done(trace: MessageTrace, id: string): void {
  const failure = new Failure('input-cut');
  trace.failure(failure);
  const rest = { groups: [], size: 0, milliseconds: 1, reply: failure.reply };
  trace.done(id, { sender: address('x@example.org'), ...rest });
}

describe('a message is told of', () => {
  const whole = ['envelope', 'failure', 'done'];
  test.each<[string, string, string[] | undefined, string[]]>([
    ['by its envelope sender', 'anna@example.com', ['x@example.org'], whole],
    ['by its author', 'x@example.org', ['anna@example.com'], whole],
    ['by one of its authors', 'x@example.org', ['y@example.org', 'anna@example.com'], whole],
    ['not because of others', 'x@example.org', ['y@example.org'], []],
    ['not where nobody reads From', 'x@example.org', undefined, []],
  ])('%s', (_, sender, authors, told) => {
    const { journal, details } = journalFor('anna@example.com');
    const trace = begin(journal, sender);
    trace.identify('4bX', () => authors?.map(address));
    done(trace, '4bX');
    expect(details().map(d => d.message)).toEqual(told);
    expect(details().every(d => d.id === '4bX')).toBe(true);
    expect(journal.written.messages).toBe(told.length === 0 ? 0 : 1);
  });

  test.each([
    ['anna@example.com', whole],
    ['x@example.org', []],
  ])('by its envelope alone where it ends before its header does: %s', (sender, told) => {
    const { journal, details } = journalFor('anna@example.com');
    done(begin(journal, sender), 'NOQUEUE');
    expect(details().map(d => d.message)).toEqual(told);
  });
});

test('messages are told apart by number, as several have no queue id', () => {
  const { journal, details } = journalFor('anna@example.com');
  const [first, second] = [begin(journal, 'anna@example.com'), begin(journal, 'anna@example.com')];
  for (const trace of [first, second]) trace.identify('NOQUEUE', () => undefined);
  done(second, 'NOQUEUE');
  done(first, 'NOQUEUE');
  expect(details().map(d => [d.number, d.message])).toEqual([
    ...[1, 2].map(number => [number, 'envelope']),
    ...[2, 1].flatMap(number => ['failure', 'done'].map(message => [number, message])),
  ]);
});

test('switched off, it hears no more of a message that has begun; authors are then not looked for', () => {
  const { journal, details } = journalFor('anna@example.com');
  const trace = begin(journal, 'anna@example.com');
  trace.identify('4bX', () => undefined);
  journal.set({ debug: false, debugFile: 'stdout' });
  done(trace, '4bX');
  expect(details().map(d => d.message)).toEqual(['envelope']);
  expect(journal.written.messages).toBe(0);
  begin(journal, 'x@example.org').identify('4bX', () => {
    throw new Error('asked');
  });
});
