// The manual pages: current, without a fault for mandoc and groff, and read there as they are written.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { helpsOf, optionsOf } from '../../packaging/manual/help.js';
import { examples } from '../../packaging/manual/ini-page.js';
import { manualPages, releaseOf } from '../../packaging/manual/pages.js';
import { page, prose, verbatim } from '../../packaging/manual/roff.js';
import { commands } from '../../src/cli/commands.js';
import { formatProblem } from '../../src/config/config.js';
import { kinds } from '../../src/config/kinds.js';
import { readConfig } from '../../src/config/read.js';
import { describeWithPeers, peer } from '../support/peers.js';

const root = new URL('../../', import.meta.url);
const pages = Object.entries(manualPages());
const commandPage = manualPages()['man/postseal.8']!;
const iniPage = manualPages()['man/postseal.ini.5']!;

test.each(pages)('%s is current', (file, text) => {
  expect(readFileSync(new URL(file, root), 'utf8'), 'write it anew: npm run generate').toBe(text);
});

test('package.json installs them', () => {
  const { man, files } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Record<
    string,
    string[]
  >;
  expect(man).toEqual(pages.map(([file]) => file));
  expect(files).toContain('man');
});

test.each(examples)('example of postseal.ini(5): $title', ({ ini }) => {
  expect(readConfig('/etc/postseal/postseal.ini', ini).problems.map(formatProblem)).toEqual([]);
});

test.each([
  ['## 1.2.3 (2025-01-31)\n', '2025-01-31'],
  ['## 1.2.4 (unreleased)\n\n## 1.2.3 (2025-01-31)\n', '2025-01-31'],
  ['## 1.2.3 (unreleased)\n\n## 1.2.2 (2025-01-31)\n', ''],
])('the date is that of the release: %j', (changelog, date) => {
  expect(releaseOf('1.2.3', changelog)).toEqual({ version: '1.2.3', date });
});

describe.each([
  ['mandoc', ['-T', 'utf8', '-O', 'width=200']],
  ['groff', ['-man', '-ww', '-T', 'utf8', '-P', '-cbou', '-rLL=200n']],
] as const)('as %s shows it', (program, args) => {
  describeWithPeers(program, [program], () => {
    const shown = (text: string): string => {
      const { stdout, stderr } = spawnSync(peer(program), args, { input: text, encoding: 'utf8' });
      expect(stderr).toBe('');
      return stdout.replace(/.\x08/gu, '').replace(/\s+/g, ' ');
    };

    test('postseal(8) has every command and option', () => {
      const text = shown(commandPage);
      for (const help of helpsOf(commands)) {
        expect(text).toContain(` postseal ${help.words} `);
        for (const { long, value } of optionsOf(help))
          expect(text).toContain(value === undefined ? `${long} ` : `${long} ${value} `);
      }
    });

    test('postseal.ini(5) has every section and key, with its default or an example', () => {
      const text = shown(iniPage);
      for (const [kind, { named, options }] of Object.entries(kinds)) {
        expect(text).toContain(named ? ` [${kind}:NAME] ` : ` [${kind}] `);
        for (const [key, { text: value, parse }] of Object.entries(options)) {
          expect(text).toContain(parse.form === undefined ? ` ${key} ` : ` ${key} = ${parse.form} `);
          const ways = ['Default:', 'Example:', 'as in'].flatMap(word => [
            `${word} ${value} `,
            `${word} ${key} = ${value} `,
          ]);
          expect(
            ways.some(way => text.includes(way)),
            key,
          ).toBe(true);
        }
      }
    });

    test('what roff would take for its own comes out as it went in', () => {
      const nasty = String.raw`.SH 'a' "b" \fB \e \\ -- ^ ~ § ` + '`…` 𝄞.';
      const text = shown(
        page(
          { name: 'x', section: 5, manual: '"M" - \'n\'', summary: nasty },
          { version: '1', date: '2025-01-31' },
          [
            [
              '.SH DESCRIPTION',
              ...prose(`${nasty} ${nasty}`, { bold: /'a'/g }),
              ...verbatim([nasty, `  ${nasty}`]),
            ],
          ],
        ),
      );
      expect(text.split(nasty).length - 1).toBe(5);
      expect(text).toContain(` "M" - 'n' `);
    });
  });
});

describeWithPeers('mandoc finds no fault', ['mandoc'], () => {
  test.each(pages)('%s', (file, text) => {
    const { stdout } = spawnSync(peer('mandoc'), ['-T', 'lint', '-W', 'warning'], {
      input: text,
      encoding: 'utf8',
    });
    // Before the release there is no date.
    const undated = /^\.TH .* "" "Postseal /m.test(text);
    const faults = stdout
      .split('\n')
      .filter(line => line !== '' && !(undated && line.includes('missing date')));
    expect(faults, file).toEqual([]);
  });
});
