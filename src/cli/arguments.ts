// Command lines: options that are known, or an error that says which are.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { Address } from '../address.js';
import type { Envelope } from '../envelope.js';
import { CommandError, exit } from '../exit.js';
import { inQuotes } from '../printable.js';

/** Where the package installs it. */
export const defaultConfig = '/etc/postseal/postseal.ini';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * @param operands whether the command takes any; each is one of `positionals`
 * @throws CommandError (64) for options and operands that the command does not know
 */
export function parseOptions<const T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
  operands = false,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: operands });
  } catch (error) {
    throw usageError(command, (error as Error).message.replace(/\. To specify a positional.*$/s, ''));
  }
}

export function usageError(command: string, message: string): CommandError {
  return new CommandError(exit.usage, message, `Try: postseal ${command} --help`);
}

/** For a help: a line for each command. */
export function commandList(commands: Readonly<Record<string, { readonly summary: string }>>): string {
  const width = Math.max(...Object.keys(commands).map(name => name.length)) + 2;
  return Object.entries(commands)
    .map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`)
    .join('\n');
}

/** The options of commands that read a message on standard input. */
export const messageOptions = {
  config: { type: 'string', short: 'c' },
  sender: { type: 'string', short: 'f' },
  recipient: { type: 'string', short: 'r', multiple: true },
} as const satisfies Options;

/**
 * The envelope that the options describe; undefined parts come from the header later.
 * @throws CommandError (64) for what is no address
 */
export function envelopeOptions({ sender, recipient = [] }: { sender?: string; recipient?: string[] }): {
  sender: Address | undefined;
  recipients: Address[];
} {
  return {
    sender: sender === undefined ? undefined : parseAddress(sender),
    recipients: recipient.map(parseAddress),
  };
}

/** With or without angle brackets. @throws CommandError (64) for what is no address */
export function parseAddress(text: string): Address {
  const parsed = text === '' ? undefined : Address.parse(text.replace(/^<(.*)>$/, '$1'));
  if (!parsed) throw new CommandError(exit.usage, `${inQuotes(text)} is not a mail address`);
  return parsed;
}

/** An envelope as the command line gives it: no parameters, nothing forwarded. */
export function envelopeOf(sender: Address, recipients: readonly Address[]): Envelope {
  return {
    sender,
    parameters: [],
    recipients: recipients.map(address => ({ address, parameters: [] })),
    forwarded: new Map(),
  };
}
