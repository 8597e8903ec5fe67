// The report of the corpora: what became of the messages of each source, why, and in which manners.
import { table } from '../report/table.js';
import type { Finding, Result } from './examine.js';
import type { Fetching } from './fetch.js';
import type { Examined } from './worker.js';

export interface Fault {
  readonly title: string;
  readonly reasons: readonly string[];
  readonly input: string;
  readonly output?: string;
}

/** What is wrong with a message in any manner. */
export function faultsOf({ source, name, asItCame, inManners }: Examined): Fault[] {
  return Object.entries({ 'as it came': asItCame, ...inManners })
    .filter(([, finding]) => finding.result === 'failed')
    .map(([manner, { reasons, evidence }]) => ({
      title: `${source}/${name} (${manner})`,
      reasons,
      ...evidence!,
    }));
}

export interface Run extends Fetching {
  readonly seconds: number;
  /** Why workers ended before they had seen all their messages. */
  readonly ended: readonly string[];
}

export function report(examined: readonly Examined[], { fetched, missing, seconds, ended }: Run): string {
  const faults = examined.flatMap(faultsOf).length + ended.length;
  return `# Real messages
${examined.length} messages of ${fetched.length} packages in ${Math.round(seconds)} s, ${faults} faults.
${ended.map(why => `- not all examined: ${why}\n`).join('')}${[...missing].map(([name, why]) => `- not to be had: ${name} (${why})\n`).join('')}
## As they came
The rule signs for everybody, in clear form; all else is as by default.

${bySource(examined, fetched)}

${byReason(examined)}

## Made to be signed
The same once more, in four manners, with From replaced where it names nobody or several, and with calendars and
winmail.dat signed too: every message but those that never are.

${byManner(examined)}

Of these trees mailsplit, the second opinion, reads some otherwise than the norm, before and after:

${counted(['why', 'messages'], examined.flatMap(disagreement))}
`;
}

const results: readonly Result[] = ['signed', 'opaque instead', 'passed', 'ambiguous author', 'failed'];

function tally(findings: readonly Finding[]): string[] {
  return results.map(result => String(findings.filter(f => f.result === result).length));
}

function bySource(examined: readonly Examined[], fetched: Fetching['fetched']): string {
  const rows = fetched.map(({ source, archives }) => {
    const own = examined.filter(e => e.source === source.package);
    return [archives.join(' '), String(own.length), ...tally(own.map(e => e.asItCame))];
  });
  const total = ['together', String(examined.length), ...tally(examined.map(e => e.asItCame))];
  return table(['source', 'messages', ...results], [...rows, total]);
}

function byReason(examined: readonly Examined[]): string {
  const reasons = examined
    .map(e => e.asItCame)
    .filter(({ result }) => result !== 'signed' && result !== 'failed')
    .map(({ result, reasons: [reason = ''] }) =>
      // The reply names addresses of each message.
      result === 'ambiguous author' ? `${result}: From names nobody, or several` : `${result}: ${reason}`,
    );
  return counted(['not signed as the rule says, because', 'messages'], reasons);
}

function byManner(examined: readonly Examined[]): string {
  const names = [...new Set(examined.flatMap(e => Object.keys(e.inManners)))];
  const rows = names.map(name => {
    const findings = examined.flatMap(e => e.inManners[name] ?? []);
    const [signed, opaque, , , failed] = tally(findings);
    const late = findings.filter(f => f.deferredOnce).length;
    const byAll = findings.filter(f => f.verifiedByAll).length;
    return [name, String(findings.length), signed!, opaque!, String(late), String(byAll), failed!];
  });
  const head = ['manner', 'messages', 'signed and verified', 'opaque instead', 'at the second attempt'];
  return table([...head, 'verified by NSS and GnuPG too', 'failed'], rows);
}

function disagreement({ inManners }: Examined): string[] {
  const [first] = Object.values(inManners);
  return first?.disagreement === undefined ? [] : [first.disagreement];
}

/** How often each occurs, the most frequent first. */
function counted(head: readonly [string, string], values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([value, count]) => [value, String(count)]);
  return table(head, rows);
}
