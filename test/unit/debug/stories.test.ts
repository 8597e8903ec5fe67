// Messages as people read them: test/debug-journal/NN-name.json, lines of the debug journal, beside NN-name.want.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoryFinder } from '../../../src/cli/journal-finders.js';
import { storyToText } from '../../../src/cli/journal-story.js';
import type { Detail } from '../../../src/debug/detail.js';
import { Stories } from '../../../src/debug/stories.js';
import { expectWanted } from '../../support/want.js';

const root = join(import.meta.dirname, '..', '..', 'debug-journal');
const files = readdirSync(root);
const cases = files.filter(file => file.endsWith('.json')).map(file => file.slice(0, -'.json'.length));
const zone = process.env['TZ'];

beforeAll(() => {
  process.env['TZ'] = 'UTC';
});

afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const linesOf = (name: string): string[] =>
  readFileSync(join(root, `${name}.json`), 'utf8')
    .trimEnd()
    .split('\n');

/** What is shown of a file that is read to its end. */
function shown(name: string, query = {}): string {
  const finder = new StoryFinder(query);
  return [...linesOf(name).flatMap(line => finder.take(line) ?? []), ...finder.rest()].join('');
}

test.each(cases)('%s', name => {
  const got = shown(name);
  expectWanted(join(root, name), got);
  expect(got).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

describe('what is asked for', () => {
  const matches = (pattern: string) => (address: string) => address === pattern;
  test.each<[string, object, string[]]>([
    ['01-two-copies', { outcomes: ['unsigned'] }, ['81073210550']],
    ['01-two-copies', { outcomes: ['deferred'] }, []],
    // Of one group of recipients all that is asked for must hold.
    ['01-two-copies', { outcomes: ['unsigned'], address: matches('bob@phones.example') }, ['81073210550']],
    ['01-two-copies', { outcomes: ['signed'], address: matches('bob@phones.example') }, []],
    ['01-two-copies', { rules: ['anna'], queueIds: ['81073210550'] }, ['81073210550']],
    ['01-two-copies', { since: new Date('2024-11-08T07:38:43Z') }, []],
    ['04-interleaved-without-queue-id', { queueIds: ['NOQUEUE'] }, ['NOQUEUE', 'NOQUEUE']],
    ['04-interleaved-without-queue-id', { address: matches('dora@example.org') }, ['NOQUEUE']],
    // What became of it is not known.
    ['06-never-finished', { outcomes: ['signed', 'deferred'] }, []],
    ['06-never-finished', { address: matches('lee@example.net') }, ['81073210550']],
    ['09-delivered-earlier', { address: matches('lee@example.net') }, ['4bX']],
  ])('%s %j', (name, query, ids) => {
    const heads = shown(name, query).match(/^\S.*$/gm) ?? [];
    expect(heads.map(head => head.split('  ')[1])).toEqual(ids);
  });
});

test('with a terminal there are colours, and nothing else is different', () => {
  const plain = shown('08-each-a-reply');
  const { isTTY } = process.stdout;
  process.stdout.isTTY = true;
  const coloured = shown('08-each-a-reply');
  process.stdout.isTTY = isTTY;
  expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(plain);
  for (const part of ['\x1b[32msigned\x1b[0m', '\x1b[2m> RCPT TO', '\x1b[31m550 5.1.1 <lee'])
    expect(coloured).toContain(part);
});

describe('messages that never finish', () => {
  const detail = (number: number, message: 'envelope' | 'failure', at = 0): Detail =>
    ({
      ...{ message, id: 'NOQUEUE', number, timestamp: new Date(at).toISOString() },
      ...(message === 'envelope' ? { sender: 'a@x', recipients: [] } : { reason: 'none' }),
    }) as Detail;

  test('are given out once nothing has been told of them for a while', () => {
    const stories = new Stories();
    stories.take(detail(1, 'envelope', 1000));
    stories.take(detail(2, 'envelope', 2000));
    stories.take(detail(1, 'failure', 3000));
    expect(stories.overdue(new Date(2000))).toEqual([]);
    expect(stories.overdue(new Date(2001)).map(s => s.details[0]!.number)).toEqual([2]);
    expect(stories.end().map(s => s.details.map(d => d.message))).toEqual([['envelope', 'failure']]);
    expect(stories.end()).toEqual([]);
  });

  test('take no more memory than a thousand of them, with ten thousand details each', () => {
    const stories = new Stories();
    const ended = Array.from({ length: 1500 }, (_, i) => stories.take(detail(i, 'envelope'))).flat();
    expect(ended.map(s => s.details[0]!.number)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    for (let i = 0; i < 10_003; i++) stories.take(detail(1499, 'failure'));
    const last = stories.end().at(-1)!;
    expect([last.details.length, last.more]).toEqual([10_000, 4]);
    expect(storyToText(last)).toContain('    and 4 more that are not shown\n    not finished\n');
  });
});
