// What our own verifier and OpenSSL say of a message that was just signed.
import { execFile, type ExecFileException } from 'node:child_process';
import type { X509Certificate } from 'node:crypto';
import { addressesOf } from '../certs/certificate.js';
import type { SignDecision } from '../decision.js';
import type { Report } from '../verify/report.js';
import { verify } from '../verify/verify.js';

/** `warning`: good, but for what was not asked or is allowed; `none`: it has no opinion. */
export interface Opinion {
  readonly result: 'good' | 'warning' | 'bad' | 'none';
  readonly text: string;
}

export interface Opinions {
  readonly postseal: Opinion;
  readonly openssl: Opinion;
}

export interface Trust {
  readonly roots: readonly X509Certificate[];
  /** The file that they are from; undefined for those of the system, which need not know the administrator's. */
  readonly file: string | undefined;
}

/** @param mayDiffer whether the rule signs with a certificate that does not name From */
export async function opinionsOf(
  message: Buffer,
  { identity }: SignDecision,
  { roots, file }: Trust,
  mayDiffer: boolean,
): Promise<Opinions> {
  const report = verify(message, { trusted: roots, now: new Date(), addressesOf });
  // Nor does any release up to 3.6 (its issue 32248): what it says of them says nothing of the message.
  const openssl: Opinion =
    identity.keyType === 'ed25519'
      ? { result: 'none', text: 'not asked, it does not verify Ed25519 signatures' }
      : await askOpenssl(message, file, report.signed);
  return { postseal: judge(report, file !== undefined, mayDiffer), openssl };
}

/** The verdict, but for what may be: a root that the system does not know, and a sender whom the rule allows. */
function judge({ verdict, checks, signers }: Report, rootsGiven: boolean, mayDiffer: boolean): Opinion {
  if (!['good', 'not trusted', 'wrong sender'].includes(verdict.outcome))
    return { result: 'bad', text: verdict.text };
  const all = [...checks, ...signers.flatMap(signer => signer.checks)];
  const fault = (aspect: 'signer' | 'sender'): string | undefined =>
    all.find(check => check.aspect === aspect && check.result === 'bad')?.text;
  const signer = fault('signer');
  const sender = fault('sender');
  const bad = (signer !== undefined && rootsGiven) || (sender !== undefined && !mayDiffer);
  const allowed = mayDiffer ? ', which the rule allows' : '';
  const text = [
    'signature: good',
    `signer: ${signer === undefined ? 'trusted' : `not trusted (${signer})`}`,
    `From: ${sender === undefined ? 'named by the certificate' : `not the signer (${sender})${allowed}`}`,
  ].join('; ');
  if (bad) return { result: 'bad', text };
  return { result: signer === undefined && sender === undefined ? 'good' : 'warning', text };
}

/** In milliseconds. */
const opensslTimeout = 20_000;

/** @param signed what it has to recover */
async function askOpenssl(
  message: Buffer,
  roots: string | undefined,
  signed: Buffer | undefined,
): Promise<Opinion> {
  const trust = roots === undefined ? ['-noverify'] : ['-CAfile', roots];
  const { error, stdout, stderr } = await openssl(['cms', '-verify', ...trust], message);
  if (error?.code === 'ENOENT') return { result: 'none', text: 'not installed, not asked' };
  if (error && typeof error.code !== 'number')
    return { result: 'none', text: error.killed ? 'no answer in time' : `not asked, ${error.message}` };
  if (error) return { result: 'bad', text: reasonIn(stderr) };
  if (!signed || !stdout.equals(signed))
    return { result: 'bad', text: 'good, but what it recovers is not what was signed' };
  const unasked = roots === undefined ? '; the chain was not asked for: name your root with --ca FILE' : '';
  return { result: 'good', text: `good${unasked}` };
}

function openssl(
  args: readonly string[],
  input: Buffer,
): Promise<{ error: ExecFileException | null; stdout: Buffer; stderr: string }> {
  return new Promise(resolve => {
    const options = { encoding: 'buffer', timeout: opensslTimeout, maxBuffer: 1 << 24 } as const;
    const child = execFile('openssl', args, options, (error, stdout, stderr) => {
      resolve({ error, stdout, stderr: stderr.toString() });
    });
    // It may end before it has read everything.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** `8057D1…:error:17000064:CMS routines:cms_signerinfo_verify_cert:certificate verify error:….c:328:Verify error: …` */
function reasonIn(words: string): string {
  const lines = words.trim().split('\n');
  const [, , , , , reason, , , ...detail] = lines.find(l => l.includes(':error:'))?.split(':') ?? [];
  return [reason ?? lines.at(-1) ?? '', detail.join(':')].filter(text => text !== '').join(', ');
}
