// The envelope of one transaction, verbatim as the client gave it (RFC 5321 §2.3.1, RFC 3461).
import type { Address } from './address.js';

/** A forward-path with its ESMTP parameters. */
export interface Recipient {
  readonly address: Address;
  /** Parameters as they came, still in xtext: `NOTIFY=SUCCESS`, `ORCPT=rfc822;a+2Bb@example.com`. */
  readonly parameters: readonly string[];
}

/** XFORWARD attributes as they came, still in xtext (Postfix XFORWARD_README): name → value. */
export type ForwardedAttributes = ReadonlyMap<string, string>;

/** Sender, recipients and what travels with them. */
export interface Envelope {
  readonly sender: Address;
  /** MAIL parameters as they came, without SIZE: `BODY=8BITMIME`, `SMTPUTF8`, `RET=HDRS`, `ENVID=…`. */
  readonly parameters: readonly string[];
  readonly recipients: readonly Recipient[];
  readonly forwarded: ForwardedAttributes;
  /** The size of the message in octets, as announced; it is not passed on (R35). */
  readonly size?: number;
}

/** What the journal says for a message whose queue id is not known, as Postfix does. */
export const noQueueId = 'NOQUEUE';

/** Postfix's queue id (XFORWARD IDENT), or undefined for a client that sent none. */
export function queueId(forwarded: ForwardedAttributes): string | undefined {
  const ident = forwarded.get('IDENT');
  return ident === undefined || ident.startsWith('[') ? undefined : ident;
}

/** The same envelope for some of its recipients. */
export function forRecipients(envelope: Envelope, recipients: readonly Recipient[]): Envelope {
  return { ...envelope, recipients };
}

/** One message as it comes in. */
export interface Delivery {
  readonly envelope: Envelope;
  /** Reading it throws Failure where the client goes away or sends too much. */
  readonly content: AsyncIterable<Buffer>;
  /** Whether each recipient is to have a reply of its own, as over LMTP (RFC 2033 §4.2). */
  readonly repliesEach: boolean;
  /** Who hands it over: the EHLO name and address. */
  readonly client: { readonly helo: string; readonly address: string };
}
