// Tables in Markdown, for the documents that scripts write.

export type Cell = string | number;

/** With its columns aligned, so that it reads on a terminal too. Columns of numbers stand right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows].map(cells => cells.map(cell => String(cell).replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(2, ...lines.map(cells => cells[i]!.length)));
  const right = head.map((_, i) => rows.every(cells => isNumber(cells[i]!)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (right[i]! ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (right[i]! ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2)));
  const [titles, ...others] = lines.map(line);
  return [titles!, `|${rule.join('|')}|`, ...others].join('\n');
}

/** Also with a unit or a thousands separator: `2,000`, `1.5 s`, `87 %`, `1.5 (1.4–1.7) s`; and nothing at all. */
function isNumber(cell: Cell): boolean {
  return typeof cell === 'number' || /^(|–|[-−]?\d[\d.,]*( \([\d.,–]+\))?( ?[%×]| [A-Za-zµ]+)?)$/.test(cell);
}

/** `10,000` */
export function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
