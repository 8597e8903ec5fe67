// What a decision may look at: envelope and top header, as values. The body is never looked at.
import type { Address } from '../address.js';

export interface MessageFacts {
  /** The envelope sender. */
  readonly sender: Address;
  /** The mailboxes of all From fields; undefined where they cannot be read without guessing (R4). */
  readonly from: readonly Address[] | undefined;
  /** The media type of the top header in lower case; `text/plain` where there is none. */
  readonly mediaType: string;
  /** The names that Content-Type and Content-Disposition give the content, for R1. */
  readonly fileNames: readonly string[];
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
