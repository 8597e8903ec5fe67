// What is wrong with a certificate file, in words for the administrator, and which option is at fault.
import type { X509Certificate } from 'node:crypto';
import type { Address } from '../address.js';
import { quoted } from '../printable.js';

/** The ini option that a problem belongs to; the caller knows its line. */
export type OptionKey =
  | 'file'
  | 'key'
  | 'chain'
  | 'directory'
  | 'password_file'
  | 'password_credential'
  | 'password'
  | 'webhook_authorization_file';

/** A mistake or a warning: what was found and how to mend it. Never holds a password. */
export interface CertificateProblem {
  readonly message: string;
  readonly key?: OptionKey;
  /** Whom the certificate names that is of no use; absent where nobody can tell. */
  readonly mailboxes?: readonly Address[];
  /** It does not open without a password, or with this one. */
  readonly locked?: true;
}

/** Thrown by the readers and caught only by `load.ts`, which knows path and option. */
export class Fault extends Error {
  override readonly name = 'Fault';

  /**
   * @param message without the path in front
   * @param about the content of the file, or the password that should open it
   * @param certificates those of the file, where it is only its key that cannot be read
   */
  constructor(
    message: string,
    readonly about: 'content' | 'password' = 'content',
    readonly certificates: readonly X509Certificate[] = [],
  ) {
    super(message);
  }
}

/** The problem in a few words, for a reply: without directories, and without the mend. */
export function shortly({ message }: CertificateProblem): string {
  return message.replace(/^\/(?:.*?\/)?([^/]*?: )/, '$1').split('; ', 1)[0]!;
}

/** `/etc/postseal/billing.p12` → `/etc/postseal/billing.pem`: where a command of ours should write. */
export function beside(path: string, ending: string): string {
  return quoted(path.replace(/(?<=[^/])\.[^./]*$/, '') + (path.endsWith(ending) ? `-new${ending}` : ending));
}
