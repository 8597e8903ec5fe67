// What `postseal test` prints: trials in words, or as JSON.
import { outcome, type Reply } from '../failure.js';
import { describeDecision } from '../sentence.js';
import { counted, escaped, printableJson } from '../printable.js';
import { coloured, type Colour } from './colour.js';
import { exit } from '../exit.js';
import { decisionToJson } from './explain.js';
import type { Opinion, Opinions } from './second-opinion.js';
import type { Trial } from './trial.js';

/** A rule that no message could be made for. */
export interface Untested {
  readonly rule: string;
  readonly why: string;
}

const colours: Readonly<Record<Opinion['result'], Colour>> = {
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  none: 'yellow',
};

export function inWords(trial: Trial): string {
  const { message, decision, steps, reply, journal, opinions, service } = trial;
  const envelope = `<${message.sender.text}> to <${message.recipient.text}>`;
  const title = message.rule ? `Rule ${message.rule.name}, from ${envelope}` : `From ${envelope}`;
  const opinion = ({ result, text }: Opinion): string => coloured(colours[result], escaped(text));
  const refused = outcome(reply) !== 'accepted';
  const lines = [
    coloured(decisionColour(trial), escaped(describeDecision(decision))),
    ...(refused ? [`reply: ${replyInWords(reply)}`] : []),
    // No rule wanted that: a fault, of which the journal tells more.
    ...(refused && decision.action !== 'refuse' ? journal.trimEnd().split('\n').map(escaped) : []),
    ...(opinions
      ? [`Postseal: ${opinion(opinions.postseal)}`, `OpenSSL: ${opinion(opinions.openssl)}`]
      : steps.map(s => `- ${escaped(`${s.subject}: ${s.finding}`)}`)),
    ...(service ? [`service: ${replyInWords(service)}`] : []),
  ];
  return `${[escaped(title), ...lines.map(line => `  ${line}`)].join('\n')}\n\n`;
}

function decisionColour({ decision, reply }: Trial): Colour {
  if (outcome(reply) !== 'accepted') return 'red';
  return decision.action === 'sign' ? 'green' : 'yellow';
}

function replyInWords(reply: Reply): string {
  const text = escaped(`${reply.code} ${reply.text.replaceAll('\n', ' ')}`);
  return coloured(outcome(reply) === 'accepted' ? 'green' : 'red', text);
}

export function untestedInWords({ rule, why }: Untested): string {
  return `Rule ${rule}\n  ${coloured('yellow', escaped(`not tested: ${why}`))}\n\n`;
}

/** What a trial means for the exit status. */
export function statusOf({ reply, opinions, service }: Trial): number {
  const outcomes = [reply, ...(service ? [service] : [])].map(outcome);
  if ((opinions && isBad(opinions)) || outcomes.includes('rejected')) return exit.unavailable;
  return outcomes.includes('deferred') ? exit.tempFail : exit.ok;
}

function isBad({ postseal, openssl }: Opinions): boolean {
  return postseal.result === 'bad' || openssl.result === 'bad';
}

/** `3 of 4 rules sign, all signatures verify` */
export function summary(trials: readonly Trial[], untested: readonly Untested[]): string {
  const total = trials.length + untested.length;
  const signed = trials.flatMap(t => t.opinions ?? []);
  const bad = signed.filter(isBad).length;
  const parts = [
    trials.every(t => t.message.rule)
      ? `${signed.length} of ${counted(total, 'rule')} ${total === 1 ? 'signs' : 'sign'}`
      : `${signed.length} of ${counted(total, 'message')} ${total === 1 ? 'is' : 'are'} signed`,
    ...(signed.length > 0 && bad === 0 ? ['all signatures verify'] : []),
    ...(bad > 0
      ? [`${bad} of ${counted(signed.length, 'signature')} ${bad === 1 ? 'does' : 'do'} not verify`]
      : []),
    ...(untested.length > 0 ? [`${untested.length} not tested`] : []),
  ];
  const good = trials.every(t => statusOf(t) === exit.ok);
  return `${coloured(good ? 'green' : 'red', parts.join(', '))}\n${summaryOfService(trials)}`;
}

function summaryOfService(trials: readonly Trial[]): string {
  const sent = trials.flatMap(t => t.service ?? []);
  if (sent.length === 0) return '';
  const taken = sent.filter(reply => outcome(reply) === 'accepted').length;
  return `${taken} of ${counted(sent.length, 'message')} taken by the service
What it decided is in its journal: journalctl -u postseal | grep NOQUEUE
`;
}

export function toJson(trials: readonly Trial[], untested: readonly Untested[]): string {
  const now = new Date();
  const tests = trials.map(({ message, decision, steps, reply, opinions, service }) => ({
    rule: message.rule?.name,
    sender: message.sender.text,
    recipient: message.recipient.text,
    decision: decisionToJson(decision, now),
    steps,
    reply: outcome(reply) === 'accepted' ? undefined : reply,
    verification: opinions,
    service,
  }));
  return `${printableJson(JSON.stringify({ tests, untested }, undefined, 2))}\n`;
}
