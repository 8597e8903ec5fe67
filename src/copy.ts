// One copy of a message for the recipients that share a decision: signed, or octet for octet as it came.
import { isAscii } from 'node:buffer';
import { Blocks } from './blocks.js';
import { closingSignedData, detachedSignedData, EncapsulatedContent } from './cms/signed-data.js';
import type { MessageTrace } from './debug/trace.js';
import type { Decision, SignDecision } from './decision.js';
import { forRecipients, type Envelope, type Recipient } from './envelope.js';
import { Failure, outcome, type Reply } from './failure.js';
import { CRLF, isSpace } from './mime/ascii.js';
import { signingTime } from './mime/date.js';
import type { Frame, FrameOptions } from './mime/frame.js';
import { first } from './mime/header.js';
import { OpaqueMessage } from './mime/opaque.js';
import { randomBoundary, SignedMessage } from './mime/signed.js';
import type { TopHeader } from './mime/top-header.js';
import type { Journal } from './journal.js';
import { Refused, replyOf, type NextHop, type Trace, type Transfer } from './next-hop.js';

export interface CopyContext {
  readonly header: TopHeader;
  /** Our Received field, which goes on top. */
  readonly received: Buffer;
  readonly now: Date;
  readonly random: (octets: number) => Buffer;
  /** Milliseconds, for how long something takes. */
  readonly uptime: () => number;
  readonly journal: Journal;
  readonly trace: MessageTrace;
}

/** Turns the octets of the body into those of the copy. */
interface Content {
  /** The MAIL parameters that are true of the copy. */
  parameters(parameters: readonly string[]): readonly string[];
  write(bytes: Buffer): void;
  end(): Promise<void>;
}

/** Used in this order: `open`, `write`…, `end`, `finish`; `abort` at any time. */
export class Copy {
  /** The reply of the next hop once it has accepted the copy. */
  accepted: Reply | undefined;
  /** What ended it before that. */
  fault: Error | undefined;
  private transfer: Transfer | undefined;
  private readonly blocks = new Blocks();
  private readonly content: Content;

  constructor(
    readonly decision: Exclude<Decision, { action: 'refuse' }>,
    readonly recipients: Recipient[],
    private readonly context: CopyContext,
  ) {
    const out = (bytes: Buffer): void => {
      this.blocks.add(bytes);
    };
    out(context.received);
    this.content =
      decision.action === 'sign' ? new SignedContent(decision, context, out) : new SameContent(context, out);
  }

  /** Begins the transaction. @param some see NextHop @throws Refused, Failure */
  async open(nextHop: NextHop, envelope: Envelope, some: boolean): Promise<void> {
    const own = {
      ...forRecipients(envelope, this.recipients),
      parameters: this.content.parameters(envelope.parameters),
    };
    const trace: Trace = (direction, line) => {
      this.context.trace.smtp(this.name, direction, line);
    };
    this.transfer = await nextHop.open(own, trace, some);
  }

  /** Takes octets of the body. @throws Refused, Failure */
  async write(bytes: Buffer): Promise<void> {
    this.content.write(bytes);
    await this.flush();
  }

  /** Signs, and transfers all but the last octets. @throws Refused, Failure */
  async end(): Promise<void> {
    await this.content.end();
    await this.flush();
  }

  /** Lets the next hop have it. @throws Refused, Failure */
  async finish(): Promise<Reply> {
    const { journal, trace, uptime } = this.context;
    const began = uptime();
    const reply = await this.blocks.close(bytes => this.transfer!.finish(bytes));
    journal.handedOn(trace, this.name, uptime() - began);
    if (outcome(reply) !== 'accepted') throw new Refused(reply);
    this.accepted = reply;
    return reply;
  }

  /** Drops it, unless the next hop has it already. */
  abort(): void {
    this.transfer?.abort();
  }

  /** What became of it for one of its recipients; undefined where it was dropped for no fault of its own. */
  replyFor(recipient: Recipient): Reply | undefined {
    const { fault } = this;
    const refusal = fault instanceof Refused ? fault.recipients.get(recipient) : undefined;
    return refusal ?? this.transfer?.refused.get(recipient) ?? this.accepted ?? (fault && replyOf(fault));
  }

  /** For the debug journal. */
  private get name(): string {
    return this.decision.action === 'sign' ? 'signed' : 'unsigned';
  }

  private async flush(): Promise<void> {
    await this.blocks.flush(bytes => this.transfer!.write(bytes));
  }
}

class SameContent implements Content {
  constructor(
    { header }: CopyContext,
    private readonly out: (bytes: Buffer) => void,
  ) {
    // Our field, which stands before it, would take a first line like this for its own folded rest.
    if (header.fields.length === 0 && isSpace(header.block[0] ?? header.rest[0])) out(CRLF);
    out(header.block);
  }

  parameters(parameters: readonly string[]): readonly string[] {
    return parameters;
  }

  write(bytes: Buffer): void {
    this.out(bytes);
  }

  async end(): Promise<void> {
    // nothing is kept back
  }
}

class SignedContent implements Content {
  private readonly frame: Frame;

  constructor(
    private readonly decision: SignDecision,
    private readonly context: CopyContext,
    out: (bytes: Buffer) => void,
  ) {
    const { digest } = decision.algorithm;
    const options = {
      fields: context.header.fields,
      digest,
      headerProtection: decision.headerProtection,
      out,
      rewritten: rewrite => {
        context.trace.rewrite(rewrite);
      },
    } satisfies FrameOptions;
    this.frame =
      decision.form === 'clear'
        ? new SignedMessage({ ...options, boundary: randomBoundary(context.random(16)) })
        : new OpaqueMessage({ ...options, encapsulation: new EncapsulatedContent(digest) });
  }

  /** Its body is 7-bit now; only fields outside the signature may still be something else. */
  parameters(parameters: readonly string[]): readonly string[] {
    return isAscii(this.context.header.block) ? parameters.filter(p => !/^BODY=/i.test(p)) : parameters;
  }

  write(bytes: Buffer): void {
    this.frame.write(bytes);
  }

  async end(): Promise<void> {
    const { decision, context } = this;
    const { identity, algorithm, form } = decision;
    const time = signingTime(context.now, first(context.header.fields, 'date')?.body);
    const contentDigest = this.frame.end();
    const sign = form === 'clear' ? detachedSignedData : closingSignedData;
    const began = context.uptime();
    const cms = await sign({ identity, algorithm, contentDigest, signingTime: time }).catch(
      (error: unknown) => {
        throw signingFailure(decision, error);
      },
    );
    const milliseconds = context.uptime() - began;
    this.frame.close(cms);
    context.journal.signature(context.trace, {
      certificate: identity.name,
      algorithm: algorithm.title,
      digest: algorithm.digest.name,
      form,
      headerProtection: decision.headerProtection,
      signingTime: time !== undefined,
      octets: cms.length,
      milliseconds,
    });
  }
}

/** The key did not sign. Where that is for good it must not bounce the recipients of the other copy as well. */
function signingFailure({ identity, failsForGood }: SignDecision, cause: unknown): Failure | Refused {
  const why = cause instanceof Error ? cause.message : String(cause);
  const failure = new Failure('signing-failed', `${identity.name}: ${why}`, failsForGood, { cause });
  return failsForGood ? new Refused(failure.reply) : failure;
}
