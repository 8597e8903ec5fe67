// Every certificate that the ini file leads to, those that cannot be used included, and how it stands with each.
import { X509Certificate } from 'node:crypto';
import { shortly } from '../../certs/load.js';
import type { Identity } from '../../identity.js';
import { escaped } from '../../printable.js';
import { soonFor, stateOf } from '../../service/certificate-states.js';
import type { Installation } from '../../service/load.js';
import { nameOnOneLine } from '../../x509.js';
import { referencesIn, type Reference } from './place.js';

export interface Entry {
  readonly name: string;
  /** `certificate billing`, `certificates staff` */
  readonly source: string;
  readonly identity?: Identity;
  readonly state: State;
  /** Why it cannot be used, where there is no identity. */
  readonly problem?: string;
  /** The rules that sign with it, or name its directory. */
  readonly rules: readonly Reference[];
}

/** In the order of the ini file; of a directory in that of its files. */
export function everyEntry({ config, identities, findings }: Installation, text: Buffer, now: Date): Entry[] {
  const stateFor = (identity: Identity | undefined): State =>
    identity ? words[stateOf(identity, now, soonFor(config))] : 'cannot be used';
  const problemsOf = (title: string) =>
    findings.filter(f => f.severity === 'error' && f.origin.section === title);
  const rulesOf = (key: 'certificate' | 'certificates', name: string): Reference[] =>
    referencesIn(text, key).filter(r => r.signs && r.names.includes(name));
  const single = config.certificates.map(({ name }): Entry => {
    const source = `certificate ${name}`;
    const identity = identities.find(i => i.section === source)?.identity;
    const problem = problemsOf(`certificate:${name}`).map(shortly).join('; ');
    const common = { name, source, rules: rulesOf('certificate', name), state: stateFor(identity) };
    return { ...common, ...(identity ? { identity } : { problem }) };
  });
  const members = config.directories.flatMap(({ name: directory, directory: path }): Entry[] => {
    const common = { source: `certificates ${directory}`, rules: rulesOf('certificates', directory) };
    const usable = identities
      .filter(i => i.section === common.source)
      .map(({ identity }) => ({ ...common, name: identity.name, state: stateFor(identity), identity }));
    const useless = problemsOf(`certificates:${directory}`).map(({ message }): Entry => {
      // `/etc/postseal/staff/anna.p12: is empty`, or a problem of the whole directory.
      const [, file, why] =
        (message.startsWith(`${path}/`) && /^\/?([^/]*?): (.*)$/s.exec(message.slice(path.length))) || [];
      const name = file === undefined ? directory : `${directory}/${file}`;
      return { ...common, name, state: stateFor(undefined), problem: shortly({ message: why ?? message }) };
    });
    return [...usable, ...useless].sort((a, b) => (a.name < b.name ? -1 : 1));
  });
  return [...single, ...members];
}

const words = {
  valid: 'valid',
  soon: 'expires soon',
  'not-yet-valid': 'not yet valid',
  expired: 'expired',
} as const;

export type State = (typeof words)[keyof typeof words] | 'cannot be used';

export const stateColours = {
  valid: 'green',
  'expires soon': 'yellow',
  'not yet valid': 'yellow',
  expired: 'red',
  'cannot be used': 'red',
} as const satisfies Record<State, string>;

/** Whose it is and who issued it, by common name where there is one. */
export function holders(identity: Identity): { owner: string; issuer: string } {
  const x509 = new X509Certificate(identity.certificate);
  return { owner: shortName(x509.subject), issuer: shortName(x509.issuer) };
}

function shortName(name: string | undefined): string {
  return escaped(/^CN=(.*)$/m.exec(name ?? '')?.[1] ?? nameOnOneLine(name));
}
