// The README teaches what is in the repository: its blocks are compared, its examples are tried.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config/read.js';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');

for (const file of ['etc/postfix/main.cf', 'etc/postfix/master.cf', 'etc/postfix/lmtp.cf']) {
  test(`shows ${file} word for word`, () => {
    expect(readme).toContain(`\`\`\`\n${read(file)}\`\`\``);
  });
}

test('shows ini files that are accepted as they stand', () => {
  const blocks = [...readme.matchAll(/^```ini\n(.*?)^```$/gms)].map(match => match[1]!);
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  for (const block of blocks) {
    const { problems } = readConfig('/etc/postseal/postseal.ini', block);
    expect(problems.filter(p => p.severity === 'error')).toEqual([]);
  }
});

test('names only commands that there are', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, script] of readme.matchAll(/npm (?:run )?(demo|test|bench|[a-z:]+)\b/g)) {
    expect(Object.keys(scripts)).toContain(script);
  }
});
