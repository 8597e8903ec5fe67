// `postseal check`: the ini file and all that it leads to, as a table or as a list of problems.
import type { Config, Problem } from '../config/config.js';
import { escaped } from '../printable.js';
import type { Policy, Rule } from '../rules/policy.js';
import { defaultConfig, parseOptions } from './arguments.js';
import { exit } from '../exit.js';
import { certificateStates, type CertificateState } from '../service/certificate-states.js';
import { certificateStatus } from '../service/snapshot.js';
import { rulesOf } from './status-report.js';
import { expiryProblems } from '../service/expiry.js';
import { load, showProblem, type Installation } from '../service/load.js';
import { progress } from '../service/progress.js';
import { table } from './table.js';

export const checkHelp = `Usage: postseal check [--config FILE]

Reads the ini file and every certificate that it names, as "postseal serve" does, and starts nothing.

  -c, --config FILE   the ini file (default ${defaultConfig})

Exit status: 0 and a table of rules and certificates; or 78, and every problem with file, line and mend on
standard error. Warnings go to standard error too, and do not change the status.
`;

export async function check(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('check', args, { config: { type: 'string', short: 'c' } });
  const path = values.config ?? defaultConfig;
  const told = progress(line => {
    if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
  });
  const result = await load(path, undefined, { progress: told });
  const now = new Date();
  const problems = 'problems' in result ? result.problems : problemsOf(result.installation, now);
  for (const problem of problems) process.stderr.write(`${showProblem(problem)}\n`);
  if ('problems' in result || problems.some(p => p.severity === 'error')) return exit.config;
  process.stdout.write(summary(result.installation, now));
  return exit.ok;
}

/** In the order of the ini file. */
function problemsOf(installation: Installation, now: Date): Problem[] {
  const expiring = expiryProblems(installation, now);
  return [...installation.findings, ...expiring].sort((a, b) => a.origin.line - b.origin.line);
}

function summary(installation: Installation, now: Date): string {
  const { config, policy, identities } = installation;
  const rules = policy.rules.map(r => [
    r.name,
    r.senders.map(p => p.source).join(', '),
    consequence(r, policy),
  ]);
  if (policy.noRule !== 'pass')
    rules.push(['-', 'any other', policy.noRule === 'defer' ? 'deferred' : 'rejected']);
  const exceptions = config.exceptions.map(e => [e.name, conditions(e)]);
  const certificates = certificateStates(installation, now).map((it, i) => [
    it.name,
    it.section.startsWith('certificates ') ? it.section : '',
    it.addresses.join(', ') || '(none)',
    identities[i]!.identity.keyDescription,
    state(it),
    rulesOf(certificateStatus(it)),
  ]);
  return [
    titled('Rules, first match wins', ['NAME', 'SENDER', 'RESULT'], rules),
    titled('Exceptions', ['NAME', 'NOT SIGNED'], exceptions),
    titled('Certificates', ['NAME', 'FROM', 'ADDRESSES', 'KEY', 'DAYS LEFT', 'RULES'], certificates),
  ]
    .filter(text => text !== '')
    .join('\n');
}

function consequence(rule: Rule, { requestHeader }: Policy): string {
  if (rule.sign === 'never') return 'not signed';
  return [
    `signed with ${rule.certificateSource}${condition(rule.sign, requestHeader)}`,
    rule.digest.name,
    ...(rule.signature === 'auto' ? [] : [rule.signature]),
    ...(rule.form === 'clear' ? [] : [rule.form]),
    ...(rule.headerProtection ? ['header protected'] : []),
    ...(rule.requireCertificate ? ['certificate required'] : []),
  ].join(', ');
}

function condition(sign: Rule['sign'], header: Policy['requestHeader']): string {
  if (header === undefined) return '';
  if (sign === 'by-default') return ` unless ${header} refuses`;
  return sign === 'on-request' ? ` if ${header} asks` : '';
}

function conditions(exception: Config['exceptions'][number]): string {
  const { recipients, header, contentTypes, largerThan, rules } = exception;
  return [
    ...(recipients ? [`to ${recipients.map(p => p.source).join(', ')}`] : []),
    ...(header ? [`header ${header.name}: ${header.value.source}`] : []),
    ...(contentTypes ? [`content type ${contentTypes.map(p => p.source).join(', ')}`] : []),
    ...(largerThan === undefined ? [] : [`larger than ${largerThan} octets`]),
    ...(rules ? [`of rule ${rules.join(', ')}`] : []),
  ].join(' and ');
}

function state({ state, daysLeft }: CertificateState): string {
  return state === 'valid' || state === 'soon' ? String(daysLeft) : state.replaceAll('-', ' ');
}

/** Empty columns and empty tables are left out. */
function titled(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const shown = head.map((_, i) => i).filter(i => rows.some(row => row[i] !== ''));
  const cells = [head, ...rows].map(row => shown.map(i => escaped(row[i]!)));
  return `${[title, ...table(cells)].join('\n')}\n`;
}
