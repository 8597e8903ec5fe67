// One table: the kinds of failure and the SMTP replies that tell them. Nobody else writes a reply code.

/** An SMTP reply: the code, and the text with its enhanced status code (RFC 5321 §4.2, RFC 3463). */
export interface Reply {
  readonly code: number;
  /** The lines of the reply without code, the enhanced status code in front where there is one. */
  readonly text: string;
}

interface Kind {
  readonly code: number;
  readonly enhanced: string;
  readonly text: string;
}

const kinds = {
  internal: { code: 451, enhanced: '4.3.0', text: 'Internal error, try again later' },
  'shutting-down': { code: 421, enhanced: '4.3.2', text: 'Shutting down, try again later' },
  'timed-out': { code: 421, enhanced: '4.4.2', text: 'Timeout, closing the connection' },
  'input-cut': { code: 451, enhanced: '4.4.2', text: 'Connection lost before the end of the message' },
  'return-port-unreachable': { code: 451, enhanced: '4.4.1', text: 'Return port is not available' },
  'return-port-lost': { code: 451, enhanced: '4.4.2', text: 'Connection to the return port lost' },
  'return-port-lacks': { code: 451, enhanced: '4.5.0', text: 'Return port lacks an extension' },
  'recipients-refused': { code: 451, enhanced: '4.5.1', text: 'Some recipients were refused' },
  'no-certificate': { code: 451, enhanced: '4.7.5', text: 'No S/MIME certificate for the sender' },
  expired: { code: 451, enhanced: '4.7.5', text: 'S/MIME certificate is expired' },
  'not-yet-valid': { code: 451, enhanced: '4.7.5', text: 'S/MIME certificate is not yet valid' },
  'unusable-certificate': { code: 451, enhanced: '4.7.5', text: 'S/MIME certificate cannot be used' },
  'signing-failed': { code: 451, enhanced: '4.7.5', text: 'S/MIME signature cannot be made' },
  mismatch: { code: 451, enhanced: '4.7.5', text: 'S/MIME certificate does not name the sender' },
  'no-rule': { code: 451, enhanced: '4.7.1', text: 'No rule for this sender' },
  'ambiguous-author': { code: 451, enhanced: '4.7.5', text: 'From does not name exactly one mailbox' },
  'sender-disagrees': { code: 451, enhanced: '4.7.1', text: 'Envelope sender does not agree with From' },
  unsignable: { code: 451, enhanced: '4.6.3', text: 'Message cannot be made 7-bit without damage' },
  'header-too-large': { code: 451, enhanced: '4.3.4', text: 'Header too large' },
  'message-too-large': { code: 552, enhanced: '5.3.4', text: 'Message too large' },
  'too-many-connections': { code: 421, enhanced: '4.7.0', text: 'Too many connections' },
  // Not for good: a mistake in the ini file leaves the mail in the queue.
  'client-not-allowed': { code: 421, enhanced: '4.7.1', text: 'Client is not allowed' },
  'command-too-long': { code: 421, enhanced: '4.5.2', text: 'Command line too long' },
  'too-many-recipients': { code: 452, enhanced: '4.5.3', text: 'Too many recipients' },
  loop: { code: 554, enhanced: '5.4.6', text: 'Mail loop: passed this filter too often' },
  'bad-sender': { code: 501, enhanced: '5.1.7', text: 'Bad sender address syntax' },
  'bad-recipient': { code: 501, enhanced: '5.1.3', text: 'Bad recipient address syntax' },
  'bad-parameter': { code: 501, enhanced: '5.5.4', text: 'Bad command parameter syntax' },
  'unknown-parameter': { code: 555, enhanced: '5.5.4', text: 'Unsupported command parameter' },
  'bad-sequence': { code: 503, enhanced: '5.5.1', text: 'Bad sequence of commands' },
} as const satisfies Record<string, Kind>;

export type FailureKind = keyof typeof kinds;

export const failureKinds = Object.keys(kinds) as readonly FailureKind[];

/** A reply line has to stay one (RFC 5321 §4.5.3.1.5); much of a detail may come from the message. */
const maxDetail = 300;

/** A fault with a reply of its own. Messages go to the journal and to the client: no secrets in them. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly detail: string;

  /**
   * @param detail what is particular this time, in a few words
   * @param permanent asks for a 5xx where the kind is a 4xx, because a rule says so (R36)
   */
  constructor(
    readonly kind: FailureKind,
    detail = '',
    readonly permanent = false,
    options?: ErrorOptions,
  ) {
    const line = detail.trim().replace(/\s*[\r\n]\s*/g, ' ');
    const short = line.length > maxDetail ? `${line.slice(0, maxDetail)}…` : line;
    super(short === '' ? kinds[kind].text : `${kinds[kind].text}: ${short}`, options);
    this.detail = short;
  }

  get reply(): Reply {
    const { code, enhanced } = kinds[this.kind];
    const harden = this.permanent && code < 500;
    return {
      code: harden ? 554 : code,
      text: `${harden ? enhanced.replace(/^4/, '5') : enhanced} ${this.message}`,
    };
  }

  /** Any error as a failure; what is not one already is an internal fault. */
  static from(error: unknown): Failure {
    return error instanceof Failure ? error : new Failure('internal', '', false, { cause: error });
  }
}

/** Whether the reply accepts (2xx), defers (4xx) or rejects (5xx); anything else defers. */
export function outcome(reply: Reply): 'accepted' | 'deferred' | 'rejected' {
  if (reply.code >= 200 && reply.code < 300) return 'accepted';
  return reply.code >= 500 && reply.code < 600 ? 'rejected' : 'deferred';
}
