// The helps of all commands are in the format that manual and completion are made of, and tell the truth.
import { describe, expect, test } from 'vitest';
import { helpsOf, operandsOf, optionsOf, parseHelp, partsOf } from '../../packaging/manual/help.js';
import { commands, type Command, type Commands } from '../../src/cli/commands.js';

const flat = (some: Commands): Command[] =>
  Object.values(some).flatMap(command => [command, ...flat(command.subcommands ?? {})]);

describe.each(flat(commands).map((command, i) => [helpsOf(commands)[i]!, command] as const))(
  'postseal $words',
  (help, { run, subcommands }) => {
    test('names itself in each usage line, and no option that it does not explain', () => {
      const explained = optionsOf(help).map(({ long }) => long);
      for (const usage of help.usage) {
        expect(partsOf(usage).call).toBe(`postseal ${help.words}`);
        for (const [option] of usage.matchAll(/--[a-z-]+/g)) expect(explained).toContain(option);
      }
    });

    test('knows every option that it explains, with a value or without', async () => {
      for (const { short, long, value } of optionsOf(help)) {
        for (const name of [short ?? long, long]) {
          const given = value === undefined ? [name] : [name, 'value'];
          const words = subcommands ? [Object.keys(subcommands)[0]!, ...given] : given;
          // The first that is not known is told, before anything else is done.
          await expect(run([...words, '--no-such-option'])).rejects.toThrow(
            /Unknown option '--no-such-option'/,
          );
        }
      }
    });
  },
);

const help = `Usage: postseal cert add [--config FILE] --name NAME FILE...
                     [--force]
       postseal cert add --list

First paragraph,
in two lines.
  an example
    of two lines

  -c, --config FILE   the ini file
      --name NAME     its name: what it is
                      called by
      --force         whatever is there

Exit status: 0.
`;

test('a help is taken apart', () => {
  expect(parseHelp(help)).toEqual({
    usage: ['postseal cert add [--config FILE] --name NAME FILE... [--force]', 'postseal cert add --list'],
    blocks: [
      { kind: 'paragraph', text: 'First paragraph, in two lines.' },
      { kind: 'verbatim', lines: ['an example', '  of two lines'] },
      {
        kind: 'options',
        options: [
          { short: '-c', long: '--config', value: 'FILE', prose: 'the ini file' },
          { long: '--name', value: 'NAME', prose: 'its name: what it is called by' },
          { long: '--force', prose: 'whatever is there' },
        ],
      },
      { kind: 'paragraph', text: 'Exit status: 0.' },
    ],
  });
  expect(partsOf(parseHelp(help).usage[0]!)).toEqual({
    call: 'postseal cert add',
    parts: ['[--config FILE]', '--name NAME', 'FILE...', '[--force]'],
  });
  expect(operandsOf(parseHelp(help))).toEqual(['FILE']);
});

test('subcommands follow their command', () => {
  const command = (name: string): Command => ({
    run: () => Promise.resolve(0),
    help: `Usage: postseal ${name}\n`,
    summary: name,
  });
  const cert = { ...command('cert'), subcommands: { add: command('cert add') } };
  expect(helpsOf({ cert, check: command('check') }).map(({ words }) => words)).toEqual([
    'cert',
    'cert add',
    'check',
  ]);
});

test.each([
  ['no usage', 'Checks.\n', /no usage line/],
  ['an option without an explanation', 'Usage: postseal x\n\n  -c, --config\n', /neither an option/],
  [
    'an option that is out of line',
    'Usage: postseal x\n\n  -c, --config FILE  this\n    and that\n',
    /neither an option/,
  ],
])('%s is told', (_, text, words) => {
  expect(() => parseHelp(text)).toThrow(words);
});
