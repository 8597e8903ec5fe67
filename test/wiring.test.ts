// Wrong wirings: NN-name/ with the lines that are wrong, and doctor.want, which a person gets to read. What doctor prints as the
// mend makes its findings go away.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWords } from '../src/cli/doctor.js';
import { apply } from '../src/cli/postconf.js';
import { missingEdits, usualServices } from '../src/wiring/changes.js';
import type { Edit } from '../src/wiring/edit.js';
import type { Finding, Mend } from '../src/wiring/finding.js';
import { describeWithPeers } from './support/peers.js';
import { expectWanted } from './support/want.js';
import { calm, circumstancesOf, diagnose, placeWiring, type PlacedWiring } from './support/wirings.js';

const root = join(import.meta.dirname, 'wiring');
const cases = readdirSync(root).filter(name => /^\d\d-/.test(name));

function isEdit(mend: Mend): mend is Edit {
  return mend.kind === 'main' || mend.kind === 'option' || mend.kind === 'service';
}

/** What `postseal wire` would still do. */
async function left(placed: PlacedWiring): Promise<Edit[]> {
  const circumstances = await circumstancesOf(placed);
  return missingEdits(circumstances, usualServices(circumstances));
}

function told({ subject, text }: Finding): string {
  return `${subject}: ${text}`;
}

describeWithPeers('wirings', ['postfix'], () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-wirings-'));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test.concurrent.each(cases)('%s', async name => {
    const placed = placeWiring(name, join(directory, name));
    const findings = await diagnose(placed);
    const got = inWords(findings, undefined).replaceAll(join(root, name), '/etc/postfix');
    expectWanted(join(root, name, 'doctor'), got);
    expect(got.startsWith('Nothing is wrong'), 'only right wirings are').toBe(name.includes('-right'));

    if (name.includes('-right')) {
      expect(await left(placed), 'nor does wire do anything').toEqual([]);
      return;
    }
    const mendable = findings.filter(({ mend }) => mend.some(isEdit));
    await apply(
      placed.postfix,
      mendable.flatMap(({ mend }) => mend.filter(isEdit)),
    );
    calm(placed.postfix);
    const after = (await diagnose(placed)).map(told);
    for (const finding of mendable) expect(after).not.toContain(told(finding));

    await apply(placed.postfix, await left(placed));
    calm(placed.postfix);
    expect(await left(placed), 'wire has done all that it does').toEqual([]);
  });
});
