// The sections [rule:NAME] and [exception:NAME], and how rules refer to certificates and to one another.
import type { Exception } from '../rules/policy.js';
import type { Steps } from '../slices.js';
import type { Config, RuleSection } from './config.js';
import type { Findings } from './findings.js';
import { exception, rule, type signing, type Values } from './options.js';
import type { Context } from './parsers.js';
import { readSection, type Reading } from './sections.js';
import type { Section } from './source.js';
import { didYouMean } from './suggest.js';
import { inQuotes } from '../printable.js';

/** The names of the sections that a rule may refer to. */
export type CertificateNames = Readonly<Record<Source, ReadonlySet<string>>>;

type Source = 'certificate' | 'certificates';
type Reference = NonNullable<RuleSection['certificate']>;

/** @param defaults what [signing] says, as far as it can be read */
export function readRule(
  section: Section,
  names: CertificateNames,
  defaults: Partial<Values<typeof signing>>,
  context: Context,
  findings: Findings,
): RuleSection | undefined {
  const reading = readSection(rule, section, context, findings);
  const reference = readReference(reading, names, findings);
  checkRequests(reading, defaults, findings);
  if (!reading.complete) return undefined;
  const own = reading.complete;
  const digest = own.digest ?? defaults.digest;
  const signature = own.signature ?? defaults.signature;
  const form = own.form ?? defaults.form;
  if (!digest || !signature || !form) return undefined; // [signing] has been complained about
  warnOfSha1(reading, findings);
  return {
    name: section.name ?? '',
    origin: findings.origin({ line: section.line, section: section.title }),
    senders: own.sender,
    match: own.match,
    sign: own.sign,
    requireCertificate: own.require_certificate,
    ...(reference && own.sign !== 'never' && { certificate: reference }),
    digest,
    signature,
    form,
    headerProtection: own.header_protection,
    envelopeSender: own.envelope_sender,
    noCertificate: own.no_certificate,
    expired: own.expired,
    mismatch: own.mismatch,
    failure: own.failure,
    localParts: own.local_parts,
    unsignable: own.unsignable,
  };
}

/** Whether what the rule says of mail that asks for a signature, and of mail that does not, can come to pass. */
function checkRequests(
  { section, values, lineOf }: Reading<typeof rule>,
  defaults: Partial<Values<typeof signing>>,
  findings: Findings,
): void {
  const place = (key: keyof typeof rule) => ({ line: lineOf(key), section: section.title, key });
  const { sign, require_certificate: strict } = values;
  if (strict && sign === 'never') {
    const mend = 'take it away, or write sign = on-request';
    findings.error(
      place('require_certificate'),
      `not beside sign = never, which needs no certificate: ${mend}`,
    );
  } else if (strict && sign === 'always') {
    findings.warning(place('require_certificate'), 'changes nothing beside sign = always: take it away');
  }
  const deaf = 'request_header' in defaults && defaults.request_header === undefined;
  if (!deaf) return;
  if (sign === 'on-request') {
    const mend = 'name a header there, or write sign = never';
    findings.error(place('sign'), `nobody can ask, as [signing] request_header is none: ${mend}`);
  } else if (sign === 'by-default') {
    findings.warning(place('sign'), 'the same as always, as [signing] request_header is none');
  }
}

/** R26: at every start. */
export function warnOfSha1(
  { section, values, lineOf, attempted }: Reading<typeof rule> | Reading<typeof signing>,
  findings: Findings,
): void {
  if (!attempted('digest') || values.digest?.name !== 'sha1') return;
  const message =
    'SHA-1 signatures can be forged and clients refuse them: use it only for partners who read nothing else';
  findings.warning({ line: lineOf('digest'), section: section.title, key: 'digest' }, message);
}

/** A rule that signs names certificates or one directory of them; one that never does needs none. */
function readReference(
  { section, values, lineOf, attempted }: Reading<typeof rule>,
  names: CertificateNames,
  findings: Findings,
): Reference | undefined {
  const given = (['certificate', 'certificates'] as const).filter(attempted);
  const signs = values.sign !== undefined && values.sign !== 'never';
  const place = (key: Source) => ({ line: lineOf(key), section: section.title, key });
  let reference: Reference | undefined;
  for (const key of given) {
    const value = values[key];
    if (value === undefined) continue;
    const named = typeof value === 'string' ? [value] : value;
    const unknown = named.filter(name => !names[key].has(name));
    for (const name of new Set(unknown)) findings.error(place(key), noSuch(key, name, names));
    const twice = named.find((name, i) => named.indexOf(name) < i);
    if (twice !== undefined) findings.error(place(key), `${inQuotes(twice)} stands here twice: name it once`);
    else if (unknown.length === 0) reference = { section: key, names: named };
  }
  if (given.length > 1) {
    findings.error(place('certificates'), 'not beside certificate: keep one of the two');
  } else if (given.length === 0 && signs) {
    const mend = 'name one, or a directory by certificates';
    findings.error(
      place('certificate'),
      `is missing: ${mend} (have: ${list(new Set([...names.certificate, ...names.certificates]))})`,
    );
  } else if (given[0] !== undefined && values.sign === 'never') {
    findings.warning(place(given[0]), 'not used, as this rule never signs');
  }
  return reference;
}

function noSuch(key: Source, name: string, names: CertificateNames): string {
  const other = key === 'certificate' ? 'certificates' : 'certificate';
  if (names[other].has(name))
    return `${inQuotes(name)} is the section [${other}:${name}]: write ${other} = ${name}`;
  const what = key === 'certificate' ? 'certificate' : 'directory of certificates';
  const mend =
    names[key].size === 0 ? `have none: add a section [${key}:${name}]` : `have: ${list(names[key])}`;
  return `no ${what} named ${inQuotes(name)} (${mend})`;
}

/** Of thousands nobody reads all, and thousands of mistakes would each tell them. */
const listed = 20;

function list(names: ReadonlySet<string>): string {
  if (names.size === 0) return 'none';
  const shown: string[] = [];
  for (const name of names) if (shown.push(name) === listed) break;
  const more = names.size - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** @param rules the names of those that there are */
export function readException(
  section: Section,
  rules: ReadonlySet<string>,
  context: Context,
  findings: Findings,
): Exception | undefined {
  const { values, complete, lineOf, attempted } = readSection(exception, section, context, findings);
  const conditions = (Object.keys(exception) as (keyof typeof exception)[]).filter(key => key !== 'rule');
  if (!conditions.some(attempted)) {
    const place = { line: section.line, section: section.title };
    findings.error(place, `excepts nothing: give it one of ${conditions.join(', ')}`);
  }
  for (const name of values.rule ?? []) {
    if (rules.has(name)) continue;
    const mend = didYouMean(name, [...rules]) || ` (have: ${list(rules)})`;
    const place = { line: lineOf('rule'), section: section.title, key: 'rule' };
    findings.error(place, `no rule named ${inQuotes(name)}${mend}`);
  }
  return (
    complete && {
      name: section.name ?? '',
      ...(complete.recipient && { recipients: complete.recipient }),
      ...(complete.header && { header: complete.header }),
      ...(complete.content_type && { contentTypes: complete.content_type }),
      ...(complete.larger_than !== undefined && { largerThan: complete.larger_than }),
      ...(complete.rule && { rules: complete.rule }),
    }
  );
}

/** Warns of exceptions for rules alone that never sign. */
export function warnOfIdleExceptions(
  sections: readonly Section[],
  { rules, exceptions }: Pick<Config, 'rules' | 'exceptions'>,
  findings: Findings,
): void {
  const never = new Set(rules.filter(({ sign }) => sign === 'never').map(({ name }) => name));
  const byName = new Map(sections.map(section => [section.name, section]));
  for (const { name, rules: scope } of exceptions) {
    const section = byName.get(name);
    if (section && scope?.every(rule => never.has(rule)) === true) {
      const line = section.entries.find(({ key }) => key === 'rule')?.line ?? section.line;
      const place = { line, section: section.title, key: 'rule' };
      findings.warning(place, `changes nothing: ${list(new Set(scope))} never signs`);
    }
  }
}

/** Warns of rules whose every sender an earlier rule takes: the first match wins. */
export function* warnOfShadows(rules: readonly RuleSection[], findings: Findings): Steps<void> {
  /** The rules that name a sender so far, by how they match and what they name. */
  const takers = new Map<string, Set<RuleSection>>();
  for (const rule of rules) {
    const takersOf = (sender: string): ReadonlySet<RuleSection> =>
      takers.get(`${rule.match} ${sender}`) ?? new Set();
    const senders = [...new Set(rule.senders.map(({ source }) => source.toLowerCase()))];
    const all = takersOf('*');
    const rarest = senders.map(takersOf).reduce((a, b) => (b.size < a.size ? b : a));
    const isTaken = (by: RuleSection): boolean =>
      senders.every(sender => all.has(by) || takersOf(sender).has(by));
    const first = (candidates: Iterable<RuleSection>): RuleSection[] => {
      for (const candidate of candidates) if (isTaken(candidate)) return [candidate];
      return [];
    };
    const [shadow] = [...first(all), ...first(rarest)].sort((a, b) => a.origin.line - b.origin.line);
    if (shadow) {
      const message = `never used: [rule:${shadow.name}] in line ${shadow.origin.line} takes all its senders first`;
      findings.warning({ line: rule.origin.line, section: `rule:${rule.name}` }, message);
    }
    for (const sender of senders) {
      const key = `${rule.match} ${sender}`;
      takers.set(key, (takers.get(key) ?? new Set()).add(rule));
    }
    yield;
  }
}
