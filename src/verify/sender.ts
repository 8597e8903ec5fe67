// Whether the signature belongs to the header that people see: From and Date (RFC 8550 §3, R5, R23).
import type { Address } from '../address.js';
import { parseDate } from '../mime/date.js';
import { first, type Field } from '../mime/header.js';
import { mailboxesOf } from '../mime/mailboxes.js';
import type { Checks } from './report.js';

export interface Author {
  /** Fields of that name; readers differ on which one of several they show. */
  readonly fromFields: number;
  /** The mailboxes of all From fields; undefined where they cannot be read. */
  readonly from: readonly Address[] | undefined;
  readonly sender: readonly Address[];
  readonly date: Date | undefined;
}

export function authorOf(fields: readonly Field[]): Author {
  const date = first(fields, 'date');
  return {
    fromFields: fields.filter(f => f.name === 'from').length,
    from: mailboxesOf(fields, 'from'),
    sender: mailboxesOf(fields, 'sender') ?? [],
    date: date && parseDate(date.body),
  };
}

const list = (mailboxes: readonly Address[]): string => mailboxes.map(m => m.canonical).join(', ');

export function checkSender(author: Author, addresses: readonly Address[], checks: Checks): void {
  const fault = faultOf(author, addresses);
  if (fault === undefined) checks.ok('sender', 'From', `${list(author.from!)} is named by the certificate`);
  else checks.bad('sender', 'From', fault);
}

/** Why From is not the signer. RFC 8550 §3 would take Sender too, but nobody sees that. */
function faultOf({ fromFields, from, sender }: Author, addresses: readonly Address[]): string | undefined {
  const named = (mailbox: Address): boolean => addresses.some(a => a.key === mailbox.key);
  if (fromFields > 1)
    return `the message has ${fromFields} From fields, and clients differ on which one they show`;
  if (!from) return 'From cannot be read without guessing';
  if (from.length === 0) return 'the message has no From';
  if (from.every(named)) return undefined;
  if (addresses.length === 0) return `the certificate names no address, From is ${list(from)}`;
  if (from.some(named)) return `of ${list(from)} the certificate names only ${list(from.filter(named))}`;
  if (sender.some(named)) return `the certificate names Sender ${list(sender)}, and not From ${list(from)}`;
  return `the certificate names ${list(addresses)}, From is ${list(from)}`;
}

/** Beyond it Thunderbird calls the signature bad, and so it does without a Date (R23). In minutes. */
const tolerance = 60;

export function checkTime({ date }: Author, signingTime: Date | undefined, checks: Checks): void {
  if (!signingTime) return;
  if (!date)
    checks.warning(
      'sender',
      'Date',
      'missing or unreadable, and there is a signing time: bad in Thunderbird',
    );
  else {
    const apart = Math.round(Math.abs(date.getTime() - signingTime.getTime()) / 60_000);
    if (apart > tolerance)
      checks.warning(
        'sender',
        'Date',
        `${apart} min from the signing time: bad in Thunderbird, which allows an hour`,
      );
    else checks.ok('sender', 'Date', `${apart} min from the signing time`);
  }
}
