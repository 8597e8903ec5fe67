// Exit codes of sysexits.h, as mail systems use them.
export const exit = {
  ok: 0,
  /** The command line is wrong. */
  usage: 64,
  /** The message is not as it should be. */
  dataErr: 65,
  /** A file is not there, or of no use. */
  noInput: 66,
  /** The message was refused for good; a service is not available. */
  unavailable: 69,
  /** A fault of ours. */
  software: 70,
  /** A port or socket cannot be had. */
  osError: 71,
  /** Standard output cannot be written. */
  ioError: 74,
  /** Try again later. */
  tempFail: 75,
  /** Somebody else may do this. */
  noPermission: 77,
  /** The configuration is wrong. */
  config: 78,
} as const;

/** Ends a command with a sentence for people. */
export class CommandError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}
