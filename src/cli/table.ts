// Columns of text, as the commands print them.

/** One line for each row, indented, with columns as wide as their widest cell. @param rows of equal length */
export function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map(row => row[column]!.length));
  const widths = rows[0]?.map((_, column) => width(column)) ?? [];
  return rows.map(row => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd());
}
