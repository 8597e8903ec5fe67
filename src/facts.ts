// From envelope and top header to what a decision may look at.
import { parseMailboxes, type Address } from './address.js';
import type { Envelope } from './envelope.js';
import { contentType, first, parseParameters, type Field } from './mime/header.js';
import type { MessageFacts } from './rules/message.js';

export function factsOf({ sender }: Envelope, fields: readonly Field[]): MessageFacts {
  const type = contentType(fields);
  const disposition = first(fields, 'content-disposition');
  const fileNames = [
    type?.parameters.get('name'),
    disposition && parseParameters(disposition.body).parameters.get('filename'),
  ].filter(name => name !== undefined);
  return { sender, from: authors(fields), mediaType: type?.value ?? 'text/plain', fileNames, fields };
}

/** The mailboxes of all From fields; a second field, though forbidden, is shown by some clients. */
function authors(fields: readonly Field[]): Address[] | undefined {
  const lists = fields
    .filter(f => f.name === 'from')
    // Where some readers end the field, others read on: that is no author without guessing.
    .map(f => (/\0|\r(?!\n)/.test(f.raw.toString('latin1')) ? undefined : parseMailboxes(f.body)));
  return lists.some(list => list === undefined) ? undefined : lists.flatMap(list => list ?? []);
}
