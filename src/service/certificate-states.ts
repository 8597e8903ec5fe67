// How it stands with each certificate at a time: whom it names, which rules use it, how long it lasts.
import { Address } from '../address.js';
import type { Config } from '../config/config.js';
import { daysLeft, names, validity, type Identity } from '../identity.js';
import type { Rule } from '../rules/policy.js';
import { inOneGo, mapped, type Steps } from '../slices.js';
import { rulesBySection } from './link.js';
import type { Installation } from './load.js';

export interface CertificateState {
  /** As the administrator knows it: `billing`, or `staff/anna.p12` for a file of a directory. */
  readonly name: string;
  /** `certificate billing`, `certificates staff` */
  readonly section: string;
  readonly addresses: readonly string[];
  /** The names of the rules that may sign with it. */
  readonly rules: readonly string[];
  /** Those of them that have no other one for all its addresses once it has expired. */
  readonly missedBy: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft: number;
  /** `soon` where it is valid, but for no more days than the first of `warn_days`. */
  readonly state: 'valid' | 'soon' | 'expired' | 'not-yet-valid';
}

/** So many days before its end a certificate expires soon. */
export function soonFor({ journal }: Config): number {
  return journal.warnDays[0] ?? -1;
}

/** Those in force, in the order of the ini file. */
export function certificateStates(installation: Installation, now: Date): CertificateState[] {
  return inOneGo(statesInSteps(installation, now));
}

/** As `certificateStates` in steps, as others wait meanwhile. */
export function* statesInSteps(
  { config, policy, identities }: Installation,
  now: Date,
): Steps<CertificateState[]> {
  const linked = policy.rules.map((rule, i) => ({ rule, section: config.rules[i]! }));
  const users = new Map(
    yield* mapped([...rulesBySection(linked)], ([title, all]) => {
      const rules = all.map(({ rule }) => rule);
      return [title, { names: rules.map(rule => rule.name), alike: alike(rules) }] as const;
    }),
  );
  const soon = soonFor(config);
  const ranks: Ranks = new Map();
  return yield* mapped(identities, ({ section, identity }) => ({
    name: identity.name,
    section,
    addresses: identity.addresses.map(address => address.canonical),
    rules: users.get(section)?.names ?? [],
    missedBy: missedBy(users.get(section)?.alike ?? [], identity, now, ranks),
    notBefore: identity.notBefore,
    notAfter: identity.notAfter,
    daysLeft: daysLeft(identity, now),
    state: stateOf(identity, now, soon),
  }));
}

/** Rules that look certificates up alike: one answers for all. */
interface Alike {
  readonly rule: Rule;
  readonly names: string[];
}

function alike(rules: readonly Rule[]): Alike[] {
  const groups = new Map<Rule['identitiesFor'], Map<Rule['localParts'], Alike>>();
  for (const rule of rules) {
    const group = groups.get(rule.identitiesFor) ?? new Map<Rule['localParts'], Alike>();
    groups.set(rule.identitiesFor, group);
    const known = group.get(rule.localParts);
    if (known) known.names.push(rule.name);
    else group.set(rule.localParts, { rule, names: [rule.name] });
  }
  return [...groups.values()].flatMap(group => [...group.values()]);
}

/** The names of the rules that will lack it; not a list of its own for each of thousands of certificates. */
function missedBy(groups: readonly Alike[], identity: Identity, now: Date, ranks: Ranks): readonly string[] {
  const [first, ...more] = groups.filter(({ rule }) => misses(rule, identity, now, ranks));
  if (!first) return [];
  return more.length === 0 ? first.names : [first, ...more].flatMap(({ names }) => names);
}

/** @param soon so many days before its end it expires soon */
export function stateOf(identity: Identity, now: Date, soon: number): CertificateState['state'] {
  switch (validity(identity, now)) {
    case 'expired':
      return 'expired';
    case 'not yet valid':
      return 'not-yet-valid';
    case 'valid':
      return daysLeft(identity, now) <= soon ? 'soon' : 'valid';
  }
}

/** Certificates among which a rule chooses, what lasts longest first. */
interface Ranked {
  readonly all: ReadonlySet<Identity>;
  readonly byEnd: readonly Identity[];
}

/** Thousands of certificates may be among the same thousands. */
type Ranks = Map<readonly Identity[], Ranked>;

function ranked(candidates: readonly Identity[], ranks: Ranks): Ranked {
  let known = ranks.get(candidates);
  if (!known) {
    const byEnd = candidates.toSorted((a, b) => b.notAfter.getTime() - a.notAfter.getTime());
    ranks.set(candidates, (known = { all: new Set(candidates), byEnd }));
  }
  return known;
}

/** Whether the rule will lack a certificate for some mailbox of this one. */
function misses(rule: Rule, identity: Identity, now: Date, ranks: Ranks): boolean {
  const { addresses, notAfter } = identity;
  const end = notAfter > now ? notAfter : now;
  // One that names nobody signs where a rule allows that, and any other one can do that too.
  const nobody = addresses.length === 0;
  return (nobody ? [Address.null] : addresses).some(mailbox => {
    const { all, byEnd } = ranked(rule.identitiesFor(mailbox), ranks);
    if (!all.has(identity)) return false;
    // One that takes its place, or else one that lasts no longer: at the latest itself.
    const first = byEnd.find(
      other =>
        other.notAfter <= notAfter ||
        (other.notBefore <= end && (nobody || names(other, mailbox, rule.localParts))),
    )!;
    return first.notAfter <= notAfter;
  });
}
