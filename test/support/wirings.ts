// Cases of test/wiring: a Postfix configuration on the disk, the right one with a case's lines in it, and what the
// doctor says of it. The real postconf reads it.
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCircumstances, readIniOrFail } from '../../src/cli/circumstances.js';
import type { Finding } from '../../src/wiring/finding.js';
import { findingsOf } from '../../src/wiring/findings.js';
import type { Circumstances } from '../../src/wiring/wiring.js';

const root = join(import.meta.dirname, '..', 'wiring');

function read(...path: string[]): string {
  const file = join(root, ...path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

export interface PlacedWiring {
  readonly postfix: string;
  readonly ini: string;
}

/**
 * Writes the configuration of a case: base, then etc/postfix as the ini file needs it, then the lines of the case.
 * An entry of its master.cf replaces that of the same name and type; `#- NAME TYPE` takes one out.
 */
export function placeWiring(name: string, directory: string): PlacedWiring {
  mkdirSync(directory);
  const iniText = read(name, 'postseal.ini') || read('base', 'postseal.ini');
  const lmtp = /^protocol *= *lmtp$/m.test(iniText);
  const main = [read('base', 'main.cf'), etc('main.cf'), read(name, 'main.cf')].join('\n');
  const own = read(name, 'master.cf');
  const without = (key: string): boolean =>
    new RegExp(`^(?:#- )?${escapeRegExp(key)}(?:\\s|$)`, 'm').test(own.replaceAll(/[ \t]+/g, ' '));
  const base = entriesOf(`${read('base', 'master.cf')}\n${lmtp ? overLmtp() : sized(etc('master.cf'))}`);
  const kept = base.filter(entry => !without(keyOf(entry)));
  writeFileSync(join(directory, 'main.cf'), main.replaceAll('$CASE', join(root, name)));
  writeFileSync(
    join(directory, 'master.cf'),
    `${kept.join('\n')}\n${own}`.replaceAll('$CASE', join(root, name)),
  );
  calm(directory);
  const ini = join(directory, 'postseal.ini');
  writeFileSync(ini, iniText);
  return { postfix: directory, ini };
}

/** Of a main.cf that has changed just now postconf waits a second for more. */
export function calm(directory: string): void {
  utimesSync(join(directory, 'main.cf'), 0, 0);
}

function etc(name: string): string {
  return readFileSync(new URL(`../../etc/postfix/${name}`, import.meta.url), 'utf8');
}

/** As the README says of sizes. */
function sized(master: string): string {
  return master.replace(/^submission .*$/m, '$&\n  -o message_size_limit=15000000');
}

/** As etc/postfix/lmtp.cf says. */
function overLmtp(): string {
  return (
    sized(etc('master.cf'))
      .replace(/^postseal(?:-local)? unix .*\n(?: .*\n)*/gm, '')
      .replaceAll(/postseal(?:-local)?:\[127\.0\.0\.1\]:10025/g, 'postseal:unix:/run/postseal/in.sock') +
    etc('lmtp.cf')
  );
}

function entriesOf(master: string): string[] {
  return [...master.matchAll(/^[^#\s].*(?:\n[ \t].*)*/gm)].map(match => match[0]);
}

function keyOf(entry: string): string {
  return entry.split(/\s+/, 2).join(' ');
}

function escapeRegExp(text: string): string {
  return text.replace(/[.[\]]/g, '\\$&');
}

export async function circumstancesOf({ postfix, ini }: PlacedWiring): Promise<Circumstances> {
  return readCircumstances(await readIniOrFail(ini), postfix);
}

export async function diagnose(placed: PlacedWiring): Promise<Finding[]> {
  return findingsOf(await circumstancesOf(placed));
}
