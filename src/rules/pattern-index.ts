// The first pattern of a list that matches, without trying them one by one: a list of thousands must not cost each
// message, or each recipient, its length.
import type { Pattern } from './pattern.js';

interface Placed<P> {
  readonly pattern: P;
  readonly place: number;
}

export class PatternIndex<P extends Pattern> {
  /** By what a text must be, or end in, to match: `anna@example.com`, `@example.com`, `.example.com`. */
  private readonly buckets = new Map<string, Placed<P>[]>();
  /** Those of which no end is known: regular expressions, `billing@*`. */
  private readonly others: Placed<P>[] = [];

  constructor(patterns: readonly P[]) {
    for (const [place, pattern] of patterns.entries()) {
      const end = endOf(pattern.source.toLowerCase());
      const bucket = end === undefined ? this.others : this.buckets.get(end);
      if (bucket) bucket.push({ pattern, place });
      else this.buckets.set(end!, [{ pattern, place }]);
    }
  }

  /** In the order of the list. @param counts whether a pattern is to be looked at */
  find(text: string, counts: (pattern: P) => boolean = () => true): P | undefined {
    let first: Placed<P> | undefined;
    for (const bucket of this.bucketsFor(text.toLowerCase())) {
      for (const placed of bucket) {
        if (first && placed.place > first.place) break;
        if (counts(placed.pattern) && placed.pattern.matches(text)) first = placed;
      }
    }
    return first?.pattern;
  }

  /** The dear ones last. */
  private *bucketsFor(text: string): Generator<readonly Placed<P>[]> {
    const at = text.lastIndexOf('@');
    const ends = [text, ...(at === -1 ? [] : [text.slice(at)])];
    for (let dot = text.indexOf('.', at + 1); dot !== -1; dot = text.indexOf('.', dot + 1))
      ends.push(text.slice(dot));
    for (const end of new Set(ends)) yield this.buckets.get(end) ?? [];
    yield this.others;
  }
}

/** The text itself where there is no wildcard in it; otherwise what comes after the last, from its `@` or `.` on. */
function endOf(source: string): string | undefined {
  if (source.startsWith('/')) return undefined;
  const wildcard = Math.max(source.lastIndexOf('*'), source.lastIndexOf('?'));
  if (wildcard === -1) return source;
  const at = source.lastIndexOf('@');
  const begin = at > wildcard ? at : source.indexOf('.', wildcard);
  return begin === -1 ? undefined : source.slice(begin);
}
