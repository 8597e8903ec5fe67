// From envelope, top header and the beginning of the body to what a decision may look at.
import type { Envelope } from './envelope.js';
import type { FailureKind } from './failure.js';
import { contentType, first, parseParameters } from './mime/header.js';
import { mailboxesOf } from './mime/mailboxes.js';
import { preview, previewSize } from './mime/preview.js';
import type { TopHeader } from './mime/top-header.js';
import type { Found } from './outcomes.js';
import type { ContentFacts, MessageFacts } from './rules/message.js';

/** The body as far as it has been read. */
export interface Beginning {
  readonly bytes: Buffer;
  /** Whether that is all of it. */
  readonly whole: boolean;
}

/** Reads on to the end of what a decision looks at. @param rest what came with the header */
export async function readBeginning(
  rest: Buffer,
  content: AsyncIterator<Buffer, unknown>,
): Promise<Beginning> {
  const pieces = [rest];
  let size = rest.length;
  while (size < previewSize) {
    const next = await content.next();
    if (next.done) return { bytes: Buffer.concat(pieces), whole: true };
    pieces.push(next.value);
    size += next.value.length;
  }
  return { bytes: pieces.length === 1 ? rest : Buffer.concat(pieces), whole: false };
}

/** @param found what an earlier attempt came upon while it signed */
export function factsOf(
  { sender, size }: Envelope,
  { fields, block }: TopHeader,
  { bytes, whole }: Beginning,
  found?: Found,
): MessageFacts {
  const type = contentType(fields);
  const disposition = first(fields, 'content-disposition');
  const fileNames = [
    type?.parameters.get('name'),
    disposition && parseParameters(disposition.body).parameters.get('filename'),
  ].filter(name => name !== undefined);
  const look = (): ContentFacts => {
    const beginning = preview(fields, bytes, whole);
    return { ...beginning, unsignable: beginning.unsignable ?? detailOf('unsignable', found) };
  };
  let seen: ContentFacts | undefined;
  return {
    sender,
    from: mailboxesOf(fields, 'from'),
    mediaType: type?.value ?? 'text/plain',
    fileNames,
    size: whole ? block.length + bytes.length : size,
    keyFailure: detailOf('signing-failed', found),
    fields,
    content: () => (seen ??= look()),
  };
}

function detailOf(kind: FailureKind, found: Found | undefined): string | undefined {
  return found?.kind === kind ? found.detail : undefined;
}
