// docs/performance.md and docs/reliability.md are what the script makes of the figures that are kept; and the parts that reports are made of.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Data, merged, readData, type Run } from './report/data.js';
import { performance } from './report/performance.js';
import { plot } from './report/plot.js';
import { keys, reliability } from './report/reliability.js';
import { table } from './report/table.js';

const docs = join(import.meta.dirname, '..', 'docs');

describe('docs/performance.md', () => {
  const { document, plots } = performance(
    readData(join(import.meta.dirname, 'report', 'data', 'performance')),
  );

  test('is current: npm run report -- performance', () => {
    expect(readFileSync(join(docs, 'performance.md'), 'utf8')).toBe(document);
    for (const [name, svg] of Object.entries(plots))
      expect(readFileSync(join(docs, 'plots', name), 'utf8'), name).toBe(svg);
  });

  test('has a value in each place', () => {
    expect(document).not.toMatch(/undefined|NaN|Infinity|\[object/);
  });
});

describe('docs/reliability.md', () => {
  const data = readData(join(import.meta.dirname, 'report', 'data', 'reliability'));
  const { document, plots } = reliability(data);

  test('is current: npm run report -- reliability', () => {
    expect(readFileSync(join(docs, 'reliability.md'), 'utf8')).toBe(document);
    for (const [name, svg] of Object.entries(plots))
      expect(readFileSync(join(docs, 'plots', name), 'utf8'), name).toBe(svg);
  });

  test('has a value in each place', () => {
    expect(document).not.toMatch(/undefined|NaN|Infinity|\[object|[^`]``[^`]/);
    for (const [, name] of document.matchAll(/\]\(plots\/(.*?)\)/g))
      expect(Object.keys(plots)).toContain(name);
  });

  test.each([
    ['a message that was lost', 'kill', { lost: 1 }, '**Lost: 1.**'],
    ['one that was half', 'kill', { half: 1 }, 'should be signed: 1.**'],
    ['one that was unsigned', 'clock', { unsigned: 2 }, 'should be signed: 2.**'],
    ['one that came twice without a lost reply', 'kill', { repliesLost: 0 }, '**Twice: not only'],
    ['one that did not arrive', 'return-port', { arrived: 0, good: 0, status: 'deferred' }, '**Lost: 1.**'],
  ])('does not hide %s', (_, name, values, words) => {
    const [first, ...others] = data[name]!;
    const changed = reliability({ ...data, [name]: [{ ...first!, ...values }, ...others] }).document;
    expect(changed).toContain(words);
    expect(changed).not.toBe(document);
  });

  test('what is recorded anew takes the place of what there was, file by file', () => {
    const machine = data['machine']![0] as Run;
    const run = (day: number, commit: string): Run => ({ ...machine, at: `2026-01-0${day}T00:00`, commit });
    const line = (day: number, served: number): object => ({ at: `2026-01-0${day}T12:00`, max: 1, served });
    const anew = { connections: [line(1, 1), line(2, 2)], machine: [run(1, 'abc'), run(2, 'def')] } as Data;
    const next = merged(data, anew, keys);
    expect(next['connections']).toEqual([{ ...line(2, 2), commit: 'def' }]);
    expect(next['kill']).toEqual(data['kill']);
    expect(next['machine']).toEqual([...data['machine']!, run(2, 'def')]);
  });
});

test('a table has its columns aligned, those of numbers to the right', () => {
  expect(
    table(
      ['a', 'b'],
      [
        ['x|y', '1,000'],
        ['z', 2],
      ],
    ),
  ).toBe('| a    |     b |\n|------|------:|\n| x\\|y | 1,000 |\n| z    |     2 |');
});

describe('a plot', () => {
  const points = [[1, 10] as const, [1000, 1000] as const];

  test.each([
    ['linear', '66.5,323.2 580,42', ['0', '200', '1,000']],
    ['log', '66,326 580,42', ['1', '10', '100', '1,000']],
  ] as const)('%s', (scale, line, ticks) => {
    const axis = { title: 'x', scale };
    const svg = plot({ title: 'A < B', x: axis, y: axis, series: [{ name: 's', points }] });
    expect(svg).toContain(`points="${line}"`);
    for (const tick of ticks) expect(svg).toContain(`class="middle">${tick}<`);
    expect(svg).toContain('A &lt; B');
    expect(svg).toContain('prefers-color-scheme:dark');
  });
});
