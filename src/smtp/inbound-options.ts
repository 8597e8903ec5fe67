// What the service that takes mail in is told, and whom it asks.
import type { Address } from '../address.js';
import type { Delivery, ForwardedAttributes, Recipient } from '../envelope.js';
import type { Reply } from '../failure.js';
import type { Capabilities } from './capabilities.js';

/** Mail that is refused before there is a message. */
export interface Refusal {
  readonly forwarded: ForwardedAttributes;
  readonly sender: Address;
  /** Those whom it concerns; empty for all that would have followed. */
  readonly recipients: readonly Address[];
  readonly reply: Reply;
}

/** What is in it is asked for when it is needed, and may have changed then; but not the protocol. */
export interface InboundOptions {
  readonly protocol: 'smtp' | 'lmtp';
  readonly hostname: string;
  readonly maxConnections: number;
  /** In octets; 0 for no limit. */
  readonly maxMessageSize: number;
  /** Milliseconds without an octet from the client. */
  readonly timeout: number;
  /** Milliseconds that `close` waits for messages in flight. */
  readonly shutdownTimeout: number;
  /** Whether a client may connect; it has no address on a UNIX socket, and none once it is gone. */
  readonly admits: (address: string | undefined) => boolean;
  /** What a client may count on behind us; never rejects. */
  readonly capabilities: () => Promise<Capabilities>;
  /** Handles one message, and gives a reply for each of its recipients; never rejects. */
  readonly deliver: (delivery: Delivery) => Promise<readonly Reply[]>;
  /** The refusal that an earlier attempt left to tell this recipient. */
  readonly takeRefusal: (forwarded: ForwardedAttributes, recipient: Recipient) => Reply | undefined;
  /** Told of mail that is refused without a message: nobody else hears of it. */
  readonly onRefusal: (refusal: Refusal) => void;
  /** Told of faults of connections, which concern no message. */
  readonly onError: (error: Error) => void;
}
