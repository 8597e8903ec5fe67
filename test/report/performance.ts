// docs/performance.md and its plots, from the figures of `npm run bench -- --save` and `-- --scale-up --save`.
import { circumstances, sections } from '../bench/report.js';
import type { Results, ScaleResults } from '../bench/results.js';
import { scaleSections } from '../bench/scale-report.js';
import { describe } from './machine.js';
import { plot } from './plot.js';

/** By file name; each line has the name that `test/support/growth.ts` gives it. */
const growth: Readonly<Record<string, { title: string; x: string; series: readonly string[] }>> = {
  'recipients.svg': {
    title: 'More recipients',
    x: 'recipients',
    series: ['recipients', 'recipients, half of them excepted'],
  },
  'parts.svg': { title: 'More MIME parts', x: 'parts', series: ['MIME parts'] },
  'size.svg': {
    title: 'Larger messages',
    x: 'MB',
    series: ['MB of 8-bit text', 'MB in one line'],
  },
  'header.svg': {
    title: 'Larger headers',
    x: 'fields, or lines',
    series: ['header fields', 'continued lines of one field', 'header lines of a part'],
  },
};

/** Text by file name, relative to docs. */
export function performanceFiles(results: Results, scale: ScaleResults): Record<string, string> {
  const files: Record<string, string> = { 'performance.md': document(results, scale) };
  for (const [file, { title, x, series }] of Object.entries(growth))
    files[`plots/${file}`] = plot({
      ...{ title, x: { title: x }, y: { title: 'ms of CPU a message' } },
      series: series.map(name => ({ name, points: scale.messages[name]! })),
    });
  files['plots/decisions.svg'] = plot({
    ...{ title: 'More rules', x: { title: 'rules', scale: 'log' } },
    y: { title: 'µs of CPU a decision', scale: 'log' },
    series: Object.entries(scale.decisions).map(([name, points]) => ({ name, points })),
  });
  return files;
}

function document(results: Results, scale: ScaleResults): string {
  return `<!-- npm run report writes this from docs/data. Change it there, or in test/report/performance.ts. -->
# What Postseal costs

\`npm run bench -- --save docs/data/performance.json\`: ${circumstances(results)}

${sections(results)}
# What more of everything costs

\`npm run bench -- --scale-up --save docs/data/scale.json\`: ${describe(scale.machine)}.

${Object.entries(growth)
  .map(([file, { title }]) => `![${title}](plots/${file})`)
  .join('\n')}
![More rules](plots/decisions.svg)

${scaleSections(scale)}`;
}
