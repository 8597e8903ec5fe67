// What a decision may look at, as values: envelope, top header, and what the beginning of the body tells.
import type { Address } from '../address.js';

/** `calendar`: an iTIP invitation (RFC 6047); `tnef`: Outlook's winmail.dat. */
export type Fragile = 'calendar' | 'tnef';

/** As journal and `explain` say it. */
export const describeFragile: Readonly<Record<Fragile, string>> = {
  calendar: 'calendar invitation',
  tnef: 'winmail.dat',
};

export interface ContentFacts {
  /** Content of which common clients make nothing once it is signed (R3). */
  readonly fragile: readonly Fragile[];
  /** Why the message cannot be made 7-bit without damage (R15). */
  readonly unsignable: string | undefined;
  /** The same of its header, if that is to be protected. */
  readonly unprotectable: string | undefined;
}

export interface MessageFacts {
  /** The envelope sender. */
  readonly sender: Address;
  /** The mailboxes of all From fields; undefined where they cannot be read without guessing (R4). */
  readonly from: readonly Address[] | undefined;
  /** The media type of the top header in lower case; `text/plain` where there is none. */
  readonly mediaType: string;
  /** The names that Content-Type and Content-Disposition give the content, for R1. */
  readonly fileNames: readonly string[];
  /** What the beginning of the body tells; looked at when it is asked for. */
  readonly content: () => ContentFacts;
  /** Octets of the whole message, as counted or announced; undefined where neither is known. */
  readonly size: number | undefined;
  /** Why the key did not sign when an earlier attempt came to it. */
  readonly keyFailure: string | undefined;
  /** All fields of the top header: lower-case name and unfolded body. */
  readonly fields: readonly { readonly name: string; readonly body: string }[];
}

/** Why a message must never be signed, whatever the rules say; undefined if it may be (R1, R2). */
export function neverSigned({ sender, mediaType, fileNames }: MessageFacts): string | undefined {
  if (sender.isNull) return 'null sender';
  if (mediaType === 'multipart/signed') return 'signed already';
  if (mediaType === 'multipart/encrypted') return 'encrypted already';
  if (mediaType === 'application/pkcs7-mime' || mediaType === 'application/x-pkcs7-mime') {
    return 'signed or encrypted already';
  }
  // RFC 8551 §3.10: gateways relabel S/MIME like this.
  if (mediaType === 'application/octet-stream' && fileNames.some(name => /\.p7[mscz]$/i.test(name))) {
    return 'signed or encrypted already';
  }
  if (mediaType === 'multipart/report') return 'report';
  if (mediaType === 'message/partial') return 'fragment of a message';
  return undefined;
}
