// The manual pages as they are to be, by their files.
import { readFileSync } from 'node:fs';
import { commands } from '../../src/cli/commands.js';
import { version } from '../../src/version.js';
import { commandPage } from './command-page.js';
import { iniPage } from './ini-page.js';
import type { Release } from './roff.js';

export function manualPages(): Readonly<Record<string, string>> {
  const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
  const release = releaseOf(version, changelog);
  return { 'man/postseal.8': commandPage(commands, release), 'man/postseal.ini.5': iniPage(release) };
}

/** With the day that stands behind the version in the changelog: the same sources make the same pages on any day. */
export function releaseOf(version: string, changelog: string): Release {
  const line = changelog.split('\n').find(text => text.startsWith(`## ${version} (`)) ?? '';
  return { version, date: /\((\d{4}-\d\d-\d\d)\)/.exec(line)?.[1] ?? '' };
}
