// Command lines of `postseal journal` about the debug journal that ask for nothing that there is.
import { expect, test } from 'vitest';
import { journal } from '../../../src/cli/journal.js';

test.each([
  [['--debug', 'on', '--sender', 'kim'], '--sender: "kim" has no @: write kim@example.com'],
  [['--debug', 'on', '--sender', '/[/'], '--sender: regular expression /[/: '],
  [['--debug', 'on', '--for', '25h'], '--for: "25h" is not a time from 1s to 24h'],
  [['--debug', 'on', '--for', '0s'], '--for: "0s" is not a time'],
  [['--debug', 'on', '--for', 'forever'], '--for: "forever" is not a time'],
  [['--debug', 'maybe'], '--debug: "maybe" is none of on, off, show'],
  [['--debug', 'off', '--for', '1m'], '--for and --sender go with --debug on'],
  [['--debug', 'show', '--follow'], '--debug and --follow: keep one of the two'],
  [['--sender', 'kim@example.com'], '--for and --sender go with --debug on; --address searches'],
  [['--debug-file', 'a', '--file', 'b'], '--debug-file and --file: keep one of the two'],
  [['--debug-file', 'a', '--json'], '--debug-file and --json: its lines are JSON already'],
  [['--debug-file', '-', '--follow'], '--follow: - is not a file that grows'],
])('%j: 64', async (args, words) => {
  await expect(journal(args)).rejects.toMatchObject({
    exitCode: 64,
    message: expect.stringContaining(words) as string,
  });
});
