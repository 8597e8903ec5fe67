// Rules and their certificates: which may sign for whom, and what follows where one cannot be used.
import { Address } from '../address.js';
import { shortly, type CertificateProblem } from '../certs/load.js';
import type { Problem, RuleSection } from '../config/config.js';
import { addTo } from '../grouped.js';
import { names, type Identity } from '../identity.js';
import type { Rule, WhenUnable } from '../rules/policy.js';
import { listed } from '../rules/sender.js';

/** What a section of certificates came to. */
export interface Source {
  readonly identities: readonly Identity[];
  /** Why others cannot be used; without mailboxes it may be anybody's. */
  readonly problems: readonly CertificateProblem[];
}

/** By section: `certificate billing`, `certificates staff`. */
export type Sources = ReadonlyMap<string, Source>;

/** The titles of the sections that a rule takes its certificates from; none for one that never signs. */
export function sectionsOf({ certificate }: RuleSection): string[] {
  return certificate ? certificate.names.map(name => `${certificate.section} ${name}`) : [];
}

/** Gives a rule its certificates: those of its sections, or those of a directory that name the mailbox. */
export function linkRule(section: RuleSection, sources: Sources): Rule {
  const { certificate, origin: _origin, ...rule } = section;
  const certificateSource = certificate
    ? `${certificate.section} ${or(certificate.names)}`
    : 'no certificate';
  const own = sectionsOf(section).flatMap(title => sources.get(title) ?? []);
  const [directory] = certificate?.section === 'certificates' ? own : [];
  if (directory) return { ...rule, certificateSource, ...byAddress(directory) };
  const identities = own.flatMap(source => source.identities);
  const unusableFor = reasons(own.flatMap(source => source.problems));
  return { ...rule, certificateSource, identitiesFor: () => identities, unusableFor };
}

type Lookup = Pick<Rule, 'identitiesFor' | 'unusableFor'>;

// Thousands of rules may share a directory of thousands.
const lookups = new WeakMap<Source, Lookup>();

function byAddress(directory: Source): Lookup {
  const known = lookups.get(directory);
  if (known) return known;
  const identities = new Map<string, Identity[]>();
  for (const identity of directory.identities) {
    for (const { key } of identity.addresses) addTo(identities, key, identity);
  }
  const lookup: Lookup = {
    identitiesFor: mailbox => identities.get(mailbox.key) ?? [],
    unusableFor: reasons(directory.problems),
  };
  lookups.set(directory, lookup);
  return lookup;
}

/** Warns of senders that a rule spells out and that its certificate does not name: their mail is not signed. */
export function misnamed({ section, rule }: Linked): Problem[] {
  const { certificate, match, mismatch, senders, localParts, origin } = section;
  if (certificate?.section !== 'certificate' || match === 'envelope') return [];
  if (mismatch === 'allow' || mismatch === 'warn') return [];
  return senders.flatMap(({ source }) => {
    const sender = /[*?]|^\//.test(source) ? undefined : Address.parse(source);
    const identities = sender ? rule.identitiesFor(sender) : [];
    if (!sender || identities.length === 0 || identities.some(i => names(i, sender, localParts))) return [];
    const named = listed(identities.flatMap(i => i.addresses)) || 'nobody';
    const message =
      `${rule.certificateSource} names ${named}, not ${source}: its mail ${fates[mismatch]}; ` +
      'take another certificate, or write mismatch = allow';
    return [{ origin: { ...origin, key: 'sender' }, message, severity: 'warning' }];
  });
}

/** `billing, billing-2027 or sales` */
function or(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}`;
}

function reasons(problems: readonly CertificateProblem[]): Rule['unusableFor'] {
  const byAddress = new Map<string, string>();
  for (const problem of problems)
    for (const { key } of problem.mailboxes ?? []) byAddress.set(key, shortly(problem));
  const anybodys = problems.find(problem => !problem.mailboxes);
  const general = anybodys && shortly(anybodys);
  return mailbox => byAddress.get(mailbox.key) ?? general;
}

const fates: Readonly<Record<WhenUnable, string>> = {
  defer: 'is deferred',
  reject: 'is rejected',
  pass: 'goes out unsigned',
};

/** A rule as the ini file has it, and with its certificates. */
export interface Linked {
  readonly section: RuleSection;
  readonly rule: Rule;
}

/** The rules that take certificates from each section. */
export function rulesBySection(rules: readonly Linked[]): ReadonlyMap<string, readonly Linked[]> {
  const bySection = new Map<string, Linked[]>();
  for (const linked of rules) {
    for (const title of sectionsOf(linked.section)) addTo(bySection, title, linked);
  }
  return bySection;
}

/** So many rules are told of one by one: each of thousands of certificates may be missed by each of thousands. */
const told = 20;

/**
 * What is not signed because of a problem with certificates, a sentence for each rule that feels it.
 * @param rules those that take certificates from there
 */
export function consequences(
  { mailboxes }: CertificateProblem,
  rules: readonly Linked[],
  sources: Sources,
): string[] {
  const sentences = rules.slice(0, told).flatMap(({ section, rule }) => {
    const until = 'until this is mended, and';
    const fate = fates[rule.failure];
    if (mailboxes) {
      const left = mailboxes.filter(mailbox => rule.identitiesFor(mailbox).length === 0);
      return left.length === 0
        ? []
        : [`rule ${rule.name} does not sign for ${listed(left)} ${until} that mail ${fate}`];
    }
    const others = sectionsOf(section).map(own => sources.get(own)?.identities ?? []);
    if (others.every(({ length }) => length === 0))
      return [`rule ${rule.name} does not sign ${until} its mail ${fate}`];
    return section.certificate?.section === 'certificate'
      ? [
          `rule ${rule.name} signs with ${or(others.flat().map(({ name }) => name))} alone until this is mended`,
        ]
      : [`rule ${rule.name} signs only for senders with another certificate ${until} mail of others ${fate}`];
  });
  const more = rules.length - told;
  return more > 0 && sentences.length > 0
    ? [...sentences, `${more} more rules take certificates from there`]
    : sentences;
}
