// The completion for bash: current, and what a real bash makes of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bashCompletion } from '../../packaging/manual/bash.js';
import { commands, type Command } from '../../src/cli/commands.js';

const script = new URL('../../completion/postseal.bash', import.meta.url);

test('completion/postseal.bash is current', () => {
  expect(readFileSync(script, 'utf8'), 'write it anew: npm run generate').toBe(bashCompletion(commands));
});

/** As bash calls it with the cursor behind the last word; a path is left to bash, which is told so by compopt. */
const caller = `
source "$1"
compopt() { [[ $1 == -o ]] && paths=$2; }
while read -ra COMP_WORDS; do
  [[ \${COMP_WORDS[-1]} == _ ]] && COMP_WORDS[-1]=
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMPREPLY=() paths=
  _postseal
  echo "\${COMPREPLY[*]}\${paths:+<$paths>}"
done`;

/** What is typed, as bash takes it apart, with _ for an empty last word; and what is offered. */
const cases: readonly (readonly [string, string])[] = [
  ['postseal se', 'serve'],
  ['postseal --', '--help --version'],
  ['postseal help ch', 'check'],
  ['postseal check _', '--config --help'],
  ['postseal check --c', '--config'],
  ['postseal check --config _', '<default>'],
  ['postseal check -c /etc/post', '<default>'],
  ['postseal check --config = _', '<default>'],
  ['postseal check --config =', '<default>'],
  ['postseal serve --config x.ini --d', '--debug'],
  ['postseal sign < in', '<default>'],
  ['postseal sign --sender _', ''],
  ['postseal explain --j', '--json'],
  ['postseal test --ca _', '<default>'],
  ['postseal verify _', '<default>'],
  ['postseal verify --s', '--signature-only'],
  ['postseal journal --outcome _', 'signed unsigned deferred rejected'],
  ['postseal journal --outcome = de', 'deferred'],
  ['postseal journal --rule _', ''],
  // Without a value.
  ['postseal journal -f --js', '--json'],
  ['postseal no-such-command _', ''],
];

function completed(file: string, typed: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', caller, 'bash', file], {
    input: typed.map(line => `${line}\n`).join(''),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').slice(0, -1);
}

test('bash completes', () => {
  const offered = completed(
    script.pathname,
    cases.map(([typed]) => typed),
  );
  expect(cases.map(([typed], i) => [typed, offered[i]])).toEqual(cases);
});

test('bash completes subcommands, and values that have a line each', () => {
  const command = (usage: string, ...options: string[]): Command => ({
    run: () => Promise.resolve(0),
    help: `Usage: postseal ${usage}\n\n${options.map(line => `  ${line}\n`).join('')}`,
    summary: usage,
  });
  const add = command(
    'cert add FILE',
    '-n, --name NAME  its name',
    '    --to DIR     where to',
    '    --log on     tell of it',
    '    --log off    or not',
  );
  const table = { cert: { ...command('cert COMMAND'), subcommands: { add, list: command('cert list') } } };
  const expected = [
    ['postseal cert _', 'add list --help'],
    ['postseal cert ad', 'add'],
    ['postseal cert list _', '--help'],
    ['postseal cert add --', '--name --to --log --help'],
    ['postseal cert add -n _', ''],
    ['postseal cert add --to _', '<dirnames>'],
    ['postseal cert add --log _', 'on off'],
    ['postseal cert add _', '<default>'],
  ] as const;
  const file = join(mkdtempSync(join(tmpdir(), 'postseal-completion-')), 'postseal.bash');
  writeFileSync(file, bashCompletion(table));
  const offered = completed(
    file,
    expected.map(([typed]) => typed),
  );
  rmSync(dirname(file), { recursive: true });
  expect(expected.map(([typed], i) => [typed, offered[i]])).toEqual(expected);
});
