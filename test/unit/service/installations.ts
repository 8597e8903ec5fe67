// Installations whose certificates are made up: an ini file that is read, and no file that it names.
import { digests, digestsFrom } from '../../../src/algorithms.js';
import { generateKeyPairSync } from 'node:crypto';
import { readConfig } from '../../../src/config/read.js';
import type { Identity } from '../../../src/identity.js';
import { linkRule } from '../../../src/service/link.js';
import type { Installation } from '../../../src/service/load.js';
import { address } from '../../support/golden-filter.js';

const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** `anna@example.com 2026-01-01 2027-01-01`: addresses with commas in between, and its validity. */
function identity(name: string, text: string): Identity {
  const [addresses, from, to] = text.split(' ') as [string, string, string];
  const none = Buffer.alloc(0);
  return {
    ...{ name, file: `/${name}.pem`, key, keyType: 'ec', keyDescription: 'EC P-256', subject: `CN=${name}` },
    ...{ certificate: none, chain: [], issuer: none, serialNumber: none },
    digests: digestsFrom(digests.sha256),
    addresses: addresses === '-' ? [] : addresses.split(',').map(address),
    notBefore: new Date(from),
    notAfter: new Date(to),
  };
}

/**
 * @param certificates by name, `billing` or `staff/anna.pem`; see `identity`
 * @param rules lines, each `NAME: KEY = VALUE; KEY = VALUE`
 */
export function installationOf(
  certificates: Readonly<Record<string, string>>,
  rules: readonly string[],
  journal: readonly string[] = [],
): Installation {
  const identities = Object.entries(certificates).map(([name, text]) => ({
    section: name.includes('/') ? `certificates ${name.split('/')[0]!}` : `certificate ${name}`,
    identity: identity(name, text),
  }));
  const titles = [...new Set(identities.map(({ section }) => section))];
  const ini = [
    '[journal]',
    ...journal,
    ...titles.map(
      title => `[${title.replace(' ', ':')}]\n${title.startsWith('certificate ') ? 'file' : 'directory'} = x`,
    ),
    ...rules.map(rule => {
      const [, name, keys] = /^(\S+): (.*)$/.exec(rule)!;
      return `[rule:${name!}]\n${/\bsender =/.test(keys!) ? '' : 'sender = *\n'}${keys!.replaceAll('; ', '\n')}`;
    }),
  ].join('\n');
  const { config, problems } = readConfig('/etc/postseal/postseal.ini', ini, 'mail.example.com');
  if (!config) throw new Error(problems.map(p => p.message).join('\n'));
  const sources = new Map(
    titles.map(title => [
      title,
      { identities: identities.filter(i => i.section === title).map(i => i.identity), problems: [] },
    ]),
  );
  const policy = {
    ...config,
    rules: config.rules.map(section => linkRule(section, sources)),
  };
  return { config, policy, identities, findings: [] };
}
