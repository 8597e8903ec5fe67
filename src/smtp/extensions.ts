// What an envelope needs of the return port's extensions, and what it gets because of one.
import type { Envelope } from '../envelope.js';
import type { Session } from './session.js';

/** What would be lost in silence on the way: the first parameter that the return port does not know. */
export function lackingExtension(session: Session, envelope: Envelope): string | undefined {
  const needs = (extension: string): boolean => session.extension(extension) === undefined;
  for (const parameter of [...envelope.parameters, ...envelope.recipients.flatMap(r => r.parameters)]) {
    const keyword = parameter.split('=', 1)[0]!.toUpperCase();
    const extension = {
      BODY: '8BITMIME',
      SMTPUTF8: 'SMTPUTF8',
      RET: 'DSN',
      ENVID: 'DSN',
      NOTIFY: 'DSN',
      ORCPT: 'DSN',
    }[keyword];
    if (extension && needs(extension) && parameter.toUpperCase() !== 'BODY=7BIT') return extension;
  }
  return undefined;
}

/** Two commands, as Postfix sends them, to stay within the line limit (XFORWARD_README). */
export function xforwardCommands(session: Session, { forwarded }: Envelope): string[] {
  const known = new Set(session.extension('XFORWARD')?.map(a => a.toUpperCase()) ?? []);
  return [
    ['NAME', 'ADDR', 'PORT'],
    ['PROTO', 'HELO', 'IDENT', 'SOURCE'],
  ]
    .map(names =>
      names.filter(n => known.has(n) && forwarded.has(n)).map(n => `${n}=${forwarded.get(n) ?? ''}`),
    )
    .filter(attributes => attributes.length > 0)
    .map(attributes => `XFORWARD ${attributes.join(' ')}`);
}
