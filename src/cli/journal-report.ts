// What `postseal journal` prints of an event, for people.
import type { Event, Outcome } from '../events/event.js';
import { escaped } from '../printable.js';
import { coloured, type Colour } from './colour.js';
import { localTime } from './time.js';

export const colours: Readonly<Record<Outcome, Colour>> = {
  signed: 'green',
  unsigned: 'cyan',
  deferred: 'yellow',
  rejected: 'red',
};

/** So many recipients are named; --json has them all. */
const namedRecipients = 20;

/** Two lines or three: what became of whose mail; by which rule; what was answered. */
export function toText(event: Event): string {
  const { outcome, queueId, sender, recipients, rule, certificate, reason, warning, reply } = event;
  const to = people(recipients, event.moreRecipients);
  const word = outcome.padEnd('unsigned'.length);
  const decided = [
    ...(rule === undefined ? [] : [`rule=${rule}`]),
    ...(certificate === undefined ? [] : [`certificate=${certificate}`]),
    // The reply of a rule has its reason in it.
    ...(reason === undefined || reply.includes(reason) ? [] : [`(${reason})`]),
    ...(warning === undefined ? [] : [`(warning: ${warning})`]),
  ].join(' ');
  const head = `${localTime(new Date(event.meta.event.ts))}  ${escaped(queueId)}  `;
  const way = `  <${sender}> -> ${to || 'undecided'}`;
  return [
    `${head}${coloured(colours[outcome], word)}${escaped(way)}`,
    ...(decided === '' ? [] : [`    ${escaped(decided)}`]),
    `    ${escaped(reply)}`,
  ]
    .map(line => `${line}\n`)
    .join('');
}

/** Of many, the first; empty for none. @param more that are not in the list */
export function people(recipients: readonly string[], more = 0): string {
  const named = recipients.slice(0, namedRecipients).map(r => `<${r}>`);
  const others = recipients.length - named.length + more;
  return `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}
