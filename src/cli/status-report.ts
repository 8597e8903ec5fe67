// What `postseal status` prints, for people.
import { outcomes } from '../events/event.js';
import type { Backlog } from '../events/courier.js';
import { counted, escaped } from '../printable.js';
import { describeDebug } from '../sentence.js';
import type { CertificateStatus, Status } from '../service/snapshot.js';
import { coloured } from './colour.js';
import { table } from './table.js';
import { localTime } from './time.js';

/** Days before its end from which on a certificate is red; those that expire soon are yellow. */
const urgent = 7;

export function toText(status: Status): string {
  const { inForce, reasons, certificates, certificatesUnusable: unusable } = status;
  const facts = [
    ['listening on', escaped(inForce.listen)],
    ['return port', returnPort(status)],
    ['in flight', `${counted(status.inFlight, 'message')}, ${counted(status.connections, 'connection')}`],
    ['last deferral', lastDeferral(status)],
    ['events', events(status)],
    ['debug journal', debugJournal(status)],
    ['last reload', lastReload(status)],
  ];
  const others = certificates.length > 0 ? ' with others' : '';
  const ready = reasons.length === 0 ? coloured('green', 'ready') : coloured('red', 'not ready');
  return [
    `postseal ${escaped(status.version)}, process ${status.pid}, since ${localTime(new Date(status.since))}: ${ready}`,
    ...table(facts.map(([name, fact]) => [name!, fact!])),
    ...messages(status),
    ...(certificates.length + unusable > 0 ? ['Certificates'] : []),
    ...(certificates.length > 0 ? certificateTable(certificates) : []),
    ...(unusable > 0
      ? [coloured('red', `  ${counted(unusable, 'problem')}${others}: see postseal check`)]
      : []),
  ]
    .map(line => `${line}\n`)
    .join('');
}

function returnPort({ inForce, returnPort: { up, lastSuccess, lastFailure, failure } }: Status): string {
  const state = up ? coloured('green', 'up') : coloured('red', 'down');
  const seen = lastSuccess === undefined ? 'never seen up' : `last seen up ${at(lastSuccess)}`;
  const failed = lastFailure === undefined ? '' : `, last failed ${at(lastFailure)} (${escaped(failure!)})`;
  return `${escaped(inForce.returnPort)} ${state}, ${seen}${failed}`;
}

function lastDeferral({ lastDeferral: last }: Status): string {
  if (!last) return 'none';
  return `${at(last.at)} ${escaped(`${last.queueId} from=<${last.sender}>: ${last.reply}`)}`;
}

function events({ events: { file, webhook } }: Status): string {
  const told = [file, webhook].filter(way => way !== undefined).map(backlog);
  return told.length > 0 ? told.join('; ') : 'told to nobody';
}

function backlog({ to, waiting, lost, trouble }: Backlog): string {
  const losses = lost > 0 ? coloured('red', `${lost} lost`) : '0 lost';
  const why = trouble === undefined ? '' : ` (${escaped(trouble)})`;
  return `${escaped(to)}: ${waiting} waiting, ${losses}${why}`;
}

function debugJournal({ debug }: Status): string {
  const state = describeDebug(debug);
  return debug.permanent || debug.switched ? coloured('yellow', state) : state;
}

function lastReload({ lastReload: last }: Status): string {
  if (!last) return 'none';
  return `${at(last.at)} ${last.ok ? 'ok' : coloured('red', 'failed, kept the old configuration')}`;
}

function messages({ messages: { today, sinceStart } }: Status): string[] {
  const rows = [
    ['today', today],
    ['since start', sinceStart],
  ] as const;
  return [
    'Messages',
    ...table([
      ['', ...outcomes.map(name => name.toUpperCase())],
      ...rows.map(([name, counts]) => [name, ...outcomes.map(outcome => String(counts[outcome]))]),
    ]),
  ];
}

/** Those that end first come first. */
function certificateTable(certificates: readonly CertificateStatus[]): string[] {
  const sorted = certificates.toSorted((a, b) => (a.notAfter < b.notAfter ? -1 : 1));
  const rows = sorted.map(({ name, addresses, daysLeft, state, ...rest }) => [
    escaped(name),
    state === 'expired' || state === 'not-yet-valid' ? state.replaceAll('-', ' ') : String(daysLeft),
    rulesOf(rest),
    escaped(addresses.join(', ')) || '(none)',
  ]);
  const [head, ...lines] = table([['NAME', 'DAYS LEFT', 'RULES', 'ADDRESSES'], ...rows]);
  return [head!, ...lines.map((line, i) => inItsColour(sorted[i]!, line))];
}

/** Those that may sign with a certificate. */
export function rulesOf({
  rules,
  moreRules: more = 0,
}: Pick<CertificateStatus, 'rules' | 'moreRules'>): string {
  return (escaped(rules.join(', ')) || '-') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '');
}

function inItsColour({ state, daysLeft }: CertificateStatus, line: string): string {
  if (state === 'expired' || state === 'not-yet-valid' || daysLeft <= urgent) return coloured('red', line);
  return state === 'soon' ? coloured('yellow', line) : line;
}

function at(time: string): string {
  return localTime(new Date(time));
}
