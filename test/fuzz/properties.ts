// What must hold for every message, as properties for fast-check: each generates messages of another kind.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { fromOneMailbox } from '../corpora/attempt.js';
import { cacheDirectory, cached } from '../corpora/fetch.js';
import { differences, readLeniently, secondOpinion, withoutEmptyLine } from '../corpora/judge.js';
import { readMessages } from '../corpora/messages.js';
import { goldenDirectory } from '../support/golden-filter.js';
import { tree } from '../support/golden-trees.js';
import { dissect } from '../support/verifiers.js';
import { anyCase, Counterexample, type Checker } from './cases.js';
import { edge } from './edges.js';
import { mutated } from './mutate.js';

export interface Property {
  readonly name: string;
  /** What it generates. */
  readonly title: string;
  /** What has to be done first, where there is nothing to generate from. */
  readonly lacks?: () => string | undefined;
  readonly create: (checker: Checker) => fc.IAsyncProperty<unknown>;
}

export const properties: readonly Property[] = [
  { name: 'trees', title: 'generated MIME trees', create: trees },
  { name: 'edges', title: 'messages as long as the look-ahead', create: edges },
  {
    name: 'golden',
    title: 'mutated golden messages',
    create: checker => mutations(checker, golden()),
  },
  {
    name: 'real',
    title: 'mutated real messages',
    lacks: () => (cached(cacheDirectory).length > 0 ? undefined : 'npm run corpora fetches them'),
    create: checker => mutations(checker, real()),
  },
];

/** What they mean is known: the reader must find just that again, and protected parts unchanged. */
function trees(checker: Checker): fc.IAsyncProperty<unknown> {
  return fc.asyncProperty(tree, anyCase, async ({ header, body, nodes, frozen }, how) => {
    const top = ['From: anna@example.com', ...header, ''];
    const input = Buffer.concat([Buffer.from(top.map(l => `${l}\r\n`).join('')), body]);
    const output = await checker.check(input, how);
    if (!output) throw new Counterexample(['not signed'], input);
    const { entity } = dissect(output);
    const faults = [
      ...differences('content for mailsplit', nodes.map(withoutEmptyLine), await readLeniently(entity)),
      ...(frozen.every(octets => entity.includes(octets)) ? [] : ['a protected part has changed']),
    ];
    if (faults.length > 0) throw new Counterexample(faults, input, output);
  });
}

function edges(checker: Checker): fc.IAsyncProperty<unknown> {
  return fc.asyncProperty(edge, anyCase, async (input, how) => {
    const output = await checker.check(input, how);
    const faults = output ? (await secondOpinion(input, output)).faults : [];
    if (faults.length > 0) throw new Counterexample(faults, input, output);
  });
}

/** Nobody can say what they mean: before and after is compared as our own walker reads it. */
function mutations(checker: Checker, originals: readonly Buffer[]): fc.IAsyncProperty<unknown> {
  // Most with one author, or most of the work would end at that.
  const author = fc.nat(7).map(n => n > 0);
  return fc.asyncProperty(mutated(originals), author, anyCase, async (message, named, how) => {
    await checker.check(named ? fromOneMailbox(message) : message, how);
  });
}

function golden(): Buffer[] {
  return readdirSync(goldenDirectory)
    .filter(name => name.endsWith('.eml'))
    .map(name => readFileSync(join(goldenDirectory, name)))
    .filter(message => message.length > 200 && message.length < 5000);
}

function real(): Buffer[] {
  return [...readMessages(cached(cacheDirectory))].map(m => m.bytes).filter(bytes => bytes.length < 30_000);
}
