// The change of the ini file that all commands of `postseal cert` make: what it leaves when something comes between.
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { changeIni, type Change } from '../../src/cli/cert/ini.js';
import { House } from './cert-house.js';

const parent = mkdtempSync(join(tmpdir(), 'postseal-ini-'));
afterAll(() => {
  rmSync(parent, { recursive: true });
});
const nobody = 65534;

/** Makes a file and adds a line. @param meanwhile before the line counts */
function change(house: House, meanwhile: () => void): Promise<unknown> {
  return changeIni(house.ini, async ({ text, made, commit }: Change) => {
    writeFileSync(house.path('made'), '');
    made(house.path('made'));
    meanwhile();
    await commit(Buffer.concat([text, Buffer.from('; ours\n')]), () => false);
  });
}

test('a change by somebody else meanwhile is not lost', async () => {
  const house = new House(parent, '; first\n');
  await expect(
    change(house, () => {
      appendFileSync(house.ini, '; theirs\n');
    }),
  ).rejects.toMatchObject({
    exitCode: 75,
    message: `${house.ini} was changed meanwhile, and nothing was stored; try again`,
  });
  expect(house.text).toBe('; first\n; theirs\n');
  expect(readdirSync(house.directory)).toEqual(['postseal.ini']);
});

test.runIf(process.getuid?.() === 0)(
  'what it leads to stays once it counts, though its directory cannot be synced',
  async () => {
    const house = new House(parent, '; first\n');
    for (const path of [parent, house.directory, house.ini]) chownSync(path, nobody, 0);
    chmodSync(house.directory, 0o300); // to be written, not to be opened
    process.seteuid!(nobody);
    await change(house, () => undefined).finally(() => {
      process.seteuid!(0);
    });
    expect(house.text).toBe('; first\n; ours\n');
    expect(existsSync(house.path('made'))).toBe(true);
  },
);
