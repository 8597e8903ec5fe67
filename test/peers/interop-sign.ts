// Signs samples as the service would, but in memory: through `filter()`, with keys of every kind.
import { randomBytes } from 'node:crypto';
import { digests, type DigestName } from '../../src/algorithms.js';
import { loadCertificate, nodeIo } from '../../src/certs/load.js';
import type { Form } from '../../src/decision.js';
import type { Identity } from '../../src/identity.js';
import { envelope, policyFor, ruleFor, runFilter } from '../support/golden-filter.js';
import { openssl, type Pki } from '../support/pki.js';
import { canonical } from '../support/verifiers.js';
import type { Algorithm, Scheme } from './interop-cases.js';
import { compose, type Sample } from './messages.js';

const from = 'anna@example.com';
const to = 'kim@example.net';

export interface SignOptions {
  readonly algorithm: Algorithm;
  readonly form: Form;
  readonly headerProtection: boolean;
}

/** Signs for anna@example.com, with one certificate for each scheme. */
export class Signer {
  private readonly identities = new Map<Scheme, Promise<Identity>>();

  constructor(private readonly pki: Pki) {}

  /** @returns the message as the return port would get it; throws with the journal if it was not signed */
  async sign(sample: Sample, { algorithm, form, headerProtection }: SignOptions): Promise<Buffer> {
    const { scheme, digest } = algorithm;
    const identity = await this.identity(scheme);
    const rule = ruleFor(identity, {
      digest: digests[digest],
      signature: scheme.signature ?? 'auto',
      form,
      headerProtection,
    });
    const { reply, deliveries, journal } = await runFilter(
      [canonical(compose(sample, { from, to, id: `${randomBytes(8).toString('hex')}@example.com` }))],
      envelope(from, [to]),
      {
        policy: { ...policyFor(identity), rules: [rule], leaveUnsigned: [] },
        clock: () => new Date(),
        random: randomBytes,
      },
    );
    if (reply.code !== 250) throw new Error(`${sample.name}: ${journal.join('\n')}`);
    return deliveries[0]!.content;
  }

  private identity(scheme: Scheme): Promise<Identity> {
    const found = this.identities.get(scheme) ?? this.load(scheme);
    this.identities.set(scheme, found);
    return found;
  }

  private async load({ key, restrictedTo }: Scheme): Promise<Identity> {
    const kind = restrictedTo ? { keyText: restrictedKey(restrictedTo) } : { key };
    const { pem } = this.pki.issue({ name: `anna-${key}`, addresses: [from], ...kind });
    const loaded = await loadCertificate({ name: key, file: pem, password: { kind: 'none' } }, nodeIo);
    if ('problems' in loaded) throw new Error(loaded.problems.map(p => p.message).join('\n'));
    return loaded.identity;
  }
}

/** PEM of a PSS key with parameters of its own. */
function restrictedKey(digest: DigestName): string {
  const options = [
    'rsa_keygen_bits:2048',
    `rsa_pss_keygen_md:${digest}`,
    `rsa_pss_keygen_mgf1_md:${digest}`,
    `rsa_pss_keygen_saltlen:${digests[digest].octets}`,
  ];
  return openssl(['genpkey', '-algorithm', 'RSA-PSS', ...options.flatMap(o => ['-pkeyopt', o])]).toString();
}
