// The package for npm, installed below a prefix of its own.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { version } from '../../src/version.js';

const root = join(import.meta.dirname, '..', '..');
const prefix = mkdtempSync(join(tmpdir(), 'postseal-npm-'));
const installed = join(prefix, 'lib/node_modules/postseal');
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', cwd: prefix });

afterAll(() => {
  rmSync(prefix, { recursive: true });
});

test('npm install -g installs the command, its files, and the dependencies that were tested', () => {
  run(
    'npm',
    'install',
    '--global',
    '--silent',
    '--prefix',
    prefix,
    join(root, 'build', `postseal-${version}.tgz`),
  );
  expect(run(join(prefix, 'bin/postseal'), '--version')).toBe(`postseal ${version}\n`);
  for (const path of [
    'etc',
    'systemd',
    'docs',
    'man',
    'completion',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ]) {
    expect(existsSync(join(installed, path)), path).toBe(existsSync(join(root, path)));
  }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string } | undefined>;
  };
  for (const name of readdirSync(join(installed, 'node_modules')).filter(entry => !/^[.@]/.test(entry))) {
    const { version } = JSON.parse(
      readFileSync(join(installed, 'node_modules', name, 'package.json'), 'utf8'),
    ) as {
      version: string;
    };
    expect(version, name).toBe(lock.packages[`node_modules/${name}`]?.version);
  }
});
