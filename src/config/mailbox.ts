// Mailboxes of people: whom to write to, and in whose name.
import { Address } from '../address.js';
import { withForm, type Parser } from './parsers.js';
import { inQuotes } from '../printable.js';

/** One that every mail server takes: without SMTPUTF8, and with its domain. */
export const mailbox: Parser<Address> = withForm('ADDRESS', text => {
  const address = Address.parse(text);
  if (!address || address.domain === '')
    return { wrong: `${inQuotes(text)} is not an address: write one as in postmaster@example.com` };
  return /^[\x20-\x7e]+$/.test(text)
    ? { value: address }
    : { wrong: `${inQuotes(text)} is not ASCII: write an address that every mail server takes` };
});

/** Several, with commas in between. */
export const mailboxes: Parser<readonly Address[]> = withForm('ADDRESS, ...', (text, context) => {
  const parsed = text.split(',').map(item => mailbox(item.trim(), context));
  const wrong = parsed.find(item => 'wrong' in item);
  return wrong ?? { value: parsed.flatMap(item => ('value' in item ? [item.value] : [])) };
});
