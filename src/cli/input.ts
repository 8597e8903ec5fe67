// A message on standard input, with the envelope that its header suggests where the options give none.
import { Address, parseMailboxes } from '../address.js';
import type { Envelope } from '../envelope.js';
import { readBeginning, type Beginning } from '../facts.js';
import { TopHeaderReader, type TopHeader } from '../mime/top-header.js';
import { envelopeOf } from './arguments.js';

export interface InputMessage {
  readonly envelope: Envelope;
  readonly header: TopHeader;
  /** What a decision looks at of the body. */
  readonly beginning: Beginning;
  /** The whole content, header included; it is kept, and can be read again. */
  readonly content: AsyncIterable<Buffer>;
}

/** Reads all of it: a decision may ask for the size. */
export async function readMessage(
  input: AsyncIterable<Buffer>,
  given: { sender: Address | undefined; recipients: Address[] },
): Promise<InputMessage> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const piece of toCrlf(withoutMboxLine(input))) {
    read.push(piece);
    size += piece.length;
  }
  const content = {
    async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
      await Promise.resolve();
      yield* read;
    },
  };
  const source = content[Symbol.asyncIterator]();
  const reader = new TopHeaderReader();
  let header: TopHeader | undefined;
  while (!header) {
    const next = await source.next();
    header = next.done ? reader.end() : reader.write(next.value);
  }
  const beginning = await readBeginning(header.rest, source);
  const mailboxes = (...names: string[]): Address[] =>
    header.fields.filter(f => names.includes(f.name)).flatMap(f => parseMailboxes(f.body) ?? []);
  const sender = given.sender ?? mailboxes('from')[0] ?? Address.null;
  const named = given.recipients.length > 0 ? given.recipients : mailboxes('to', 'cc', 'bcc');
  // A message for nobody is decided all the same.
  const recipients = named.length > 0 ? named : [Address.parse('undisclosed')!];
  return { envelope: { ...envelopeOf(sender, recipients), size }, header, beginning, content };
}

/** The line `From ` that mailboxes put before a message is no part of it; sendmail(1) leaves it out as well. */
async function* withoutMboxLine(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let held: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of input) {
    if (!held) {
      yield chunk;
      continue;
    }
    held = Buffer.concat([held, chunk]);
    const line = held.indexOf('\n') + 1;
    if (line === 0) continue;
    yield held.toString('latin1', 0, 5) === 'From ' ? held.subarray(line) : held;
    held = undefined;
  }
  if (held) yield held;
}

/** Files on disk end their lines in LF, as sendmail(1) takes them; mail has CRLF. The first line decides. */
async function* toCrlf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let unix: boolean | undefined;
  let last = 0;
  for await (const chunk of input) {
    const lf = chunk.indexOf(0x0a);
    if (unix === undefined && lf !== -1) unix = (lf === 0 ? last : chunk[lf - 1]) !== 0x0d;
    yield unix ? Buffer.from(chunk.toString('latin1').replace(/\n/g, '\r\n'), 'latin1') : chunk;
    last = chunk.at(-1) ?? last;
  }
  if (last !== 0x0a && last !== 0) yield Buffer.from('\r\n');
}
