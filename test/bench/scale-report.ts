// What `npm run bench -- --scale-up` found, in Markdown.
import type { Counted, ScaleResults } from './results.js';
import { figure } from './statistics.js';
import { table } from '../report/table.js';

export function scaleSections({ decisions, messages, count, starts, reloads }: ScaleResults): string {
  const many = count.toLocaleString('en');
  return `### Decisions
${countedTable('µs of CPU a decision, by the number of rules', decisions)}

### Messages with more and more of something
${Object.entries(messages)
  .map(([name, pairs]) => countedTable(name, { 'ms CPU': pairs }))
  .join('\n\n')}

### Starts with ${many}
${table(
  ['', 's', 's CPU', 'MB at most'],
  starts.map(s => [s.name, ...[s.seconds, s.cpuSeconds, s.resident].map(figure)]),
)}

### Reloads with ${many}
${table(
  ['ms that a client waits for a reply, at most', 'at rest', 'during a reload', 'which took'],
  reloads.map(r => [r.name, ...[r.atRest, r.during, r.took].map(figure)]),
)}
`;
}

function countedTable(title: string, rows: Readonly<Record<string, Counted>>): string {
  const counts = Object.values(rows)[0]!.map(([n]) => n.toLocaleString('en'));
  const cells = Object.entries(rows).map(([name, pairs]) => [name, ...pairs.map(([, cost]) => figure(cost))]);
  return table([title, ...counts], cells);
}
