// Words about cases that more than one section of docs/reliability.md needs.
import { thousands } from './table.js';

/** In the order of their first appearance. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** Those that agree in a value, in the order of its first appearance. */
export function groupBy<T>(cases: readonly T[], value: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of cases) groups.set(value(one), [...(groups.get(value(one)) ?? []), one]);
  return groups;
}

/** The SMTP reply in a line of the journal; undefined where there is none. */
export function replyIn(journal: string): string | undefined {
  return /reply="(.*)"$/.exec(journal)?.[1];
}

/** A reply of ours without what is particular this time. */
export function kindOf(reply: string): string {
  return reply.replace(/^(451 4\.4\.[12] [^:]*): .*/, '$1: …').replace(/queued as .*/, 'queued as …');
}

/** As a client's library tells it, without the command that it answers. */
export function bare(reply: string): string {
  return reply.replace(/^(\.|connect): /, '').replace(/: queued as .*/, '');
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** `19 × …, 1 × …` */
export function counts(replies: Readonly<Record<string, number>>): string {
  return Object.entries(replies)
    .map(([reply, count]) => `${thousands(count)} × ${code(reply)}`)
    .join(', ');
}
