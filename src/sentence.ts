// Decisions, and what became of a message, in the words of the journal.
import type { Address } from './address.js';
import type { Decision } from './decision.js';
import type { MessageEntry } from './entry.js';
import { outcome, type Reply } from './failure.js';
import { oneLine } from './printable.js';

/** So many recipients are named; the line stays readable, and the debug journal has them all. */
const namedRecipients = 20;

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

function heard({ code, text }: Reply): string {
  return `reply="${oneLine(`${code} ${text}`)}"`;
}

function recipientList(recipients: readonly Address[]): string {
  const named = recipients.slice(0, namedRecipients).map(r => `<${oneLine(r.text)}>`);
  const more = recipients.length - named.length;
  return named.join(',') + (more > 0 ? ` and ${more} more` : '');
}
