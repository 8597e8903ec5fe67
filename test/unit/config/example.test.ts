// The shipped example is rendered from the option tables, valid as it is, and valid when copied from.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Address } from '../../../src/address.js';
import { formatProblem, type Config } from '../../../src/config/config.js';
import { renderExample } from '../../../src/config/example.js';
import { kinds } from '../../../src/config/kinds.js';
import { readConfig } from '../../../src/config/read.js';

const shipped = readFileSync(new URL('../../../etc/postseal.ini', import.meta.url), 'utf8');

function read(text: string): { problems: string[]; config: Config | undefined } {
  const { config, problems } = readConfig('/etc/postseal.ini', text, 'host.example.com');
  return { config, problems: problems.map(formatProblem) };
}

test('etc/postseal.ini is current', () => {
  expect(shipped, 'write it anew: npm run generate').toBe(renderExample());
});

test('as shipped it is valid, and says what an empty file says', () => {
  expect(read(shipped)).toEqual(read(''));
});

test('every option is in it', () => {
  for (const [kind, { options }] of Object.entries(kinds)) {
    for (const key of Object.keys(options)) expect(shipped, kind).toMatch(new RegExp(`^;*${key} = `, 'm'));
  }
});

test('with the settings taken out of their comments the plain sections are valid', () => {
  const plain = shipped.slice(0, shipped.indexOf(';[')).replaceAll(/^;(?=\S)/gm, '');
  const { config, problems } = read(plain);
  expect(problems).toEqual(['/etc/postseal.ini:1: warning: no [rule:NAME] in the file: nothing is signed']);
  // What has no default is nowhere unless the file says where.
  const { service, journal, ...rest } = config!;
  const spelt = {
    ...rest,
    service: { ...service, control: undefined },
    journal: { ...journal, warnTo: [], warnFrom: Address.parse('postseal@mail.example.com') },
    events: {},
    metrics: {},
  };
  const { config: silent } = readConfig('/etc/postseal.ini', '', 'mail.example.com');
  expect(JSON.parse(JSON.stringify(spelt))).toEqual(JSON.parse(JSON.stringify(silent)));
});

test('with one ; taken from each line of the sections to copy they are valid together', () => {
  const start = shipped.indexOf(';[');
  const copied = shipped.slice(start).replaceAll(/^;(?=[;\S])/gm, '');
  const { config, problems } = read(shipped.slice(0, start) + copied);
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    certificates: [{ name: 'billing' }],
    directories: [{ name: 'staff' }],
    rules: [{ name: 'invoices' }, { name: 'staff' }],
    exceptions: [{ name: 'feature-phones' }, { name: 'newsletter' }],
  });
});

test('every option alone is valid as the example shows it', () => {
  for (const [kind, { options }] of Object.entries(kinds)) {
    for (const [key, { parse, text }] of Object.entries(options)) {
      const value = text.replace(/^'(.*)'$/, '$1');
      expect(parse(value, { directory: '/etc' }), `[${kind}] ${key}`).toHaveProperty('value');
    }
  }
});
