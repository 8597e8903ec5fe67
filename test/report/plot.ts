// A plot of lines as SVG, readable on light and on dark.

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  /** With its unit. */
  readonly title: string;
  /** A linear one begins at 0, a logarithmic one at the power of ten below the least value. */
  readonly scale?: 'linear' | 'log';
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** At most six. */
  readonly series: readonly Series[];
}

/** In pixels: all of it, and what the lines have of it. */
const [width, height] = [760, 380];
const area = { left: 66, right: 580, top: 42, bottom: 326 };

/** For light and for dark, told apart without colours by their dashes. */
const colours = [
  ['#0059b3', '#6cb6ff'],
  ['#b34700', '#ffa657'],
  ['#1a7f37', '#56d364'],
  ['#8250df', '#d2a8ff'],
  ['#bf3989', '#ff9bce'],
  ['#57606a', '#b1bac4'],
] as const;
const dashes = ['none', '8 4', '2 3', '10 3 2 3', '5 5', '1 5'];

export function plot({ title, x, y, series }: Plot): string {
  const across = range(
    x,
    series.flatMap(({ points }) => points.map(point => point[0])),
  );
  const up = range(
    y,
    series.flatMap(({ points }) => points.map(point => point[1])),
  );
  const px = (value: number): number => round(area.left + across.at(value) * (area.right - area.left));
  const py = (value: number): number => round(area.bottom - up.at(value) * (area.bottom - area.top));
  const middle = (area.left + area.right) / 2;
  const centre = (area.top + area.bottom) / 2;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${text(title)}">`,
    `<style>${style()}</style>`,
    `<rect width="${width}" height="${height}" class="paper"/>`,
    `<text x="${middle}" y="24" class="title">${text(title)}</text>`,
    ...across.ticks.flatMap(tick => [
      `<path d="M${px(tick)} ${area.top}V${area.bottom}" class="grid"/>`,
      `<text x="${px(tick)}" y="${area.bottom + 18}" class="middle">${label(tick)}</text>`,
    ]),
    ...up.ticks.flatMap(tick => [
      `<path d="M${area.left} ${py(tick)}H${area.right}" class="grid"/>`,
      `<text x="${area.left - 8}" y="${py(tick) + 4}" class="end">${label(tick)}</text>`,
    ]),
    `<path d="M${area.left} ${area.top}V${area.bottom}H${area.right}" class="axis"/>`,
    `<text x="${middle}" y="${height - 12}" class="middle">${text(x.title)}</text>`,
    `<text transform="translate(16 ${centre}) rotate(-90)" class="middle">${text(y.title)}</text>`,
    ...series.flatMap(({ name, points }, i) => [
      `<polyline class="line s${i}" points="${points.map(point => `${px(point[0])},${py(point[1])}`).join(' ')}"/>`,
      // Few enough to be told apart.
      ...(points.length > 25
        ? []
        : points.map(([a, b]) => `<circle class="dot s${i}" cx="${px(a)}" cy="${py(b)}" r="3"/>`)),
      `<path class="line s${i}" d="M${area.right + 14} ${area.top + 10 + 22 * i}h26"/>`,
      `<text x="${area.right + 46}" y="${area.top + 14 + 22 * i}">${text(name)}</text>`,
    ]),
    '</svg>',
  ].join('\n')}\n`;
}

/** Where a value is, from 0 to 1, and what stands at the axis. */
function range(
  { scale = 'linear' }: Axis,
  values: readonly number[],
): { at: (value: number) => number; ticks: number[] } {
  if (scale === 'log') {
    const from = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
    const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
    const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number(`1e${from + i}`));
    return { at: value => (Math.log10(value) - from) / (to - from), ticks };
  }
  const most = Math.max(...values, Number.MIN_VALUE);
  // 1, 2 or 5 times a power of ten, so that there are four to ten of them.
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = power * ([5, 2].find(times => power * times <= most / 4) ?? 1);
  const count = Math.ceil(most / step - 1e-9);
  return {
    at: value => value / (step * count),
    ticks: Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(10))),
  };
}

function style(): string {
  const lines = (dark: 0 | 1): string =>
    colours.map((pair, i) => `.s${i}{stroke:${pair[dark]};fill:${pair[dark]}}`).join('');
  return [
    'text{font:13px sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:bold}',
    '.title,.middle{text-anchor:middle}.end{text-anchor:end}',
    '.paper{fill:#fff}.axis{stroke:#1f2328;fill:none}.grid{stroke:#d0d7de}',
    lines(0),
    '.line{fill:none;stroke-width:2}',
    dashes.map((dash, i) => `.line.s${i}{stroke-dasharray:${dash}}`).join(''),
    `@media(prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.axis{stroke:#e6edf3}.grid{stroke:#30363d}${lines(1)}.line{fill:none}}`,
  ].join('');
}

function label(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 6 });
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function text(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
