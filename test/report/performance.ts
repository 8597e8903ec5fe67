// docs/performance.md and its plots, of what the benchmarks recorded.
import { circumstances, sections } from '../bench/report.js';
import type { Results, ScaleResults } from '../bench/results.js';
import { scaleSections } from '../bench/scale-report.js';
import { type Data, type Recorded, type Run } from './data.js';
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

/** By name of file: what tells its lines apart. */
export const keys = { bench: [], scale: [] };

interface Figures {
  readonly bench: readonly [Results & Recorded];
  readonly scale: readonly [ScaleResults & Recorded];
  readonly machine: readonly Run[];
}

export function performance(data: Data): { document: string; plots: Record<string, string> } {
  const figures = data as unknown as Figures;
  const { machine } = figures;
  const [bench, scale] = [figures.bench[0], figures.scale[0]];
  const plots: Record<string, string> = {};
  for (const [file, { title, x, series }] of Object.entries(growth))
    plots[file] = plot({
      ...{ title, x: { title: x }, y: { title: 'ms of CPU a message' } },
      series: series.map(name => ({ name, points: scale.messages[name]! })),
    });
  plots['decisions.svg'] = plot({
    ...{ title: 'More rules', x: { title: 'rules', scale: 'log' } },
    y: { title: 'µs of CPU a decision', scale: 'log' },
    series: Object.entries(scale.decisions).map(([name, points]) => ({ name, points })),
  });
  const document = `# What Postseal costs

This page and its plots are written by \`npm run report -- performance\` from what two commands measured, and \`npm test\`
compares them: \`REPORT_DIR=DIR npm run bench\` (Postseal ${bench.commit}), and \`REPORT_DIR=DIR npm run bench -- --scale-up\`
(${scale.commit}), of which everything is that stands below "More of everything".

${circumstances(
  bench,
  machine.find(({ commit }) => commit === bench.commit)!,
)}

${sections(bench)}
## More of everything

What four times as many of anything cost is held by \`npm run test:long -- growth\`: nothing comes near sixteen times as much.

${Object.entries(growth)
  .map(([file, { title }]) => `![${title}](plots/${file})`)
  .join('\n\n')}

![More rules](plots/decisions.svg)

${scaleSections(scale)}`;
  return { document, plots };
}
