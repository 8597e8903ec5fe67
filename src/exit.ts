// Exit codes of sysexits.h, as mail systems use them.
import { escaped } from './printable.js';

export const exit = {
  ok: 0,
  usage: 64,
  dataErr: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  osError: 71,
  cantCreate: 73,
  ioError: 74,
  tempFail: 75,
  noPermission: 77,
  config: 78,
} as const;

/** What each of them tells, for code and manual. */
export const meanings: Readonly<Record<keyof typeof exit, string>> = {
  ok: 'What was asked for is done.',
  usage: 'The command line is wrong.',
  dataErr: 'The message is not as it should be.',
  noInput: 'A file is not there, or of no use.',
  unavailable: 'The message was refused for good, or a service is not available.',
  software: 'A fault of Postseal itself.',
  osError: 'A port or socket cannot be had.',
  cantCreate: 'What was to be written is there already.',
  ioError: 'A file or standard output cannot be written.',
  tempFail: 'Try again later.',
  noPermission: 'Only somebody else may do this, as a rule root.',
  config: 'The configuration is wrong.',
};

/** Ends a command with a sentence for people, or with some, each on a line of its own. */
export class CommandError extends Error {
  /** @param lines much in them may be what was typed, or stands in a file: none of it begins another line */
  constructor(
    readonly exitCode: number,
    ...lines: readonly string[]
  ) {
    super(lines.map(escaped).join('\n'));
  }

  get lines(): string[] {
    return this.message.split('\n');
  }
}
