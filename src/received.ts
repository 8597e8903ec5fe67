// Our own trace field (RFC 5321 §4.4), by which a loop is found as well (R37).
import { formatDate } from './mime/date.js';
import type { Field } from './mime/header.js';

export interface Hop {
  /** The client's EHLO name and address. */
  readonly helo: string;
  readonly address: string;
  readonly hostname: string;
  readonly id: string;
  readonly date: Date;
}

export function receivedField({ helo, address, hostname, id, date }: Hop): Buffer {
  const literal = address.includes(':') ? `IPv6:${address}` : address;
  return Buffer.from(
    `Received: from ${atom(helo)}${literal === '' ? '' : ` ([${atom(literal)}])`}\r\n` +
      `\tby ${atom(hostname)} (Postseal) with ESMTP id ${atom(id)};\r\n` +
      `\t${formatDate(date)}\r\n`,
  );
}

/** How often the message came by here, or by another Postseal. */
export function countHops(fields: readonly Field[]): number {
  return fields.filter(f => f.name === 'received' && /\sby \S+ \(Postseal\) with /.test(f.body)).length;
}

/**
 * The queue id in the topmost Received field, which is the local Postfix's own: for mail of the sendmail
 * command it is the only place that tells it.
 */
export function receivedId(fields: readonly Field[]): string | undefined {
  const top = fields.find(f => f.name === 'received');
  return top && /\sid ([0-9A-Za-z]{5,30})(?=[\s;]|$)/.exec(top.body)?.[1];
}

/** What a client says of itself must not break the field apart. */
function atom(text: string): string {
  return text.replace(/[^\x21-\x7e]|[();\\"]/g, '?').slice(0, 255);
}
