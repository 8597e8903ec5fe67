// Who signs with a certificate that comes or goes: what the rules do with the mail of those whom it names.
import type { Address } from '../../address.js';
import type { Step } from '../../decision.js';
import type { Identity } from '../../identity.js';
import { day } from '../../printable.js';
import { chooseCertificate } from '../../rules/certificate.js';
import { findPattern } from '../../rules/pattern.js';
import type { Rule } from '../../rules/policy.js';
import type { Installation } from '../../service/load.js';
import type { Entry } from './entries.js';
import { referencesIn, type Place } from './place.js';

/** From when to when neither the old certificate nor its renewal signs. */
export function gapBetween({ name, identity: old }: Entry, { notBefore }: Identity, now: Date): string[] {
  const end = old && old.notAfter > now ? old.notAfter : now;
  if (notBefore <= end) return [];
  const why = !old ? 'cannot be used' : end === now ? 'is expired' : `expires on ${day(end)}`;
  return [
    `${name} ${why}: from ${end === now ? 'now' : 'then'} until ${day(notBefore)} neither of the two signs.`,
  ];
}

/** With what a rule signs for a mailbox now; where it does not, the steps tell why. */
function signerFor(rule: Rule, mailbox: Address, steps: Step[] = []): Identity | undefined {
  const choice = chooseCertificate(rule, mailbox, new Date(), steps);
  return 'action' in choice ? undefined : choice.identity;
}

/**
 * Who signs with it: the rules that take its addresses and name its section, or the lines that are missing.
 * @param section `certificate billing`, `certificates staff`
 */
export function whoSigns(
  { policy, identities }: Installation,
  text: Buffer,
  section: string,
  identity: Identity,
  { ini }: Place,
): string[] {
  const [key, name] = section.split(' ') as ['certificate' | 'certificates', string];
  const own = identities.find(
    i => i.section === section && i.identity.certificate.equals(identity.certificate),
  )!;
  const naming = referencesIn(text, key).filter(r => r.signs && r.names.includes(name));
  /** What is told of a mailbox, and of others like it. */
  const tell = (rule: Rule, mailbox: Address): ((whose: string) => string) => {
    if (!naming.some(r => r.rule === rule.name)) {
      const does = rule.sign === 'never' ? 'never signs' : `signs with ${rule.certificateSource}`;
      return whose =>
        `Rule ${rule.name} takes ${whose} first, and ${does}; write "${key} = ${name}" there if this one is to sign.`;
    }
    const steps: Step[] = [];
    const signer = signerFor(rule, mailbox, steps);
    if (signer === own.identity) return whose => `Rule ${rule.name} signs with it for ${whose}.`;
    const does = signer ? `signs with ${signer.name}` : 'does not sign';
    const { finding } = steps.find(s => s.finding.startsWith(`${own.identity.name} `)) ?? steps.at(-1)!;
    return whose => `Rule ${rule.name} ${does} for ${whose}: ${finding}.`;
  };
  const told = new Map<string, { sentence: (whose: string) => string; whose: string[] }>();
  const unclaimed: string[] = [];
  const taking = new Set<string>();
  for (const mailbox of identity.addresses) {
    const rule = policy.rules.find(r => findPattern(r.senders, mailbox.canonical));
    if (rule) {
      const sentence = tell(rule, mailbox);
      const whose = told.get(sentence(''))?.whose ?? [];
      told.set(sentence(''), { sentence, whose: [...whose, mailbox.canonical] });
      taking.add(rule.name);
    } else unclaimed.push(mailbox.canonical);
  }
  const lines = [
    ...[...told.values()].map(({ sentence, whose }) => sentence(whose.join(', '))),
    ...naming.filter(r => !taking.has(r.rule)).map(({ rule }) => `Rule ${rule} names it.`),
  ];
  if (unclaimed.length === 0) return lines;
  const ruleName = policy.rules.some(r => r.name === name) ? `${name}-senders` : name;
  return [
    ...lines,
    `No rule takes ${unclaimed.join(', ')} yet. To have that mail signed, add to ${ini}:`,
    '',
    `[rule:${ruleName}]`,
    `sender = ${unclaimed.join(', ')}`,
    `${key} = ${name}`,
    '',
  ];
}

/** For whom rules signed with a certificate that is gone, and sign no more. */
export function missedBy({ identity, rules }: Entry, before: Installation, after: Installation): string[] {
  return rules.flatMap(({ rule: name }) => {
    const signs = ({ policy }: Installation, mailbox: Address): boolean =>
      signerFor(
        policy.rules.find(rule => rule.name === name)!,
        mailbox,
      ) !== undefined;
    const missed = identity?.addresses.filter(a => signs(before, a) && !signs(after, a)) ?? [];
    if (missed.length === 0) return [];
    const whose = missed.map(a => a.canonical).join(', ');
    return [
      `Nobody signs for ${whose} in rule ${name} now: no_certificate, mismatch or expired there says what becomes of that mail.`,
    ];
  });
}
