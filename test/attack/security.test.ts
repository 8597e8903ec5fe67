// SECURITY.md names for each attack the test that holds it: each is there, and each file of this directory is named.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const named = [...readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(/`((?:test|docs)\/[^`]+)`/g)].map(
  ([, path]) => path!,
);

test('each that is named is there', () => {
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(path => !existsSync(join(root, path)))).toEqual([]);
});

test('each that is here is named', () => {
  const here = readdirSync(import.meta.dirname).map(name => `test/attack/${name}`);
  expect(here.filter(path => !named.includes(path) && !path.endsWith('/security.test.ts'))).toEqual([]);
});
