// Sections of docs/reliability.md: faults of the network and of the machine.
import { bare, code, counts, replyIn } from './cases.js';
import type { Recorded } from './data.js';
import { table } from './table.js';

type Replies = Readonly<Record<string, number>>;

interface Counted extends Recorded {
  /** Messages that arrived unsigned and should not. */
  readonly unsigned: number;
}

interface HalfOpen extends Recorded {
  readonly where: string;
  readonly seconds: number;
  /** `true` where no message had begun. */
  readonly journal: string | true;
  readonly arrived: number;
  readonly after: string;
}

export interface MachineFigures {
  readonly 'half-open': readonly HalfOpen[];
  readonly emfile: readonly (Counted & {
    left: number;
    during: Replies;
    after: Replies;
    journal: readonly string[];
  })[];
  readonly 'disk-full': readonly (Counted & {
    full: string;
    during: Replies;
    after: Replies;
    events: number;
    journalDuring: number;
    lost: readonly string[];
  })[];
  readonly clock: readonly (Counted & { jump: string; reply: string })[];
  readonly suspend: readonly (Counted & { reply: string; again: string })[];
  readonly 'certificate-files': readonly (Counted & {
    what: string;
    watch: string;
    atOnce: string;
    reply: string;
    anna: string;
  })[];
}

export function machineSection(figures: MachineFigures, command: (test: string) => string): string {
  const { emfile, clock, suspend } = figures;
  const refusedReloads = emfile.filter(({ journal }) =>
    journal.some(line => line.includes('kept the old configuration')),
  );
  const [asleep] = suspend;
  return `## The network is cut

${command('half-open')}

No FIN or RST tells that the peer is gone. \`timeout\` is 2 seconds here; a connection is given up after it, and closed for good
after as long again.

${table(
  ['cut off', 'gone after', 'the journal says', 'arrived', 'the next message'],
  figures['half-open'].map(({ where, seconds, journal, arrived, after }) => [
    where,
    `${seconds.toFixed(1)} s`,
    journal === true ? 'nothing, there was no message yet' : code(replyIn(journal) ?? ''),
    arrived,
    code(bare(after)),
  ]),
)}

## No file descriptors

${command('machine-faults')}, and the three sections behind it

Twenty messages at once while so many descriptors are left, and twenty once there are more. A reload in the midst that finds
none (${refusedReloads.length} of ${emfile.length}) keeps the old configuration, and says why.

${table(
  ['left', 'meanwhile', 'afterwards'],
  emfile.map(({ left, during, after }) => [left, counts(during), counts(after)]),
)}

## No room on the disk

Forty messages while it is full. Events wait for room; lines of the journals are lost, mail is not.

${table(
  ['full for', 'meanwhile', 'afterwards', 'lines of the journal, of 40', 'events, of 50', 'the journal says'],
  figures['disk-full'].map(({ full, during, after, journalDuring, events, lost }) => [
    full,
    counts(during),
    counts(after),
    journalDuring,
    events,
    lost.length === 0 ? 'nothing' : lost.map(code).join(', '),
  ]),
)}

## The clock jumps

${table(
  ['the clock', 'the next message'],
  [
    ...clock.map(({ jump, reply }) => [jump, code(bare(reply))]),
    ...(asleep ? [['stands still: suspended with mail under way', code(bare(asleep.again))]] : []),
  ],
)}

## Certificate files change

What bert's mail hears while his file has changed and is not read again yet, and once it was: at a reload, or by itself with
\`watch = yes\`. Anna's mail, with a certificate of its own, ${figures['certificate-files'].every(({ anna }) => anna.startsWith('250')) ? 'passes all the time' : 'suffers'}.

${table(
  ['file', 'watch', 'at once', 'once it was read'],
  figures['certificate-files'].map(({ what, watch, atOnce, reply }) => [
    what,
    watch,
    code(bare(atOnce)),
    code(bare(reply)),
  ]),
)}`;
}
