// What the commands that change certificates tell: what was stored, who signs with it, what is to be done next.
import { daysLeft, type Identity } from '../../identity.js';
import { counted, day, escaped } from '../../printable.js';
import { findPattern } from '../../rules/pattern.js';
import type { Rule } from '../../rules/policy.js';
import type { Installation } from '../../service/load.js';
import type { Candidate } from './candidate.js';
import { referencesIn, type Place, type Stored } from './place.js';

export const reload = '"systemctl reload postseal" makes it effective.\n';

export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''));
}

export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`postseal: warning: ${escaped(warning)}\n`);
}

export function listed(identity: Identity): string {
  return escaped(identity.addresses.map(a => a.canonical).join(', ')) || 'nobody';
}

/** One certificate in a line. */
export function inALine(identity: Identity, now: Date): string {
  const { subject, keyDescription, notBefore, notAfter } = identity;
  const from = now < notBefore ? `from ${day(notBefore)} ` : '';
  return `${subject}, for ${listed(identity)}, ${keyDescription}, valid ${from}until ${day(notAfter)} (${counted(daysLeft(identity, now), 'day')})`;
}

export function filesOf({ file, chain, passwordFile }: Stored): string[] {
  return [
    file,
    ...(chain === undefined ? [] : [chain]),
    ...(passwordFile === undefined ? [] : [passwordFile]),
  ];
}

/** What is left of the files that were handed in. */
export function leftOver({ waitingKey }: Candidate, file: string, key: string | undefined): string[] {
  if (waitingKey !== undefined)
    return [`The key that waited for it, ${waitingKey}, is in it now and was taken away.`];
  const holder = key ?? file;
  return [`${escaped(holder)} holds the key too, and is still there: delete it when you have a backup.`];
}

/**
 * Who signs with it: the rules that take its addresses and name its section, or the lines that are missing.
 * @param section `certificate billing`, `certificates staff`
 */
export function whoSigns(
  { policy }: Installation,
  text: Buffer,
  section: string,
  identity: Identity,
  { ini }: Place,
): string[] {
  const [key, name] = section.split(' ') as ['certificate' | 'certificates', string];
  const naming = referencesIn(text, key).filter(r => r.signs && r.names.includes(name));
  const byRule = new Map<Rule | undefined, string[]>();
  for (const { canonical } of identity.addresses) {
    const rule = policy.rules.find(r => findPattern(r.senders, canonical));
    byRule.set(rule, [...(byRule.get(rule) ?? []), canonical]);
  }
  const unclaimed = byRule.get(undefined) ?? [];
  byRule.delete(undefined);
  const lines = [...byRule].map(([rule, who]) => {
    const whose = escaped(who.join(', '));
    if (naming.some(r => r.rule === rule!.name)) return `Rule ${rule!.name} signs with it for ${whose}.`;
    const does = rule!.sign === 'never' ? 'never signs' : `signs with ${rule!.certificateSource}`;
    return `Rule ${rule!.name} takes ${whose} first, and ${does}; write "${key} = ${name}" there if this one is to sign.`;
  });
  const others = naming.filter(r => ![...byRule.keys()].some(rule => rule?.name === r.rule));
  lines.push(...others.map(({ rule }) => `Rule ${rule} signs with it.`));
  if (unclaimed.length === 0) return lines;
  const ruleName = policy.rules.some(r => r.name === name) ? `${name}-senders` : name;
  return [
    ...lines,
    `No rule takes ${escaped(unclaimed.join(', '))} yet. To have that mail signed, add to ${ini}:`,
    '',
    `[rule:${ruleName}]`,
    `sender = ${escaped(unclaimed.join(', '))}`,
    `${key} = ${name}`,
    '',
  ];
}
