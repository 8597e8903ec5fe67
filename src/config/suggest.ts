// "Did you mean": the known name closest to a mistyped one.

/** Among more names than these one is always close, and to look at them all for each of many mistakes takes minutes. */
const few = 1000;

/** @returns the closest of the names, or undefined where none is close enough to be what was meant */
export function closest(word: string, names: readonly string[]): string | undefined {
  if (names.length > few) return undefined;
  const typed = normal(word);
  const limit = Math.max(1, Math.floor(typed.length / 3));
  let best: string | undefined;
  let least = limit + 1;
  for (const name of names) {
    const known = normal(name);
    const shortened = typed.length >= 3 && known.startsWith(typed);
    // A word may have any length, and each letter too many is a step.
    if (!shortened && Math.abs(typed.length - known.length) > limit) continue;
    const away = shortened ? limit : distance(typed, known);
    if (away < least) [best, least] = [name, away];
  }
  return best;
}

/** ` (did you mean "sender"?)`, or nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const name = closest(word, names);
  return name === undefined ? '' : ` (did you mean "${name}"?)`;
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Levenshtein's distance, where two neighbours that changed places count as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(substitute, row[j]! + 1, next[j - 1]! + 1, swap));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
