// A message on standard input, with the envelope that its header suggests where the options give none.
import { Address, parseMailboxes } from '../address.js';
import type { Envelope } from '../envelope.js';
import { TopHeaderReader, type TopHeader } from '../mime/top-header.js';
import { envelopeOf } from './arguments.js';

export interface InputMessage {
  readonly envelope: Envelope;
  readonly header: TopHeader;
  /** The whole content, header included. */
  readonly content: AsyncIterable<Buffer>;
}

/** Reads the header; the body stays in the stream. */
export async function readMessage(
  input: AsyncIterable<Buffer>,
  given: { sender: Address | undefined; recipients: Address[] },
): Promise<InputMessage> {
  const source = toCrlf(input);
  const reader = new TopHeaderReader();
  const read: Buffer[] = [];
  let header: TopHeader | undefined;
  for (let next = await source.next(); !header; next = await source.next()) {
    if (next.done) header = reader.end();
    else {
      read.push(next.value);
      header = reader.write(next.value);
      if (header) break;
    }
  }
  const mailboxes = (...names: string[]): Address[] =>
    header.fields.filter(f => names.includes(f.name)).flatMap(f => parseMailboxes(f.body) ?? []);
  const sender = given.sender ?? mailboxes('from')[0] ?? Address.null;
  const named = given.recipients.length > 0 ? given.recipients : mailboxes('to', 'cc', 'bcc');
  // A message for nobody is decided all the same.
  const recipients = named.length > 0 ? named : [Address.parse('undisclosed')!];
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield* read;
    yield* source;
  };
  return { envelope: envelopeOf(sender, recipients), header, content: rest() };
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
