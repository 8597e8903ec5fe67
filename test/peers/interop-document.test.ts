// The page of interoperability is what the tests assert; `npm run interop` writes it.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { everyHop } from './hop-cases.js';
import { everySample, refusalsOfSamples } from './interop-cases.js';
import { interoperability } from './interop-document.js';

test('docs/interoperability.md is current', async () => {
  const page = join(import.meta.dirname, '..', '..', 'docs', 'interoperability.md');
  await expect(interoperability()).toMatchFileSnapshot(page);
});

test('names only samples that there are', () => {
  const spoiled = everyHop.flatMap(({ spoils }) => [
    spoils.clear?.samples ?? [],
    spoils.opaque?.samples ?? [],
  ]);
  const named = [
    ...spoiled.filter(samples => samples !== 'changed').flat(),
    ...Object.keys(refusalsOfSamples),
  ];
  const names = everySample.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(named.filter(name => !names.includes(name))).toEqual([]);
});
