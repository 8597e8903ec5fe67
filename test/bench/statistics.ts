// Samples of several runs, and how their figures are written.

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `1.45 (1.40–1.61)`: the median, and the least and the most where they differ. */
export function spread(samples: readonly number[]): string {
  const [least, most] = [figure(Math.min(...samples)), figure(Math.max(...samples))];
  return least === most ? least : `${figure(median(samples))} (${least}–${most})`;
}

/** Three significant digits, no more decimals than two: `1.45`, `14.5`, `620`. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `3.1 ×` */
export function ratio(value: number, base: number): string {
  const times = value / base;
  return `${times >= 100 ? times.toFixed(0) : times.toFixed(1)} ×`;
}
