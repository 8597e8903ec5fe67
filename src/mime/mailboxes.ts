// The mailboxes that header fields name.
import { parseMailboxes, type Address } from '../address.js';
import type { Field } from './header.js';

/**
 * The mailboxes of all fields of that name: some clients show the first, some the last.
 * @param name in lower case
 * @returns undefined where one of them cannot be read without guessing
 */
export function mailboxesOf(fields: readonly Field[], name: string): Address[] | undefined {
  const lists = fields
    .filter(f => f.name === name)
    // Where some readers end the field, others read on: that is no mailbox without guessing.
    .map(f => (/\0|\r(?!\n)/.test(f.raw.toString('latin1')) ? undefined : parseMailboxes(f.body)));
  return lists.some(list => list === undefined) ? undefined : lists.flatMap(list => list ?? []);
}
