// What a case is to come to stands in a file beside it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

/**
 * Compares with `PATH.want`. Where it differs, `PATH.got` is written: that of a new case becomes its .want once
 * somebody has read it.
 */
export function expectWanted(path: string, got: string): void {
  const want = existsSync(`${path}.want`) ? readFileSync(`${path}.want`, 'utf8') : '';
  if (got === want && want !== '') rmSync(`${path}.got`, { force: true });
  else writeFileSync(`${path}.got`, got);
  expect(got).toBe(want);
  expect(want, 'a case that comes to nothing is none').not.toBe('');
}
