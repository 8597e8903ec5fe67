// One message of the corpora in every manner: what became of it, and whether that is right.
import { execFile } from 'node:child_process';
import type { Identity } from '../../src/identity.js';
import { preview } from '../../src/mime/preview.js';
import { parseMessage } from '../support/golden-sign.js';
import { peer } from '../support/peers.js';
import { dissect, type Verifiers } from '../support/verifiers.js';
import { attempt, fromOneMailbox, manners, policyForAll, type Attempt, type Manner } from './attempt.js';
import { judge, passedUnchanged, secondOpinion } from './judge.js';

export type Result = 'signed' | 'opaque instead' | 'passed' | 'ambiguous author' | 'failed';

/** What became of a message. */
export interface Finding {
  readonly result: Result;
  /** Why it is not signed as the rule says; the faults, where it failed. */
  readonly reasons: readonly string[];
  /** Deferred, and signed when Postfix tried again. */
  readonly deferredOnce?: boolean;
  /** By NSS and GnuPG, not by OpenSSL alone. */
  readonly verifiedByAll?: boolean;
  /** Why mailsplit reads something else in it. */
  readonly disagreement?: string;
  /** What went in and came out, where it failed. */
  readonly evidence?: { readonly input: string; readonly output?: string };
}

export interface Examination {
  /** In clear form, with everything that the ini file has by default. */
  readonly asItCame: Finding;
  /** By the name of each manner, with From and policy changed so that it is signed; empty if it never is. */
  readonly inManners: Readonly<Record<string, Finding>>;
}

export class Examiner {
  /** @param root path of the PEM of the root that `identity` leads to */
  constructor(
    private readonly identity: Identity,
    private readonly root: string,
    private readonly verifiers: Verifiers,
  ) {}

  /** @param byAll whether NSS and GnuPG are to verify it too */
  async examine(message: Buffer, byAll: boolean): Promise<Examination> {
    const [clear] = manners as [Manner];
    const asItCame = await this.run(message, clear, { byAll });
    const inManners: Record<string, Finding> = {};
    if (asItCame.result === 'failed' || neverSigned(asItCame)) return { asItCame, inManners };
    const signable = asItCame.result === 'ambiguous author' ? fromOneMailbox(message) : message;
    for (const manner of manners)
      inManners[manner.name] = await this.run(signable, manner, { byAll, leaveUnsigned: [] });
    return { asItCame, inManners };
  }

  private async run(
    input: Buffer,
    manner: Manner,
    { byAll, leaveUnsigned }: { byAll: boolean; leaveUnsigned?: readonly [] },
  ): Promise<Finding> {
    const policy = { ...policyForAll(this.identity, manner), ...(leaveUnsigned && { leaveUnsigned }) };
    const made = await attempt([input], policy);
    switch (made.action) {
      case 'refused':
        return made.reply.includes('From does not name exactly one mailbox')
          ? { result: 'ambiguous author', reasons: [made.reply] }
          : failed([`${made.reply} | ${made.journal}`], input);
      case 'passed':
        return passedUnchanged(input, made.content)
          ? { result: 'passed', reasons: [made.reason] }
          : failed(['passed, but not as it came'], input, made.content);
      case 'signed':
        return this.signed(input, made, manner, byAll);
    }
  }

  private async signed(
    input: Buffer,
    { content, attempts, deferral }: Extract<Attempt, { action: 'signed' }>,
    manner: Manner,
    byAll: boolean,
  ): Promise<Finding> {
    const opinion = await secondOpinion(input, content);
    const faults = [
      ...judge(input, content, manner.headerProtection),
      ...opinion.faults,
      ...(await this.verify(content, byAll)),
    ];
    const insteadOfClear = manner.form === 'clear' && dissect(content).form === 'opaque';
    const why = insteadOfClear ? (deferral ?? whyOpaque(input, manner)) : undefined;
    if (insteadOfClear && why === undefined) faults.push('opaque for no reason that is known');
    if (faults.length > 0) return failed(faults, input, content);
    return {
      result: insteadOfClear ? 'opaque instead' : 'signed',
      reasons: why === undefined ? [] : [why],
      deferredOnce: attempts > 1,
      verifiedByAll: byAll,
      ...(opinion.disagreement !== undefined && { disagreement: opinion.disagreement }),
    };
  }

  private async verify(message: Buffer, byAll: boolean): Promise<string[]> {
    if (byAll) {
      const verdict = await this.verifiers.verify(message);
      return verdict === 'good' ? [] : [verdict];
    }
    const { status, content, words } = await openssl(message, this.root);
    if (status !== 0) return [`OpenSSL: ${words}`];
    return content.equals(dissect(message).entity) ? [] : ['OpenSSL has verified something else'];
  }
}

function failed(reasons: readonly string[], input: Buffer, output?: Buffer): Finding {
  const evidence = {
    input: input.toString('latin1'),
    ...(output && { output: output.toString('latin1') }),
  };
  return { result: 'failed', reasons, evidence };
}

function neverSigned({ result, reasons: [reason = ''] }: Finding): boolean {
  return result === 'passed' && !/^(?:calendar invitation|winmail\.dat)$/.test(reason);
}

function whyOpaque(input: Buffer, { headerProtection }: Manner): string | undefined {
  const { fields, body } = parseMessage(input);
  const { unsignable, unprotectable } = preview(fields, body, true);
  return unsignable ?? (headerProtection ? unprotectable : undefined);
}

/** The whole message, as a mail program would hand it over. */
function openssl(message: Buffer, root: string): Promise<{ status: number; content: Buffer; words: string }> {
  const args = ['cms', '-verify', '-CAfile', root, '-purpose', 'smimesign'];
  return new Promise(resolve => {
    const options = { encoding: 'buffer', maxBuffer: 1 << 28 } as const;
    const child = execFile(peer('openssl'), args, options, (error, content, words) => {
      resolve({ status: error ? 1 : 0, content, words: words.toString('latin1') });
    });
    // One that refuses early does not read to the end.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(message);
  });
}
