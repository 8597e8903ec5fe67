// The table of what Postseal needs of Postfix is what etc/postfix, and with it the README, teaches.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../../src/config/endpoint.js';
import { destinationTo } from '../../../src/wiring/places.js';
import {
  entryOf,
  mainParameters,
  returnPort,
  satisfies,
  transportFor,
  transports,
} from '../../../src/wiring/wanted.js';

function endpoint(text: string) {
  const parsed = parseEndpoint(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.value;
}

const listen = endpoint('127.0.0.1:10025');
const back = endpoint('127.0.0.1:10026');

function etc(name: string): string {
  const text = readFileSync(new URL(`../../../etc/postfix/${name}`, import.meta.url), 'utf8');
  return text.replace(/^(?:#.*)?\n/gm, '');
}

/** The entries of a master.cf, each in one line. */
function entries(name: string): string[] {
  return [...etc(name).matchAll(/^\S.*(?:\n[ \t].*)*/gm)].map(([entry]) => entry.replaceAll(/\s+/g, ' '));
}

describe('etc/postfix', () => {
  test('main.cf has the parameters of the table', () => {
    const lines = mainParameters({ protocol: 'smtp' }).map(({ name, value }) => `${name} = ${value}\n`);
    expect(etc('main.cf')).toBe(lines.join(''));
  });

  test('master.cf has its services, with their options', () => {
    const services = [...transports({ protocol: 'smtp' }), returnPort(back)].map(entryOf);
    expect(entries('master.cf').slice(2)).toEqual(services);
  });

  test('lmtp.cf has its transport', () => {
    expect(entries('lmtp.cf')).toEqual(transports({ protocol: 'lmtp' }).map(entryOf));
  });

  test.each([['submission inet n - y - - smtpd'], ['pickup unix n - y 60 1 pickup']])(
    'master.cf filters %s as wire does',
    entry => {
      const command = entry.split(' ').at(-1)!;
      const filter = destinationTo(transportFor({ command }, { protocol: 'smtp' }), listen);
      const taught = entries('master.cf').find(text => text.startsWith(entry))!;
      expect(taught).toContain(` -o content_filter=${filter}`);
    },
  );
});

const all = [
  ...mainParameters({ protocol: 'smtp' }),
  ...transports({ protocol: 'smtp' }).flatMap(s => s.options),
  ...transports({ protocol: 'lmtp' }).flatMap(s => s.options),
  ...returnPort(back).options,
];

test('docs/wiring.md says of each what it is for', () => {
  const text = readFileSync(new URL('../../../docs/wiring.md', import.meta.url), 'utf8');
  const taught = all.filter(({ name }) => !name.startsWith('lmtp_'));
  expect(taught.filter(({ name }) => !text.includes(`\`${name}`)).map(({ name }) => name)).toEqual([]);
});

test('what the table wants it accepts', () => {
  for (const option of all) expect(satisfies(option, option.value), option.name).toBe(true);
});
