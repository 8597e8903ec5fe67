// What `postseal journal` prints of a message in the debug journal, for people: its way from the envelope to the reply.
import { all, type Story } from '../debug/stories.js';
import type { Details } from '../debug/detail.js';
import { addTo } from '../grouped.js';
import { escaped } from '../printable.js';
import { coloured } from './colour.js';
import { colours, people } from './journal-report.js';
import { localTime } from './time.js';

/** A block of lines: the head, and below it what was decided and why, what was made, and what was answered. */
export function storyToText(story: Story): string {
  const [envelope] = all(story, 'envelope');
  const [done] = all(story, 'done');
  const lines = [
    head(story),
    ...(envelope?.client === undefined ? [] : [`    from ${escaped(envelope.client)}`]),
    ...decisions(story),
    ...all(story, 're-encoded').map(rewritten),
    ...all(story, 'signature').map(signed),
    ...conversations(story),
    ...all(story, 'failure')
      // The reply mostly has it in it.
      .filter(({ reason }) => done?.reply.includes(reason) !== true)
      .map(({ reason }) => `    ${coloured('red', `failure: ${escaped(reason)}`)}`),
    ...(story.more === 0 ? [] : [`    and ${story.more} more that are not shown`]),
    ...(done ? ending(done) : ['    not finished']),
  ];
  return `${lines.join('\n')}\n\n`;
}

function head(story: Story): string {
  const [envelope] = all(story, 'envelope');
  const [done] = all(story, 'done');
  const time = localTime(new Date(story.details.at(-1)!.timestamp));
  const outcomes = [...new Set(done?.groups.map(group => group.outcome))];
  const words = outcomes.map(outcome => coloured(colours[outcome], outcome)).join(', ');
  const way = envelope
    ? `<${envelope.sender}> -> ${people(envelope.recipients) || 'nobody'}`
    : 'its beginning is not in what was read';
  return `${time}  ${escaped(story.id)}  ${words || (done ? 'accepted' : 'unfinished')}  ${escaped(way)}`;
}

/** Recipients about whom the same was decided for the same reasons are told of once. */
function decisions(story: Story): string[] {
  const alike = groupsBy(all(story, 'decision'), told => JSON.stringify([told.steps, told.decision]));
  return alike.flatMap(group => [
    `    ${escaped(`${people(group.map(told => told.recipient))}: ${group[0]!.decision}`)}`,
    ...group[0]!.steps.map(step => `      - ${escaped(step)}`),
  ]);
}

function rewritten({ mediaType, from, to, because }: Details['re-encoded']): string {
  return `    re-encoded: ${escaped(`${mediaType} from ${from} to ${to} (${because})`)}`;
}

function signed(facts: Details['signature']): string {
  const { certificate, algorithm, digest, form, headerProtection, signingTime, octets, milliseconds } = facts;
  const more = `${headerProtection ? ', header protection' : ''}${signingTime ? '' : ', no signing time'}`;
  return `    signature: ${escaped(`certificate=${certificate}, ${algorithm}, ${digest}, ${form}${more}, ${octets} octets, ${milliseconds} ms`)}`;
}

/** With the return port, one copy after the other. */
function conversations(story: Story): string[] {
  const copies = groupsBy(all(story, 'return port'), told => told.copy);
  return copies.flatMap(told => [
    `    return port, ${escaped(told[0]!.copy)} copy:`,
    ...told
      .flatMap(({ sent, received }) => [
        ...(sent === undefined ? [] : [`> ${sent}`]),
        // Of several lines, as it came.
        ...(received === undefined ? [] : received.trimEnd().split(/\r?\n/)).map(line => `< ${line}`),
      ])
      .map(line => `      ${coloured('dim', escaped(line))}`),
  ]);
}

function ending({ groups, reply, size, milliseconds }: Details['done']): string[] {
  const own = groups.flatMap(group =>
    group.reply === undefined ? [] : [`    ${escaped(people(group.recipients))}: ${heard(group.reply)}`],
  );
  return [...own, `    ${heard(reply)} (${size} octets, ${milliseconds} ms)`];
}

function heard(reply: string): string {
  const colour = { 4: colours.deferred, 5: colours.rejected }[reply[0] ?? ''];
  return colour ? coloured(colour, escaped(reply)) : escaped(reply);
}

/** What has the same key, in the order of the first of each. */
function groupsBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) addTo(groups, key(item), item);
  return [...groups.values()];
}
