// Which certificates are to be warned of because they expire, and when to look again. Values in, values out.
import type { Problem } from '../config/config.js';
import { day, quoted } from '../printable.js';
import { certificateStates, type CertificateState } from './certificate-states.js';
import type { Installation } from './load.js';

/** What was told already: certificate → the days of the last warning of it. */
export type Told = ReadonlyMap<string, number>;

/** A certificate that rules will miss, and the days of which it is time to tell; 0 once it has expired. */
export interface Warning {
  readonly certificate: CertificateState;
  readonly days: number;
}

/** What `Told` knows the certificate by: a new one under the same name is another one. */
export function keyOf({ name, notAfter }: CertificateState): string {
  return `${name} ${notAfter.toISOString()}`;
}

/**
 * @param warnDays so many days ahead; of those that have passed the last one counts
 * @param told counts for nothing where more days are left than at that time: a clock that ran ahead was set back
 */
export function dueWarnings(
  certificates: readonly CertificateState[],
  warnDays: readonly number[],
  told: Told,
): Warning[] {
  return certificates
    .filter(({ missedBy }) => missedBy.length > 0)
    .map(certificate => ({ certificate, days: reached(certificate, warnDays) }))
    .filter(({ certificate, days }) => {
      const known = told.get(keyOf(certificate)) ?? Infinity;
      return days < (certificate.daysLeft > known ? Infinity : known);
    });
}

/** What was told once these are, too; of certificates that are not in force any more nothing is kept. */
export function withAll(
  told: Told,
  warnings: readonly Warning[],
  certificates: readonly CertificateState[],
): Told {
  if (told.size === 0 && warnings.length === 0) return told;
  const inForce = new Set(certificates.map(keyOf));
  return new Map([
    ...[...told].filter(([key]) => inForce.has(key)),
    ...warnings.map(({ certificate, days }) => [keyOf(certificate), days] as const),
  ]);
}

/** The least of the days that are left no more, 0 once it has expired; Infinity where it lasts. */
function reached({ state, daysLeft }: CertificateState, warnDays: readonly number[]): number {
  if (state === 'expired') return 0;
  return state === 'soon' ? Math.min(...warnDays.filter(days => daysLeft <= days)) : Infinity;
}

/** `expires on 2026-12-11, in 14 days` */
export function whenExpires({ state, notAfter, daysLeft }: CertificateState): string {
  if (state === 'expired') return `expired on ${day(notAfter)}`;
  const left = daysLeft === 0 ? 'in less than a day' : daysLeft === 1 ? 'in 1 day' : `in ${daysLeft} days`;
  return `expires on ${day(notAfter)}, ${left}`;
}

/** The command that puts a new one in its place. */
export function mend({ name }: CertificateState): string {
  return `postseal cert replace ${quoted(name)} FILE`;
}

/** One line that tells all of it. */
export function sentence(certificate: CertificateState): string {
  const { name, addresses, missedBy } = certificate;
  const rules = missedBy.length === 1 ? `rule ${missedBy[0]!} has` : `rules ${shortList(missedBy)} have`;
  return `certificate ${name} (${shortList(addresses)}) ${whenExpires(certificate)}, and ${rules} no other: ${mend(certificate)}`;
}

/** Names for people; of many only the first. */
export function shortList(all: readonly string[]): string {
  const more = all.length - 3;
  return all.length === 0
    ? 'names nobody'
    : all.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What "postseal check" tells of them. */
export function expiryProblems(installation: Installation, now: Date): Problem[] {
  const { config } = installation;
  const sections = [...config.certificates, ...config.directories];
  const origins = new Map(sections.map(({ origin }) => [origin.section, origin]));
  const due = dueWarnings(certificateStates(installation, now), config.journal.warnDays, new Map());
  return due.map(({ certificate }) => {
    const title = certificate.section.replace(' ', ':');
    const origin = origins.get(title)!;
    const key = certificate.section.startsWith('certificate ') ? 'file' : 'directory';
    return { origin: { ...origin, key }, message: sentence(certificate), severity: 'warning' };
  });
}

/**
 * When something new may be due: with the next day (UTC), so that what is due on one day is told together, and
 * as soon as a certificate has expired, for from then on mail is not signed.
 */
export function nextLook(certificates: readonly CertificateState[], now: Date): Date {
  const tomorrow = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  const ends = certificates
    .filter(({ missedBy, notAfter }) => missedBy.length > 0 && notAfter >= now)
    .map(({ notAfter }) => notAfter.getTime() + 1);
  return new Date(ends.reduce((a, b) => Math.min(a, b), tomorrow));
}
