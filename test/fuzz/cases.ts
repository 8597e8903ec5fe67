// One case of fuzzing: a message through the filter, in one manner, in several cuts; and all that must hold then.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity.js';
import {
  attempt,
  loadIdentity,
  manners,
  policyForAll,
  type Attempt,
  type Manner,
} from '../corpora/attempt.js';
import { judge, passedUnchanged } from '../corpora/judge.js';
import { chunks, unevenChunks } from '../support/golden-chunks.js';
import { frame, parseMessage } from '../support/golden-sign.js';
import { makePki, openssl, type KeyKind } from '../support/pki.js';
import { dissect } from '../support/verifiers.js';
import { cmsFaults } from './cms.js';

const keyKinds = ['rsa2048', 'rsa-pss', 'p256', 'p384', 'p521', 'ed25519'] as const satisfies KeyKind[];

export interface Case {
  readonly manner: Manner;
  readonly key: (typeof keyKinds)[number];
  /** Sizes of the pieces, over and over. */
  readonly cut: readonly number[];
}

/** Manner, key and cut; RSA is what most have, and its signature is the same each time. */
export const anyCase: fc.Arbitrary<Case> = fc.record({
  manner: fc.constantFrom(...manners),
  key: fc.oneof(
    { weight: 9, arbitrary: fc.constant('rsa2048' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...keyKinds) },
  ),
  cut: fc.array(fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 70_000 })), {
    minLength: 1,
    maxLength: 8,
  }),
});

/** Something that must hold and did not, with the message that shows it. */
export class Counterexample extends Error {
  constructor(
    readonly faults: readonly string[],
    readonly input: Buffer,
    readonly output?: Buffer,
  ) {
    super(faults.join('\n'));
  }
}

/** How often what became of the cases. */
export interface Tally {
  cases: number;
  signed: number;
  opaqueInstead: number;
  passed: number;
  refused: number;
  verified: number;
}

export const nothing: Readonly<Tally> = {
  cases: 0,
  signed: 0,
  opaqueInstead: 0,
  passed: 0,
  refused: 0,
  verified: 0,
};

/** One case may take so many milliseconds; they are small. */
const patience = 20_000;
/** Every so many signed messages one is for OpenSSL. */
const sample = 60;

export class Checker {
  readonly tally: Tally = { ...nothing };
  private readonly now = new Date();

  private constructor(
    private readonly directory: string,
    private readonly root: string,
    private readonly identities: ReadonlyMap<KeyKind, Identity>,
    private readonly begins: (tally: Tally) => void,
  ) {}

  /** With a key of each kind; about a second. @param begins is told of each case before anything can hang */
  static async create(begins: (tally: Tally) => void = () => undefined): Promise<Checker> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-fuzz-'));
    const pki = makePki(directory);
    const identities = new Map<KeyKind, Identity>();
    for (const key of keyKinds) {
      const { pem } = pki.issue({ name: key, addresses: ['anna@example.com'], key });
      identities.set(key, await loadIdentity(key, pem));
    }
    return new Checker(directory, pki.root.certificate, identities, begins);
  }

  /**
   * @returns the signed message, or undefined where it is none, for a reason that is all right
   * @throws Counterexample
   */
  async check(input: Buffer, how: Case): Promise<Buffer | undefined> {
    this.begins(this.tally);
    this.tally.cases++;
    const begun = performance.now();
    const { faults, output } = await this.findings(input, how).catch((error: unknown) => ({
      faults: [error instanceof Error ? error.stack! : String(error)],
      output: undefined,
    }));
    if (performance.now() - begun > patience) faults.push('it took too long');
    if (faults.length > 0) throw new Counterexample(faults, input, output);
    return output;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async findings(
    input: Buffer,
    { manner, key, cut }: Case,
  ): Promise<{ faults: string[]; output?: Buffer }> {
    const { tally } = this;
    const policy = policyForAll(this.identities.get(key)!, manner);
    const made = await attempt([input], policy, this.now);
    const pieces = unevenChunks(input, cut);
    const again = await attempt(pieces, policy, this.now);
    const faults = same(made, again, key) ? [] : [`another result in ${pieces.length} pieces`];
    switch (made.action) {
      case 'refused':
        tally.refused++;
        if (!mayRefuse.test(made.reply)) faults.push(`${made.reply} | ${made.journal}`);
        return { faults };
      case 'passed':
        tally.passed++;
        if (!passedUnchanged(input, made.content)) faults.push('passed, but not as it came');
        return { faults };
      case 'signed': {
        const output = made.content;
        if (manner.form === 'clear' && dissect(output).form === 'opaque') tally.opaqueInstead++;
        faults.push(...cmsFaults(output));
        faults.push(...judge(input, output, manner.headerProtection));
        faults.push(...cutFaults(input, output, manner, cut));
        if (tally.signed++ % sample === 0) faults.push(...this.verify(output));
        return { faults, output };
      }
    }
  }

  private verify(message: Buffer): string[] {
    this.tally.verified++;
    try {
      const content = openssl(['cms', '-verify', '-CAfile', this.root], aboutContent(message));
      return content.equals(dissect(message).entity) ? [] : ['OpenSSL has verified something else'];
    } catch (error) {
      // OpenSSL 3.2 is the first that knows Ed25519 in CMS.
      return String(error).includes('eddsa_digest_signverify_init') ? [] : [String(error)];
    }
  }
}

/** The message without the fields that OpenSSL does not look at: it cannot read them with lines over 1 KB. */
function aboutContent(message: Buffer): Buffer {
  const { fields, body } = parseMessage(message);
  const needed = fields.filter(({ name }) => name === 'mime-version' || name.startsWith('content-'));
  return Buffer.concat([...needed.map(f => f.raw), Buffer.from('\r\n'), body]);
}

/** Replies that are policy: nobody or several in From, a header over the limit, a loop. */
const mayRefuse = /^(?:451 4\.7\.5 From does not name|451 4\.3\.4 |554 5\.4\.6 )/;

/** The filter gathers the beginning of a body; here every part of the machinery gets the pieces as they are. */
function cutFaults(
  input: Buffer,
  output: Buffer,
  { headerProtection }: Manner,
  cut: readonly number[],
): string[] {
  const { fields, body } = parseMessage(input);
  const { form, entity } = dissect(output);
  const cuts = [[body], unevenChunks(body, cut), ...(body.length < 6000 ? [chunks(body, 1)] : [])];
  return cuts
    .filter(pieces => !frame(fields, pieces, { form, headerProtection }).entity.equals(entity))
    .map(pieces => `another entity in ${pieces.length} pieces`);
}

/** Which of several troubles is named may depend on the pieces; what becomes of the message may not. */
function same(one: Attempt, other: Attempt, key: KeyKind): boolean {
  if (one.action !== other.action) return false;
  if (one.action === 'refused' || other.action === 'refused') return true;
  if (one.action === 'signed' && other.action === 'signed' && one.attempts !== other.attempts) return false;
  // Only PKCS#1 v1.5 signs the same twice: of the others, what is signed is compared.
  const compared = ({ content }: { content: Buffer }): Buffer =>
    one.action === 'signed' && key !== 'rsa2048' ? dissect(content).entity : content;
  return compared(one).equals(compared(other));
}
