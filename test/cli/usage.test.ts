// The command line itself: help, and what happens to words that no command knows.
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { postseal } from './command.js';

/** Those that go by an ini file, and have no commands below them. */
const withIniFile = Object.entries(commands)
  .filter(([, { help, subcommands }]) => help.includes('--config FILE') && !subcommands)
  .map(([name]) => name);

describe.concurrent('the command line', () => {
  test('without a command it says how to use it, as an error', async () => {
    const { code, stdout, stderr } = await postseal([]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(/^Usage: postseal COMMAND/);
  });

  test('--help names every command, and is no error', async () => {
    const { code, stdout, stderr } = await postseal(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of Object.keys(commands)) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  test.each(withIniFile)('%s --help tells its options, and runs nothing', async name => {
    const { code, stdout, stderr } = await postseal([name, '--config', '/does/not/exist', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: postseal ${name} `));
    expect(stdout).toContain('--config FILE');
  });

  test.each([
    [['cert', '--help'], 'postseal cert COMMAND'],
    [['cert', 'add', '--help'], 'postseal cert add FILE'],
    [['help', 'cert', 'make-test'], 'postseal cert make-test --address'],
  ])('%j is the page of that command', async (args, usage) => {
    expect((await postseal(args)).stdout).toMatch(new RegExp(`^Usage: ${usage}`));
  });

  test('an unknown command of cert is told what there is', async () => {
    const { code, stderr } = await postseal(['cert', 'install']);
    expect(code).toBe(64);
    expect(stderr).toContain('unknown command "install" (have: list, show, add,');
  });

  test('--version tells that of the package', async () => {
    const { code, stdout } = await postseal(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^postseal \d+\.\d+\.\d+\n$/);
  });

  test('an unknown command is told what there is', async () => {
    const { code, stdout, stderr } = await postseal(['sing']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toBe(`postseal: unknown command "sing" (have: ${Object.keys(commands).join(', ')})\n`);
  });

  test.each([
    ['an unknown option', ['check', '--colour'], /Unknown option '--colour'/],
    ['an option without its value', ['check', '--config'], /argument missing/],
    ['an operand', ['check', 'postseal.ini'], /Unexpected argument 'postseal\.ini'/],
    ['a sender that is no address', ['sign', '--sender', 'a@b@'], /"a@b@" is not a mail address/],
    ['a recipient that is no address', ['explain', '-r', 'a b@c'], /"a b@c" is not a mail address/],
  ])('%s is a usage error', async (_, args, words) => {
    const { code, stdout, stderr } = await postseal(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('    at ');
  });

  test.each(withIniFile)('%s without its ini file ends with 78', async name => {
    const { code, stdout, stderr } = await postseal([name, '--config', '/does/not/exist.ini']);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toBe('/does/not/exist.ini: does not exist; name it with --config FILE\n');
  });
});
