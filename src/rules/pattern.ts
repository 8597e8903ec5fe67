// Patterns over addresses, header values and media types: wildcards, or /regular expressions/.
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { PatternIndex } from './pattern-index.js';

/** A compiled pattern. Matching ignores case and takes time linear in the text. */
export interface Pattern {
  /** As the ini file has it. */
  readonly source: string;
  matches(text: string): boolean;
}

/**
 * Compiles `*@example.com` (`*` any run, `?` one character, over the whole text) or `/regex/`
 * (RE2 syntax, found anywhere in a text of up to 10,000 characters). RE2 cannot be made to backtrack for ever.
 * @throws Error that says in words what is wrong with the pattern
 */
export function parsePattern(source: string): Pattern {
  if (source === '') throw new Error('an empty pattern matches nothing');
  if (source.startsWith('/')) {
    if (source === '//')
      throw new Error('an empty regular expression matches everything: write * if that is meant');
    if (source.length < 3 || !source.endsWith('/'))
      throw new Error(`regular expression ${source} has no closing /`);
    const regex = compile(source);
    return { source, matches: text => text.length <= maxText && regex.test(text) };
  }
  return { source, matches: wildcard(source.toLowerCase()) };
}

/** Instructions of a compiled expression, and characters that it is tried on: the worst then takes a blink. */
const maxProgram = 1000;
const maxText = 10_000;

function compile(source: string): RE2JS {
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(source.slice(1, -1), RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
  } catch (error) {
    // Its message would show the expression with the flags in front.
    const said = error instanceof RE2JSSyntaxException ? error.getDescription() : String(error);
    const reason =
      said === 'invalid repeat count' ? 'repeats something more than 1000 times, all in all' : said;
    throw new Error(`regular expression ${source}: ${reason}`, { cause: error });
  }
  if (regex.programSize() > maxProgram)
    throw new Error(
      `regular expression ${source}: too large: shorten what it repeats, or make several of it`,
    );
  return regex;
}

/**
 * Splits a comma-separated list; commas inside /…/ belong to the regular expression.
 * @throws Error as parsePattern does
 */
export function parsePatterns(list: string): Pattern[] {
  const items = list.match(/\s*(?:\/(?:[^/\\]|\\.)*\/\s*(?=,|$)|[^,]*)/g) ?? [];
  const patterns: Pattern[] = [];
  // The last match is always the empty string at the end of the text.
  for (const item of items) if (item.trim() !== '') patterns.push(parsePattern(item.trim()));
  if (patterns.length === 0) throw new Error('an empty list matches nothing');
  return patterns;
}

/** Greedy matching with one point to return to: linear in the text for each `*`. */
function wildcard(source: string): (text: string) => boolean {
  if (!/[*?]/.test(source)) return text => text.toLowerCase() === source;
  const pattern = Array.from(source); // by code points, so that `?` takes a whole one
  return input => {
    const text = Array.from(input.toLowerCase());
    let p = 0;
    let t = 0;
    let star = -1;
    let mark = 0;
    while (t < text.length) {
      if (pattern[p] === '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
        p++;
        t++;
      } else if (star !== -1) {
        p = star + 1;
        t = ++mark;
      } else return false;
    }
    while (pattern[p] === '*') p++;
    return p === pattern.length;
  };
}

// Lists are made once and never change.
const indexes = new WeakMap<readonly Pattern[], PatternIndex<Pattern>>();

/** The first pattern of the list that matches, among those that count. */
export function findPattern<P extends Pattern>(
  patterns: readonly P[],
  text: string,
  counts?: (pattern: P) => boolean,
): P | undefined {
  let index = indexes.get(patterns) as PatternIndex<P> | undefined;
  if (!index) indexes.set(patterns, (index = new PatternIndex(patterns)));
  return index.find(text, counts);
}

/** The patterns for people; of a long list only the beginning. */
export function listPatterns(patterns: readonly Pattern[]): string {
  const shown = patterns.slice(0, 3).map(p => p.source);
  const more = patterns.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
