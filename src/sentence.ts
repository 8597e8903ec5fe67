// Decisions, and what became of a message, in the words of the journal.
import type { Address } from './address.js';
import type { Decision } from './decision.js';
import type { DebugState, MessageEntry } from './entry.js';
import { outcome, type Reply } from './failure.js';
import { counted, oneLine } from './printable.js';

export const outcomes = ['signed', 'unsigned', 'deferred', 'rejected'] as const;

/** What really happened: a copy that was to be signed and that the return port deferred is `deferred`. */
export type Outcome = (typeof outcomes)[number];

export function outcomeOf(reply: Reply, decision?: Decision): Outcome {
  const heard = outcome(reply);
  if (heard !== 'accepted') return heard;
  return decision?.action === 'sign' ? 'signed' : 'unsigned';
}

/** So many recipients are named; the line stays readable, and the debug journal has them all. */
const namedRecipients = 20;
/** So many patterns are told. */
const namedSenders = 5;

/** `signed rule=invoices certificate=billing`, as journal and `explain` say it. */
export function describeDecision(decision: Decision): string {
  const rule = decision.rule === undefined ? '' : ` rule=${decision.rule}`;
  const warning = decision.warning === undefined ? '' : ` (warning: ${oneLine(decision.warning)})`;
  switch (decision.action) {
    case 'sign': {
      const form = decision.form === 'opaque' ? ' form=opaque' : '';
      return `signed${rule} certificate=${decision.identity.name}${form}${warning}`;
    }
    case 'pass':
      return `unsigned${rule} (${oneLine(decision.reason)})${warning}`;
    case 'refuse':
      return `${outcome(decision.failure.reply)}${rule} (${oneLine(decision.failure.message)})${warning}`;
  }
}

/** The one line about a message, without its queue id. */
export function messageSentence({ sender, groups, size, milliseconds, reply }: MessageEntry): string {
  const decided = groups.map(g => {
    const what = g.decision ? describeDecision(g.decision) : `${outcome(reply)} (as at an earlier attempt)`;
    return `${what} to=${recipientList(g.recipients)}${g.reply ? `, ${heard(g.reply)}` : ''}`;
  });
  const common = groups.length === 0 || groups.some(g => !g.reply);
  return [
    `from=<${oneLine(sender.text)}>`,
    ...(decided.length > 0 ? [decided.join('; ')] : ['undecided']),
    `size=${size}`,
    `time=${milliseconds}ms`,
    ...(common ? [heard(reply)] : []),
  ].join(', ');
}

/** `on for mail from *@example.com until 2024-11-08T08:08:42.224Z, in /var/log/postseal/debug.json`, or `off`. */
export function describeDebug({ permanent, switched, to }: DebugState): string {
  const place = to === 'stdout' ? 'on standard output' : `in ${to}`;
  if (permanent) return oneLine(`on for all mail because of ${permanent.because}, ${place}`);
  if (!switched) return 'off';
  const { senders, until } = switched;
  const named = senders.slice(0, namedSenders).join(', ');
  const more = senders.length - namedSenders;
  const whose = named === '' ? 'all mail' : `mail from ${named}${more > 0 ? ` and ${more} more` : ''}`;
  return oneLine(`on for ${whose} until ${until}, ${place}`);
}

/** How to end it. */
export function debugMend({ permanent }: DebugState): string {
  return permanent ? oneLine(permanent.mend) : '"postseal journal --debug off" switches it off';
}

/** `2 messages, 3402 octets written`. */
export function describeWritten({ messages, octets, lost }: DebugState): string {
  const losses = lost > 0 ? `, ${counted(lost, 'line')} lost` : '';
  return `${counted(messages, 'message')}, ${counted(octets, 'octet')} written${losses}`;
}

function heard({ code, text }: Reply): string {
  return `reply="${oneLine(`${code} ${text}`)}"`;
}

function recipientList(recipients: readonly Address[]): string {
  const named = recipients.slice(0, namedRecipients).map(r => `<${oneLine(r.text)}>`);
  const more = recipients.length - named.length;
  return named.join(',') + (more > 0 ? ` and ${more} more` : '');
}
