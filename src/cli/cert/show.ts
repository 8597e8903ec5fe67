// `postseal cert show`: all that there is to know of one certificate.
import { X509Certificate } from 'node:crypto';
import * as asn1 from '../../asn1.js';
import { title } from '../../certs/certificate.js';
import { exit } from '../../exit.js';
import { daysLeft, type Identity } from '../../identity.js';
import { day, escaped } from '../../printable.js';
import { loadOrFail, readText } from '../../service/load.js';
import { extension, nameOnOneLine, readFields } from '../../x509.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { coloured } from '../colour.js';
import { table } from '../table.js';
import { stateColours } from './entries.js';
import { findCertificate, type Found } from './find.js';
import { listed } from './report.js';

export const showHelp = `Usage: postseal cert show NAME [--config FILE]

Tells all that there is to know of one certificate: owner, addresses, key, issuer, serial number, fingerprint
(SHA-256), dates, key usage, chain, files, and the rules that use it with their lines. NAME is as "postseal cert list"
has it: billing, or staff/anna.p12 for a file of a directory.

  -c, --config FILE   the ini file (default ${defaultConfig})

Exit status: 0; 64 there is no certificate of that name; 78 the ini file is wrong.
`;

export async function show(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(
    'cert show',
    args,
    { config: { type: 'string', short: 'c' } },
    true,
  );
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw usageError('cert show', 'name one certificate');
  const ini = values.config ?? defaultConfig;
  const found = findCertificate(await loadOrFail(ini), await readText(ini), name);
  const now = new Date();
  const { state, problem } = found;
  const words = problem === undefined ? state : `${state}: ${escaped(problem)}`;
  const rows = [
    ...(found.identity ? aboutCertificate(found.identity, now) : []),
    ['state', coloured(stateColours[state], words)],
    ...filesOf(found).map(([what, path], i) => [i === 0 ? 'files' : '', escaped(`${what}  ${path}`)]),
    ['rules', found.rules.map(r => `${r.rule} (line ${r.line})`).join(', ') || 'none'],
  ];
  process.stdout.write(`${[escaped(name), ...table(rows)].join('\n')}\n`);
  return exit.ok;
}

function aboutCertificate(identity: Identity, now: Date): string[][] {
  const x509 = new X509Certificate(identity.certificate);
  const { notBefore, notAfter, chain } = identity;
  const issuers = chain.map(der => new X509Certificate(der));
  return [
    ['subject', identity.subject],
    ['addresses', listed(identity)],
    ['key', identity.keyDescription],
    ['issuer', escaped(nameOnOneLine(x509.issuer))],
    ['serial', x509.serialNumber],
    ['SHA-256', x509.fingerprint256],
    ['valid', `${day(notBefore)} to ${day(notAfter)}, days left: ${daysLeft(identity, now)}`],
    ['usage', usageOf(x509)],
    ['chain', issuers.map(c => `"${title(c)}" until ${day(new Date(c.validTo))}`).join(', ') || 'none'],
  ];
}

/** In the order of their bits (RFC 5280 §4.2.1.3). */
const usages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
];

const purposes: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '2.5.29.37.0': 'any purpose',
};

function usageOf(x509: X509Certificate): string {
  const fields = readFields(asn1.parse(x509.raw));
  const usage = extension(fields, 'keyUsage');
  const purpose = extension(fields, 'extendedKeyUsage');
  const bits = usage ? (asn1.contents(usage)[1] ?? 0) : 0;
  const named = usage ? usages.filter((_, i) => bits & (0x80 >> i)) : ['unrestricted'];
  const ids = purpose ? asn1.children(purpose).map(asn1.oid) : [];
  return [...named, ...ids.map(id => purposes[id] ?? id)].join(', ');
}

function filesOf(found: Found): string[][] {
  if (found.kind === 'member') return [['file', found.path]];
  const { file, keyFile, chainFile, password } = found.section;
  return [
    ['file', file],
    ...(keyFile === undefined ? [] : [['key', keyFile]]),
    ...(chainFile === undefined ? [] : [['chain', chainFile]]),
    ...(password.kind === 'file' ? [['password_file', password.path]] : []),
  ];
}
