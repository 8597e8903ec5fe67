// Command lines: options that are known, or an error that says which are.
import { parseArgs } from 'node:util';
import { Address } from '../address.js';
import type { Envelope } from '../envelope.js';
import { CommandError, exit } from './exit.js';

/** Where the package installs it. */
export const defaultConfig = '/etc/postseal/postseal.ini';

type Spec = Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }>;
export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

/** @throws CommandError (64) for options and operands that the command does not know */
export function parseOptions(command: string, args: readonly string[], options: Spec): Values {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const message = (error as Error).message.replace(/\. To specify a positional.*$/s, '');
    throw new CommandError(exit.usage, `${message}\nTry: postseal ${command} --help`);
  }
}

/** The options of commands that read a message on standard input. */
export const messageOptions: Spec = {
  config: { type: 'string', short: 'c' },
  sender: { type: 'string', short: 'f' },
  recipient: { type: 'string', short: 'r', multiple: true },
};

/**
 * The envelope that the options describe; undefined parts come from the header later.
 * @throws CommandError (64) for what is no address
 */
export function envelopeOptions(values: Values): { sender: Address | undefined; recipients: Address[] } {
  const address = (text: string): Address => {
    const parsed = Address.parse(text.replace(/^<(.*)>$/, '$1'));
    if (!parsed) throw new CommandError(exit.usage, `"${text}" is not a mail address`);
    return parsed;
  };
  const { sender, recipient } = values;
  return {
    sender: typeof sender === 'string' ? address(sender) : undefined,
    recipients: Array.isArray(recipient) ? recipient.map(r => address(String(r))) : [],
  };
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
