// The completion for bash: current, and what a real bash makes of it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bashCompletion } from '../../packaging/manual/bash.js';

const script = new URL('../../completion/postseal.bash', import.meta.url);

test('completion/postseal.bash is current', () => {
  expect(readFileSync(script, 'utf8'), 'write it anew: npm run generate').toBe(bashCompletion());
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

test('bash completes', () => {
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', caller, 'bash', script.pathname], {
    input: cases.map(([typed]) => `${typed}\n`).join(''),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const offered = stdout.split('\n');
  expect(cases.map(([typed], i) => [typed, offered[i]])).toEqual(cases);
});
