// What the debug journal is told of one message. Whether it is to hear of it at all is known once the header has been
// read; what happens before that is held until then.
import type { Address } from '../address.js';
import type { Decision, Step } from '../decision.js';
import type { MessageEntry } from '../entry.js';
import type { Reply } from '../failure.js';
import { describeDecision, outcomeOf } from '../sentence.js';
import type { Details, Happening, ToldGroup } from './detail.js';

/** Where details go. */
export interface Listener {
  /** Whether mail of this sender or author is to be told of. */
  readonly wants: (address: Address) => boolean;
  readonly write: <H extends Happening>(id: string, happening: H, details: Details[H]) => void;
}

export interface Beginning {
  readonly sender: Address;
  readonly recipients: readonly { readonly address: Address }[];
  readonly client?: { readonly helo: string; readonly address: string };
}

export class MessageTrace {
  /** Of a message that nobody wants to hear of. */
  static readonly none = new MessageTrace(undefined);
  private id = '';
  private wanted = false;
  /** What happened before it was known whether it is wanted. */
  private held: (() => void)[] | undefined = [];

  /** @param listener undefined for nobody */
  constructor(
    private readonly listener: Listener | undefined,
    beginning?: Beginning,
  ) {
    if (!listener || !beginning) return;
    const { sender, recipients, client } = beginning;
    this.wanted = listener.wants(sender);
    this.tell('envelope', {
      sender: sender.text,
      recipients: recipients.map(r => r.address.text),
      ...(client && { client: client.address ? `${client.helo} [${client.address}]` : client.helo }),
    });
  }

  /** The header has been read. @param authors asked where the envelope does not tell already */
  identify(id: string, authors: () => readonly Address[] | undefined): void {
    const { listener } = this;
    if (!listener) return;
    this.wanted ||= authors()?.some(author => listener.wants(author)) ?? false;
    this.release(id);
  }

  /** What was looked at for this recipient, and the decision that came of it. */
  decision(recipient: Address, steps: readonly Step[], decision: Decision): void {
    if (!this.wanted) return; // a message may have thousands of recipients
    this.tell('decision', {
      recipient: recipient.text,
      steps: steps.map(s => `${s.subject}: ${s.finding}`),
      decision: describeDecision(decision),
    });
  }

  rewrite({ mediaType, from, to, because }: Details['re-encoded']): void {
    this.tell('re-encoded', { mediaType, from, to, because });
  }

  signature(facts: Details['signature']): void {
    this.tell('signature', facts);
  }

  smtp(copy: string, direction: 'sent' | 'received', line: string): void {
    this.tell('return port', { copy, [direction]: line });
  }

  handedOn(copy: string, milliseconds: number): void {
    this.tell('handed on', { copy, milliseconds });
  }

  failure({ message }: Error): void {
    this.tell('failure', { reason: message });
  }

  /** What does not get as far as a header is told by its envelope alone. */
  done(id: string, { size, milliseconds, reply, groups }: MessageEntry): void {
    if (this.held) this.release(id);
    if (!this.wanted) return;
    const told = groups.map(g => toldGroup(g.recipients, reply, g.decision, g.reply));
    // Where there was nobody to decide about, an earlier attempt had reached all.
    if (told.length === 0 && outcomeOf(reply) !== 'unsigned') told.push(toldGroup([], reply));
    this.tell('done', { size, milliseconds, reply: textOf(reply), groups: told });
  }

  private release(id: string): void {
    const { held, wanted } = this;
    this.id = id;
    this.held = undefined;
    if (wanted) for (const tell of held ?? []) tell();
  }

  private tell<H extends Happening>(happening: H, details: Details[H]): void {
    const { listener, held } = this;
    if (!listener) return;
    if (held)
      held.push(() => {
        listener.write(this.id, happening, details);
      });
    else if (this.wanted) listener.write(this.id, happening, details);
  }
}

function toldGroup(
  recipients: readonly Address[],
  common: Reply,
  decision?: Decision,
  own?: Reply,
): ToldGroup {
  return {
    recipients: recipients.map(r => r.text),
    outcome: outcomeOf(own ?? common, decision),
    ...(decision?.rule !== undefined && { rule: decision.rule }),
    ...(own && { reply: textOf(own) }),
  };
}

function textOf({ code, text }: Reply): string {
  return `${code} ${text}`;
}
