// What files hold, before anything is known of how its pieces belong together.
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Foreign } from './foreign.js';

/** Everything of use in a file, in its order. */
export interface Material {
  readonly keys: KeyObject[];
  readonly certificates: X509Certificate[];
  /** What is of no use in it, to be named where something is missing. */
  readonly foreign: Foreign[];
}

/** The same with the path of the file. */
export interface Contents extends Material {
  readonly path: string;
}
