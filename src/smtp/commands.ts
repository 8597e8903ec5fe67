// The arguments of EHLO, MAIL, RCPT and XFORWARD, kept as they came (RFC 5321 §4.1.2, RFC 3461, XFORWARD_README).
import { Address } from '../address.js';
import type { Recipient } from '../envelope.js';
import { Failure } from '../failure.js';

const mailParameters = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID']);
const rcptParameters = new Set(['NOTIFY', 'ORCPT']);
const forwardable = new Set(['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE']);

export interface MailCommand {
  readonly sender: Address;
  readonly parameters: readonly string[];
  /** The size announced, in octets; 0 where there is none. */
  readonly size: number;
}

/** @throws Failure with the reply for a command that cannot be read */
export function parseMail(line: string): MailCommand {
  const { path, parameters } = parsePath(line, /^MAIL FROM:\s*/i, 'bad-sender', mailParameters);
  const sender = Address.parse(path);
  if (!sender) throw new Failure('bad-sender');
  const isSize = (parameter: string): boolean => /^SIZE(?:=|$)/i.test(parameter);
  const size = parameters.find(isSize)?.slice('SIZE='.length) ?? '0';
  if (!/^\d{1,20}$/.test(size)) throw new Failure('bad-parameter', 'SIZE');
  // The message grows on its way through here: its old size is nothing to promise (R35).
  return { sender, size: Number(size), parameters: parameters.filter(p => !isSize(p)) };
}

/** @throws Failure with the reply for a command that cannot be read */
export function parseRcpt(line: string): Recipient {
  const { path, parameters } = parsePath(line, /^RCPT TO:\s*/i, 'bad-recipient', rcptParameters);
  const address = Address.parse(path);
  if (!address || address.isNull) throw new Failure('bad-recipient');
  return { address, parameters };
}

function parsePath(
  line: string,
  verb: RegExp,
  fault: 'bad-sender' | 'bad-recipient',
  known: ReadonlySet<string>,
): { path: string; parameters: string[] } {
  // U+FFFD stands for octets that are no UTF-8: passing it on would not be verbatim.
  const rest = line.includes('\ufffd') ? '' : line.replace(verb, '');
  const match = /^<((?:"(?:[^"\\]|\\.)*"|[^<>"\0-\x20\x7f])*)>((?: +\S+)*) *$/.exec(rest);
  if (!match || rest === line) throw new Failure(fault);
  const parameters = match[2]!.split(' ').filter(p => p !== '');
  for (const parameter of parameters) {
    const [, keyword] =
      /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=[\x21-\x3c\x3e-\x7e\u0080-\u{10ffff}][^\s\0-\x1f\x7f]*)?$/u.exec(
        parameter,
      ) ?? [];
    if (keyword === undefined) throw new Failure('bad-parameter');
    if (!known.has(keyword.toUpperCase())) throw new Failure('unknown-parameter', keyword);
  }
  return { path: match[1]!, parameters };
}

/** What the client calls itself: any name, it is nobody's proof. @throws Failure with the reply */
export function parseHello(line: string): string {
  const [, name = '', ...more] = line.trim().split(/\s+/);
  if (!/^[^\0-\x20\x7f-\x9f]{1,255}$/.test(name) || more.length > 0) throw new Failure('bad-parameter');
  return name.toLowerCase();
}

/** Adds the attributes of one XFORWARD command; repeated ones replace. @throws Failure */
export function parseXforward(line: string, into: Map<string, string>): void {
  const attributes = line.trim().split(/\s+/).slice(1);
  if (attributes.length === 0) throw new Failure('bad-parameter');
  const parsed = attributes.map(attribute => {
    const [, name, value] = /^([A-Za-z]+)=([\x21-\x7e]{1,255})$/.exec(attribute) ?? [];
    if (name === undefined || value === undefined || !forwardable.has(name.toUpperCase()))
      throw new Failure('bad-parameter');
    return [name.toUpperCase(), value] as const;
  });
  for (const [name, value] of parsed) into.set(name, value);
}
