// What the commands that change certificates tell: what was stored, and what is to be done next.
import { daysLeft, type Identity } from '../../identity.js';
import { counted, day, escaped } from '../../printable.js';
import type { Candidate } from './candidate.js';
import type { Stored } from './place.js';

export const reload = '"systemctl reload postseal" makes it effective.\n';

/** Names of files may hold anything. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map(line => `${escaped(line)}\n`).join(''));
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
  return [`${holder} holds the key too, and is still there: delete it when you have a backup.`];
}
