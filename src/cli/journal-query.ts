// What the options of `postseal journal` ask for.
import { Address } from '../address.js';
import { outcomes, type Outcome } from '../events/event.js';
import type { Query } from '../events/search.js';
import { parsePattern } from '../rules/pattern.js';
import { usageError } from './arguments.js';
import { readSpan } from './time.js';
import { inQuotes } from '../printable.js';

export const queryOptions = {
  address: { type: 'string', multiple: true },
  'queue-id': { type: 'string', multiple: true },
  rule: { type: 'string', multiple: true },
  outcome: { type: 'string', multiple: true },
  since: { type: 'string' },
  until: { type: 'string' },
} as const;

export interface QueryOptions {
  address?: string[];
  'queue-id'?: string[];
  rule?: string[];
  outcome?: string[];
  since?: string;
  until?: string;
}

/** @throws CommandError (64) */
export function readQuery(values: QueryOptions, now: Date): Query {
  for (const key of ['queue-id', 'rule'] as const)
    if (values[key]?.includes('') === true) throw usageError('journal', `--${key}: is empty`);
  return {
    ...(values.address && { address: addressMatcher(values.address) }),
    ...(values['queue-id'] && { queueIds: values['queue-id'] }),
    ...(values.rule && { rules: values.rule }),
    ...(values.outcome && { outcomes: values.outcome.map(readOutcome) }),
    ...readSpan('journal', values, now),
  };
}

/** Bare or in angle brackets, as the log has the address or in its canonical form. */
function addressMatcher(texts: readonly string[]): (address: string) => boolean {
  try {
    const patterns = texts.map(text => parsePattern(text.trim().replace(/^<(.*)>$/, '$1')));
    return address => {
      const forms = [address, Address.parse(address)?.canonical ?? address];
      return patterns.some(pattern => forms.some(form => pattern.matches(form)));
    };
  } catch (error) {
    throw usageError('journal', `--address: ${(error as Error).message}`);
  }
}

function readOutcome(text: string): Outcome {
  const known = outcomes.find(name => name === text);
  if (!known) throw usageError('journal', `--outcome: ${inQuotes(text)} is none of ${outcomes.join(', ')}`);
  return known;
}

export function readLast(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,6}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw usageError('journal', `--last: ${inQuotes(text)} is not a number up to 999999`);
}
