// Sections of docs/reliability.md: faults of the two sides at each step of the dialog.
import { code, distinct, groupBy, kindOf, replyIn } from './cases.js';
import type { Recorded } from './data.js';
import { table } from './table.js';

interface DialogCase extends Recorded {
  readonly step: string;
  readonly fault: string;
  readonly arrived: number;
  /** So many of them whole and signed. */
  readonly good: number;
}

export interface ReturnPortCase extends DialogCase {
  /** Of the first attempt, as Postfix has it: `sent`, `deferred`, `bounced`. */
  readonly status: string;
  readonly journal: string;
  readonly duplicates: number;
}

export interface ClientCase extends DialogCase {
  /** Its last line. */
  readonly heard?: string;
  /** Empty where there was no message yet. */
  readonly journal?: string;
}

/** A row for each fault, a column for each step. */
function matrix<T extends DialogCase>(cases: readonly T[], cell: (one: T) => string): string {
  const steps = distinct(cases.map(({ step }) => step));
  return table(
    ['', ...steps.map(title)],
    distinct(cases.map(({ fault }) => fault)).map(fault => [
      fault,
      ...steps.map(step => {
        const one = cases.find(other => other.fault === fault && other.step === step);
        return one ? cell(one) : '–';
      }),
    ]),
  );
}

/** Where some of the cases are, in the order of the dialog. */
function stepsOf(some: readonly DialogCase[], all: readonly DialogCase[]): string {
  const steps = distinct(all.map(({ step }) => step)).filter(step => some.some(one => one.step === step));
  return steps.map(title).join(', ');
}

/** Of a step. */
function title(step: string): string {
  return step === 'stored' ? 'after the dot' : step;
}

export function returnPortSection(cases: readonly ReturnPortCase[]): string {
  const words: Record<string, string> = { sent: 'passes', bounced: 'bounces', deferred: 'waits' };
  const told = groupBy(cases, ({ status, journal }) => `${status} ${kindOf(replyIn(journal) ?? '')}`);
  return `A private Postfix hands on a message of 1 MB, and the return port does one thing wrong at one step. Then it is mended,
and the queue is run again.

${matrix(cases, ({ status, duplicates }) => (duplicates > 0 ? '**twice**' : words[status]!))}

- *passes*: delivered at the first attempt, once. A return port that refuses XFORWARD gets the mail all the same.
- *waits*: it stays in the queue, and arrives once at the next attempt.
- *twice*: the same, but the return port had kept the message already and its reply was lost.
- *bounces*: refused for good by the return port itself. Nothing arrives but the bounce, at the sender.

Queue or bounce and journal have the same reply. The journal's line, for one that hangs up at the dot:

\`\`\`
${cases.find(({ fault, step }) => fault === 'hangs up' && step === 'dot')!.journal}
\`\`\`

${table(
  ['Postfix', 'reply', 'cases', 'at'],
  [...told].map(([, group]) => {
    const [{ status, journal }] = group as [ReturnPortCase];
    return [words[status]!, code(kindOf(replyIn(journal) ?? '')), group.length, stepsOf(group, cases)];
  }),
)}

What several recipients, kept connections and a return port that is stopped under load come to is held by
\`npm run test:long -- return-port-faults\`.`;
}

export function clientSection(cases: readonly ClientCase[]): string {
  const atSteps = cases.filter(({ journal }) => journal !== undefined);
  const again = cases.filter(({ journal }) => journal === undefined);
  const told = groupBy(atSteps, ({ journal = '' }) => kindOf(replyIn(journal) ?? ''));
  const heard = distinct(
    atSteps
      .filter(({ fault, step }) => fault === 'says nothing more' && step !== 'after the dot')
      .map(c => c.heard!),
  );
  return `A client does one thing wrong in the place of what it should send next (at *dot*, in the place of the dot). How many
messages arrive:

${matrix(atSteps, ({ arrived }) => String(arrived))}

A message is one once its dot has come; whatever becomes of the client then, it is handed on. ${again
    .map(
      ({ arrived }) =>
        `A client that is lost before the reply and comes again gets it there ${arrived === 2 ? 'twice' : `${arrived} times`}.`,
    )
    .join('')}
A client that says nothing more hears ${heard.map(code).join(' or ')} after \`timeout\`.

${table(
  ['the journal says', 'cases', 'at'],
  [...told].map(([reply, group]) => [
    reply === '' ? 'nothing, there was no message yet' : code(reply),
    group.length,
    stepsOf(group, atSteps),
  ]),
)}`;
}
