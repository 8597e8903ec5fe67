// `postseal check`: the ini file and all that it leads to, as a table or as a list of problems.
import type { Config } from '../config/config.js';
import { daysLeft, validity, type Identity } from '../identity.js';
import type { Policy, Rule } from '../rules/policy.js';
import { defaultConfig, parseOptions } from './arguments.js';
import { exit } from './exit.js';
import { load, showProblem, type Installation } from './load.js';

export const checkHelp = `Usage: postseal check [--config FILE]

Reads the ini file and every certificate that it names, as "postseal serve" does, and starts nothing.

  -c, --config FILE   the ini file (default ${defaultConfig})

Exit status: 0 and a table of rules and certificates; or 78, and every problem with file, line and mend on
standard error. Warnings go to standard error too, and do not change the status.
`;

export async function check(args: readonly string[]): Promise<number> {
  const values = parseOptions('check', args, { config: { type: 'string', short: 'c' } });
  const path = typeof values['config'] === 'string' ? values['config'] : defaultConfig;
  const result = await load(path);
  const problems = 'problems' in result ? result.problems : result.installation.warnings;
  for (const problem of problems) process.stderr.write(`${showProblem(problem)}\n`);
  if ('problems' in result) return exit.config;
  process.stdout.write(summary(result.installation, new Date()));
  return exit.ok;
}

function summary({ config, policy, identities }: Installation, now: Date): string {
  const rules = policy.rules.map(r => [r.name, r.senders.map(p => p.source).join(', '), consequence(r)]);
  const exceptions = config.exceptions.map(e => [e.name, conditions(e)]);
  const certificates = identities.map(({ section, identity }) => [
    identity.name,
    section.startsWith('certificates ') ? section : '',
    identity.addresses.map(a => a.canonical).join(', ') || '(none)',
    identity.keyDescription,
    state(identity, now),
    usedBy(section, policy),
  ]);
  return [
    table('Rules, first match wins', ['NAME', 'SENDER', 'RESULT'], rules),
    table('Exceptions', ['NAME', 'NOT SIGNED'], exceptions),
    table('Certificates', ['NAME', 'FROM', 'ADDRESSES', 'KEY', 'DAYS LEFT', 'RULES'], certificates),
  ]
    .filter(section => section !== '')
    .join('\n');
}

function consequence(rule: Rule): string {
  return rule.sign === 'never' ? 'not signed' : `signed with ${rule.certificateSource}, ${rule.digest.name}`;
}

function conditions({ recipients, header, contentTypes }: Config['exceptions'][number]): string {
  return [
    ...(recipients ? [`to ${recipients.map(p => p.source).join(', ')}`] : []),
    ...(header ? [`header ${header.name}: ${header.value.source}`] : []),
    ...(contentTypes ? [`content type ${contentTypes.map(p => p.source).join(', ')}`] : []),
  ].join(' and ');
}

function state(identity: Identity, now: Date): string {
  const valid = validity(identity, now);
  return valid === 'valid' ? String(daysLeft(identity, now)) : valid;
}

function usedBy(section: string, { rules }: Policy): string {
  return (
    rules
      .filter(r => r.sign === 'always' && r.certificateSource === section)
      .map(r => r.name)
      .join(', ') || '-'
  );
}

/** Columns as wide as their widest cell; empty columns and empty tables are left out. */
function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const shown = head.map((_, i) => i).filter(i => rows.some(r => r[i] !== ''));
  const width = (i: number): number => Math.max(head[i]!.length, ...rows.map(r => r[i]!.length));
  const line = (cells: readonly string[]): string =>
    `  ${shown
      .map(i => cells[i]!.padEnd(width(i)))
      .join('  ')
      .trimEnd()}\n`;
  return `${title}\n${line(head)}${rows.map(line).join('')}`;
}
