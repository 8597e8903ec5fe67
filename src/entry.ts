// What the journal and its listener are told, as values.
import type { Address } from './address.js';
import type { Decision } from './decision.js';
import type { Reply } from './failure.js';

/** Recipients that were treated alike. */
export interface DecidedGroup {
  /** Absent where all that there is to tell is the refusal that an earlier attempt has left. */
  readonly decision?: Decision;
  readonly recipients: readonly Address[];
  /** What became of their copy, where it is not the message's reply: over LMTP, and after a partial failure. */
  readonly reply?: Reply;
}

/** What the one line about a message tells. */
export interface MessageEntry {
  /** Empty where the message did not get as far as a decision. */
  readonly groups: readonly DecidedGroup[];
  readonly sender: Address;
  /** Octets received. */
  readonly size: number;
  readonly milliseconds: number;
  readonly reply: Reply;
}

/** How it is with the debug journal. */
export interface DebugState {
  /** Where it goes while it is on, and would go: a file, or `stdout`. */
  readonly to: string;
  /** What keeps it on for good, and how to end that. */
  readonly permanent?: { readonly because: string; readonly mend: string };
  /** Switched on by command. */
  readonly switched?: {
    /** RFC 3339. */
    readonly until: string;
    /** Patterns; of everybody where there are none. */
    readonly senders: readonly string[];
  };
  /** Since it was switched on, or the service began. */
  readonly messages: number;
  readonly octets: number;
  /** Lines that could not be written. */
  readonly lost: number;
}

/** What the service works by. */
export interface InForce {
  readonly listen: string;
  readonly returnPort: string;
  readonly rules: number;
  readonly certificates: number;
}

export interface MessageListener {
  /** @param id Postfix's queue id, or NOQUEUE; may hold anything that a client says */
  message(id: string, entry: MessageEntry): void;
  /** A key has signed. @param algorithm as people call it: `RSA` */
  signature?(algorithm: string, milliseconds: number): void;
  /** The next hop has answered the end of a copy. */
  handedOn?(milliseconds: number): void;
}
