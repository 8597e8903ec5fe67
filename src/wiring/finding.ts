// What is wrong with the wiring: how bad, where, in words, and the commands that mend it.
import { commandFor, type Edit } from './edit.js';
import type { Severity } from './wanted.js';

/** A change of main.cf or master.cf, a line of the ini file, or a command for the shell. */
export type Mend =
  | Edit
  | { readonly kind: 'ini'; readonly line: string }
  | { readonly kind: 'command'; readonly command: string };

export interface Finding {
  readonly severity: Severity;
  /** `submission/inet`, `main.cf`, `/etc/postseal/postseal.ini` */
  readonly subject: string;
  readonly text: string;
  readonly mend: readonly Mend[];
}

export function finding(
  severity: Severity,
  subject: string | { readonly key: string },
  text: string,
  mend: readonly Mend[] = [],
): Finding {
  return { severity, subject: typeof subject === 'string' ? subject : subject.key, text, mend };
}

/** @param directory of Postfix's configuration, where it is not that of the system */
export function mendInWords(mend: Mend, directory?: string): string {
  if (mend.kind === 'ini') return `in the ini file: ${mend.line}`;
  return mend.kind === 'command' ? mend.command : commandFor(mend, directory);
}
