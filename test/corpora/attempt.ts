// One message through the filter, as Postfix would hand it over: again where the first attempt defers it.
import { digests } from '../../src/algorithms.js';
import { loadCertificate, nodeIo } from '../../src/certs/load.js';
import type { Form } from '../../src/decision.js';
import type { Identity } from '../../src/identity.js';
import { Outcomes } from '../../src/outcomes.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Policy } from '../../src/rules/policy.js';
import { envelope, policyFor, ruleFor, runFilter } from '../support/golden-filter.js';
import { parseMessage } from '../support/golden-sign.js';

/** How a rule wants messages signed. */
export interface Manner {
  readonly name: string;
  readonly form: Form;
  readonly headerProtection: boolean;
}

export const manners: readonly Manner[] = [
  { name: 'clear', form: 'clear', headerProtection: false },
  { name: 'clear, header protected', form: 'clear', headerProtection: true },
  { name: 'opaque', form: 'opaque', headerProtection: false },
  { name: 'opaque, header protected', form: 'opaque', headerProtection: true },
];

/** @param file PEM of a key and its certificate */
export async function loadIdentity(name: string, file: string): Promise<Identity> {
  const loaded = await loadCertificate({ name, file, password: { kind: 'none' } }, nodeIo);
  if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
  return loaded.identity;
}

/** A rule that signs for everybody, whoever sends: the messages are those of strangers. */
export function policyForAll(identity: Identity, { form, headerProtection }: Manner): Policy {
  const rule = ruleFor(identity, {
    senders: parsePatterns('*'),
    envelopeSender: 'any',
    mismatch: 'allow',
    digest: digests.sha256,
    form,
    headerProtection,
  });
  // All fields have to come out again.
  return { ...policyFor(identity), rules: [rule], requestHeader: undefined };
}

export type Attempt =
  | {
      readonly action: 'signed';
      readonly content: Buffer;
      readonly attempts: number;
      readonly deferral?: string;
    }
  | { readonly action: 'passed'; readonly content: Buffer; readonly reason: string }
  | { readonly action: 'refused'; readonly reply: string; readonly journal: string };

export async function attempt(pieces: readonly Buffer[], policy: Policy, now = new Date()): Promise<Attempt> {
  const outcomes = new Outcomes();
  let deferral: string | undefined;
  for (let attempts = 1; ; attempts++) {
    const given = envelope('anna@example.com', ['bob@example.org']);
    const { reply, deliveries, journal } = await runFilter(pieces, given, {
      policy,
      outcomes,
      clock: () => now,
    });
    const said = `${reply.code} ${reply.text}`;
    if (reply.code !== 250) {
      // Found further on than the decision looks: Postfix tries again, and the decision knows (R15).
      if (attempts > 1 || !said.startsWith('451 4.6.3 '))
        return { action: 'refused', reply: said, journal: journal.join('\n') };
      deferral = said;
      continue;
    }
    const { content } = deliveries.find(d => d.state === 'finished')!;
    const reason = /: from=<.*>, unsigned.* \((.*)\) to=</.exec(journal.join('\n'))?.[1];
    if (reason !== undefined) return { action: 'passed', content, reason };
    return { action: 'signed', content, attempts, ...(deferral !== undefined && { deferral }) };
  }
}

/** The message as written by one mailbox, whoever else From names. */
export function fromOneMailbox(message: Buffer): Buffer {
  const { fields, body } = parseMessage(message);
  const others = fields.filter(f => f.name !== 'from').map(f => f.raw);
  const from = Buffer.from('From: anna@example.com\r\n');
  return Buffer.concat([from, ...others, Buffer.from('\r\n'), body]);
}
