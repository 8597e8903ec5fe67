// Files with mistakes: NN-name.ini beside NN-name.want, the lines that a person gets to read.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem, type Problem } from '../src/config/config.js';
import { readConfig } from '../src/config/read.js';
import { expectWanted } from './support/want.js';

/** What reads the cases of a directory below test/bad-config: the file's path → its problems. */
const loaders: Record<string, (path: string) => readonly Problem[]> = {
  ini: path => readConfig(basename(path), readFileSync(path), 'mail.example.com').problems,
};

for (const [directory, load] of Object.entries(loaders)) {
  const root = join(import.meta.dirname, 'bad-config', directory);
  const files = readdirSync(root);
  const cases = files.filter(file => file.endsWith('.ini')).map(file => file.slice(0, -'.ini'.length));

  describe(`bad-config/${directory}`, () => {
    test('every .want has its .ini', () => {
      const wants = files.filter(file => file.endsWith('.want')).map(file => file.slice(0, -'.want'.length));
      expect(wants.filter(name => !cases.includes(name))).toEqual([]);
    });

    test.each(cases)('%s', name => {
      const got = load(join(root, `${name}.ini`))
        .map(problem => `${formatProblem(problem)}\n`)
        .join('');
      expectWanted(join(root, name), got);
    });
  });
}
