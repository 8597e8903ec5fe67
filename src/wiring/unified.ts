// The difference of two files, as `diff -u` shows it.

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Lines around a change that did not change. */
const context = 3;

/** Empty where there is none. */
export function unifiedDiff(name: string, before: string, after: string): string[] {
  if (before === after) return [];
  const lines = align(linesOf(before), linesOf(after));
  const shown = lines.map((_, i) =>
    lines.slice(Math.max(0, i - context), i + context + 1).some(line => line.sign !== ' '),
  );
  const hunks: string[] = [];
  let [old, now] = [1, 1];
  for (let i = 0; i < lines.length;) {
    let end = i;
    while (shown[end] === true) end++;
    const hunk = lines.slice(i, end);
    const count = (sign: Line['sign']): number => hunk.filter(line => line.sign !== sign).length;
    const [removed, added] = [count('+'), count('-')];
    if (hunk.length > 0) {
      hunks.push(`@@ -${old},${removed} +${now},${added} @@`, ...hunk.map(line => line.sign + line.text));
      old += removed;
      now += added;
      i = end;
    } else {
      old++;
      now++;
      i++;
    }
  }
  return [`--- ${name}`, `+++ ${name}`, ...hunks];
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence: these files have hundreds of lines. */
function align(a: readonly string[], b: readonly string[]): Line[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: ' ', text: a[i++]! });
      j++;
    } else if (j >= b.length || (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push({ sign: '-', text: a[i++]! });
    } else lines.push({ sign: '+', text: b[j++]! });
  }
  return lines;
}
