// The documents speak of what there is: commands, replies, and sentences that Postseal really says.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commands } from '../src/cli/commands.js';
import { Failure, failureKinds } from '../src/failure.js';

const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const sources = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => read(`src/${path}`))
  .join('\n');
const troubleshooting = read('docs/troubleshooting.md');

const pages = readdirSync(new URL('docs', root)).filter(name => name.endsWith('.md'));
const documents = ['README.md', ...pages.map(name => `docs/${name}`)];

test.each(documents)('%s names only commands that there are', document => {
  const blocks = [...read(document).matchAll(/^```sh\n(.*?)^```|`([^`\n]+)`/gms)];
  for (const [, block, inline] of blocks)
    for (const [, command] of (block ?? inline!).matchAll(/(?:^|[;&|] ?|-- )postseal ([a-z][a-z-]*)/gm))
      expect([...Object.keys(commands), 'help']).toContain(command);
});

describe('docs/troubleshooting.md', () => {
  test.each(failureKinds)('tells what to do about %s', kind => {
    const { code, text } = new Failure(kind).reply;
    expect(troubleshooting).toContain(`\n| \`${code} ${text}\` |`);
  });

  /** What a table explains stands in its first column, with … for what differs. */
  const quoted = [...troubleshooting.matchAll(/^\| (`.*?`) \|/gm)]
    .flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)])
    .map(([, text]) => text!)
    .filter(text => !/[ =]--|^\d{3}$/.test(text));

  test('is about several', () => {
    expect(quoted.length).toBeGreaterThan(failureKinds.length + 20);
  });

  test.each(quoted)('quotes what Postseal says: %s', text => {
    for (const part of text
      .replace(/^\d{3} \d\.\d\.\d |X-Postseal-Sign|NAME/g, '…')
      .split('…')
      .map(fragment => fragment.trim())
      .filter(fragment => fragment.length > 2))
      expect(sources).toContain(part);
  });
});
