// Whether the service can do what it is there for: sign, and deliver.
import type { RuleSection } from '../config/config.js';
import { addTo } from '../grouped.js';
import type { CertificateState } from './certificate-states.js';

/** A rule whose mail is to be signed, and why it is not. */
export interface UnableRule {
  readonly rule: string;
  readonly why: string;
}

/** Rules that sign without being asked, and have no valid certificate at all. */
export function unableRules(
  rules: readonly RuleSection[],
  certificates: readonly CertificateState[],
): UnableRule[] {
  const byRule = new Map<string, (readonly CertificateState[])[]>();
  for (const [names, group] of sharing(certificates)) {
    for (const name of names) addTo(byRule, name, group);
  }
  return rules
    .filter(({ sign }) => sign === 'always' || sign === 'by-default')
    .map(({ name }) => ({ rule: name, own: byRule.get(name) ?? [] }))
    .filter(({ own }) => !own.some(group => group.some(isValid)))
    .map(({ rule, own }) => ({ rule, why: whyNone(own.flat()) }));
}

/** The certificates by the list of their rules, which those of a section share. */
function sharing(certificates: readonly CertificateState[]): Map<readonly string[], CertificateState[]> {
  const groups = new Map<readonly string[], CertificateState[]>();
  for (const certificate of certificates) addTo(groups, certificate.rules, certificate);
  return groups;
}

function isValid({ state }: CertificateState): boolean {
  return state === 'valid' || state === 'soon';
}

/** So many certificates are named. */
const namedCertificates = 3;

function whyNone(invalid: readonly CertificateState[]): string {
  if (invalid.length === 0) return 'it has no certificate that can be used';
  const named = invalid.slice(0, namedCertificates);
  const more = invalid.length - named.length;
  const states = named.map(({ name, state }) => `${name} is ${state.replaceAll('-', ' ')}`);
  return `${states.join(', ')}${more > 0 ? ` and so on, ${more} more` : ''}`;
}

/** A sentence for each reason why it is not ready; none where it is. */
export function reasonsNotReady({
  stopping,
  unable,
  returnPort,
}: {
  readonly stopping: boolean;
  readonly unable: readonly UnableRule[];
  readonly returnPort: { readonly to: string; readonly up: boolean; readonly failure?: string };
}): string[] {
  const { to, up, failure } = returnPort;
  return [
    ...(stopping ? ['The service is stopping.'] : []),
    ...unable.map(({ rule, why }) => `Rule ${rule} does not sign: ${why}.`),
    ...(up ? [] : [`The return port ${to} cannot be used: ${failure ?? 'nothing is known of it yet'}.`]),
  ];
}
