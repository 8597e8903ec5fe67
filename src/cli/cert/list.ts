// `postseal cert list`: every certificate in a table.
import { exit } from '../../exit.js';
import { daysLeft } from '../../identity.js';
import { escaped, printableJson } from '../../printable.js';
import { loadOrFail, readText } from '../../service/load.js';
import { defaultConfig, parseOptions } from '../arguments.js';
import { coloured } from '../colour.js';
import { table } from '../table.js';
import { everyEntry, holders, stateColours, type Entry } from './entries.js';
import { listed } from './report.js';

export const listHelp = `Usage: postseal cert list [--json] [--config FILE]

Lists the certificates that the ini file leads to: name, owner, addresses, key, issuer, days left, the rules that use
it, and its state: valid, expires soon (in less than 30 days), expired, not yet valid, or why it cannot be used.

      --json          a JSON array for programs
  -c, --config FILE   the ini file (default ${defaultConfig})

Exit status: 0, whatever the states are; 78 the ini file is wrong. "postseal check" ends with 78 for a certificate that
cannot be used.
`;

export async function list(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('cert list', args, {
    config: { type: 'string', short: 'c' },
    json: { type: 'boolean' },
  });
  const ini = values.config ?? defaultConfig;
  const installation = await loadOrFail(ini);
  const now = new Date();
  const entries = everyEntry(installation, await readText(ini), now);
  if (values.json === true) {
    const found = entries.map(entry => toJson(entry, now));
    process.stdout.write(`${printableJson(JSON.stringify(found, undefined, 2))}\n`);
  } else if (entries.length === 0)
    process.stdout.write('no certificates; "postseal cert add FILE" adds one\n');
  else process.stdout.write(toText(entries, now));
  return exit.ok;
}

function toText(entries: readonly Entry[], now: Date): string {
  const head = ['NAME', 'OWNER', 'ADDRESSES', 'KEY', 'ISSUER', 'DAYS LEFT', 'RULES', 'STATE'];
  const rows = entries.map(entry => [entry.name, ...columnsOf(entry, now)].map(escaped));
  // Colours would count as width: they come last.
  const lines = table([head, ...rows]).map((line, i) => {
    const entry = entries[i - 1];
    if (!entry) return line;
    const words = rows[i - 1]!.at(-1)!;
    return line.slice(0, -words.length) + coloured(stateColours[entry.state], words);
  });
  return `${lines.join('\n')}\n`;
}

function columnsOf(entry: Entry, now: Date): string[] {
  const { identity, problem, rules } = entry;
  const used = rules.map(r => r.rule).join(', ') || '-';
  if (!identity) return ['', '', '', '', '', used, `cannot be used: ${problem!}`];
  const { owner, issuer } = holders(identity);
  const left = String(daysLeft(identity, now));
  return [owner, listed(identity), identity.keyDescription, issuer, left, used, entry.state];
}

function toJson(entry: Entry, now: Date): object {
  const { name, source, identity, problem, rules } = entry;
  const used = { rules: rules.map(r => r.rule), state: entry.state };
  const [kind] = source.split(' ');
  const common = { name, ...(kind === 'certificates' && { directory: source.slice(kind.length + 1) }) };
  if (!identity) return { ...common, ...used, problem };
  return {
    ...common,
    ...used,
    file: identity.file,
    subject: identity.subject,
    issuer: holders(identity).issuer,
    addresses: identity.addresses.map(a => a.canonical),
    key: identity.keyDescription,
    notBefore: identity.notBefore,
    notAfter: identity.notAfter,
    daysLeft: daysLeft(identity, now),
  };
}
