// Attack: lines in the event log and the debug journal that somebody else wrote. None breaks a reader, and of none does
// a terminal obey anything.
import { expect, test } from 'vitest';
import { EventFinder, StoryFinder, type Finder } from '../../src/cli/journal-finders.js';

const hostile = 'a\x1b[2J\x9b31m\r\n\0\u202e\u2028';
const ts = '2026-11-27T08:00:00.000Z';
const event = {
  meta: { event: { ts } },
  queueId: 'A',
  outcome: 'signed',
  sender: 'a@example.com',
  recipients: ['b@example.net'],
  moreRecipients: 1,
  rule: 'r',
  certificate: 'c',
  reason: 'why',
  warning: 'w',
  reply: '250 Ok',
  size: 1,
  milliseconds: 1,
};
const common = { id: 'A', number: 1, timestamp: ts };
const details = [
  { message: 'envelope', sender: 'a@example.com', recipients: ['b@example.net'], client: 'c' },
  { message: 'decision', recipient: 'b@example.net', steps: ['x'], decision: 'd' },
  { message: 're-encoded', mediaType: 'text/plain', from: '8bit', to: 'base64', because: 'y' },
  {
    message: 'signature',
    certificate: 'c',
    algorithm: 'a',
    digest: 'd',
    form: 'clear',
    headerProtection: true,
    signingTime: true,
    octets: 1,
    milliseconds: 1,
  },
  { message: 'return port', copy: 'signed', sent: 's', received: 'r' },
  { message: 'failure', reason: 'f' },
  {
    message: 'done',
    size: 1,
    milliseconds: 1,
    reply: '450 x',
    groups: [{ recipients: ['b@example.net'], outcome: 'deferred', rule: 'r', reply: '450 x' }],
  },
].map(detail => ({ ...common, ...detail }));

const values = [hostile, [hostile], { [hostile]: hostile }, null, 1e308, -1, true, [null], [[]], {}, ''];

/** The value with each of its fields, at any depth, being each of those in turn. */
function* variants(value: unknown): Generator {
  yield* values;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value))
    for (const other of variants(inner))
      yield Array.isArray(value) ? [other] : { ...value, [key]: other, ['__proto__']: other };
}

/** All that a finder prints of the lines. */
function printed(finder: Finder, lines: readonly string[]): string {
  const found = lines.flatMap(line => finder.take(line) ?? []);
  return [...found, ...finder.rest()].map(one => finder.show(one)).join('');
}

const obeyed = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/;

test.each([false, true])('an event with any field being anything (as JSON: %j)', json => {
  const all = [...variants(event)].map(value => JSON.stringify(value));
  const text = printed(new EventFinder({}, json), all);
  expect(text).toContain('\\u001b[2J');
  expect(text).not.toMatch(obeyed);
});

test('a detail of the debug journal with any field being anything', () => {
  for (const [i, detail] of details.entries()) {
    for (const value of variants(detail)) {
      const lines = details.with(i, value as (typeof details)[number]).map(line => JSON.stringify(line));
      expect(printed(new StoryFinder({}), lines)).not.toMatch(obeyed);
    }
  }
});

test.each(['', '{', 'null', '[]', '"x"', '{"__proto__":{}}', '['.repeat(100_000), '\0', `"${hostile}`])(
  'a line that is no such thing is skipped: %j',
  line => {
    expect(new EventFinder({}, false).take(line)).toBeUndefined();
    expect(new StoryFinder({}).take(line)).toBeUndefined();
  },
);
