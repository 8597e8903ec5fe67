// How it stands with each certificate at a time: whom it names, which rules use it, how long it lasts.
import { daysLeft, validity, type Identity } from '../identity.js';
import { sectionsOf } from './link.js';
import type { Installation } from './load.js';

export interface CertificateState {
  /** As the administrator knows it: `billing`, or `staff/anna.p12` for a file of a directory. */
  readonly name: string;
  /** `certificate billing`, `certificates staff` */
  readonly section: string;
  readonly addresses: readonly string[];
  /** The names of the rules that may sign with it. */
  readonly rules: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft: number;
  /** `soon` where it is valid, but not for long. */
  readonly state: 'valid' | 'soon' | 'expired' | 'not-yet-valid';
}

/** Days before its end from which on a certificate expires soon. */
const soon = 30;

/** Those in force, in the order of the ini file. */
export function certificateStates({ config, identities }: Installation, now: Date): CertificateState[] {
  return identities.map(({ section, identity }) => ({
    name: identity.name,
    section,
    addresses: identity.addresses.map(address => address.canonical),
    rules: config.rules.filter(rule => sectionsOf(rule).includes(section)).map(rule => rule.name),
    notBefore: identity.notBefore,
    notAfter: identity.notAfter,
    daysLeft: daysLeft(identity, now),
    state: stateOf(identity, now),
  }));
}

function stateOf(identity: Identity, now: Date): CertificateState['state'] {
  switch (validity(identity, now)) {
    case 'expired':
      return 'expired';
    case 'not yet valid':
      return 'not-yet-valid';
    case 'valid':
      return daysLeft(identity, now) <= soon ? 'soon' : 'valid';
  }
}
