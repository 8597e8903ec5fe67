// The contents of the files of one certificate → an Identity: which is the leaf, may it sign, is its chain whole.
import { sign, verify, type KeyObject, type SignKeyObjectInput, type X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Address } from '../address.js';
import { validity, type Identity } from '../identity.js';
import { day } from '../printable.js';
import { isSelfSigned } from '../x509.js';
import { limited } from './bounded.js';
import { mailboxesOf, readFacts, title, type Facts } from './certificate.js';
import { buildChain } from './chain.js';
import { Fault, type CertificateProblem, type OptionKey } from './fault.js';
import { keyKind, type FitKey } from './keys.js';
import type { Contents } from './material.js';

/** The files of one certificate; key and chain where they are apart. */
export interface Parts {
  readonly file: Contents;
  readonly key?: Contents | undefined;
  readonly chain?: Contents | undefined;
  /** Authorities of other files, for a chain that has gaps. */
  readonly pool?: readonly X509Certificate[];
}

type Made =
  | { readonly identity: Identity; readonly warnings: readonly CertificateProblem[] }
  | { readonly problems: readonly CertificateProblem[] };

interface Candidate {
  readonly key: KeyObject;
  readonly x509: X509Certificate;
  readonly facts: Facts;
}

// Of the four threads that sign for this process (libuv's) one stays free for mail.
const runSign = limited(3, promisify<string | undefined, Buffer, SignKeyObjectInput, Buffer>(sign));

/** Puts an identity together and checks it (R7 to R9). */
export async function makeIdentity(name: string, parts: Parts, now: Date): Promise<Made> {
  const { file } = parts;
  const holder = parts.key ?? file;
  const option = parts.key ? 'key' : 'file';
  const certificates = [file, parts.key, parts.chain].flatMap(part => part?.certificates ?? []);
  const missing = findMissing(parts);
  if (missing.length > 0) return unusable(missing, mailboxesOf(certificates));
  const problem = (message: string, path = file.path, key: OptionKey = 'file'): Made =>
    unusable([{ key, message: `${path}: ${message}` }], mailboxesOf(certificates));
  const keys = distinct(holder.keys);
  let found: Candidate[];
  try {
    found = keys.flatMap(key => candidates(key, certificates));
  } catch (error) {
    if (error instanceof Fault) return problem(error.message);
    throw error;
  }
  if (found.length === 0) {
    const titles = certificates.slice(0, 3).map(c => `"${title(c)}"`);
    const whose = `${titles.join(', ')}${certificates.length > 3 ? ', …' : ''}`;
    return problem(
      `the private key does not belong to ${whose}; use the key it was requested with`,
      holder.path,
      option,
    );
  }
  const fit = found.filter(candidate => candidate.facts.unfit.length === 0);
  if (fit.length === 0) {
    const told = found.flatMap(({ x509, facts }) =>
      facts.unfit.map(why => `"${title(x509)}" cannot sign mail: ${why}`),
    );
    return unusable(
      told.map(message => ({ key: 'file', message: `${file.path}: ${message}` })),
      found.flatMap(({ facts }) => facts.addresses),
    );
  }
  const several = new Set(fit.map(({ key }) => key)).size > 1;
  if (several && new Set(fit.map(({ facts }) => namesOf(facts))).size > 1) {
    const titles = fit.map(candidate => `"${title(candidate.x509)}"`).join(', ');
    return problem(
      `several keys that can sign for different mailboxes (${titles}); give each key a file of its own`,
    );
  }
  // A renewal may lie beside the old certificate, with the same key or a new one: of those valid now what lasts longest.
  const rank = ({ facts }: Candidate): number =>
    (facts.notBefore <= now && now <= facts.notAfter ? 1e15 : 0) + facts.notAfter.getTime();
  const leaf = fit.reduce((a, b) => (rank(b) > rank(a) ? b : a));
  // The certificate's key, not the private one: what restricts it there is what verifiers see (RFC 4055 §3.1).
  const kind = keyKind(leaf.x509.publicKey);
  if (kind.unfit !== undefined) throw new Error('a key that is unfit after all');
  if (!(await signs(leaf, kind))) {
    return problem('the private key is damaged: what it signs does not verify', holder.path, option);
  }
  return finish(name, parts, { ...leaf, kind }, certificates, now);
}

function unusable(problems: readonly CertificateProblem[], mailboxes: readonly Address[] | undefined): Made {
  return { problems: problems.map(problem => ({ ...problem, ...(mailboxes && { mailboxes }) })) };
}

function finish(
  name: string,
  { file, chain: chainFile, pool }: Parts,
  { key, x509, facts, kind }: Candidate & { kind: FitKey },
  certificates: readonly X509Certificate[],
  now: Date,
): Made {
  const chain = buildChain(x509, certificates, pool);
  const identity: Identity = {
    name,
    file: file.path,
    key,
    keyType: kind.type,
    keyDescription: kind.description,
    digests: kind.digests,
    certificate: x509.raw,
    chain: chain.issuers.map(issuer => issuer.raw),
    issuer: facts.issuer,
    serialNumber: facts.serialNumber,
    addresses: facts.addresses,
    subject: facts.subject,
    notBefore: facts.notBefore,
    notAfter: facts.notAfter,
  };
  const doubts = [
    // That it expires depends on what else there is, and on the time: service/expiry.ts tells.
    ...(validity(identity, now) === 'not yet valid'
      ? [`the certificate is not valid before ${day(identity.notBefore)}`]
      : []),
    ...doubtIssuers(chain.issuers, now),
    ...doubtAddresses(facts),
    ...doubtKey(kind),
  ];
  const warnings: CertificateProblem[] = doubts.map(text => ({
    key: 'file',
    message: `${file.path}: ${text}`,
  }));
  if (isSelfSigned(x509)) {
    const message = `${file.path}: the certificate is self-signed; recipients cannot verify it unless each imports it`;
    warnings.push({ key: 'file', message });
  } else if (!chain.complete && (chain.issuers.length === 0 || chain.unused.some(c => c.ca))) {
    // Without its root a chain looks no different when it is cut; that an authority at hand does not fit tells.
    const top = chain.issuers.at(-1) ?? x509;
    const message = `the chain ends at "${title(top)}"; add its issuer's certificate, or clients cannot verify`;
    const where = chainFile ?? file;
    warnings.push({ key: chainFile ? 'chain' : 'file', message: `${where.path}: ${message}` });
  }
  return { identity, warnings };
}

/** A key that not every verifier reads. */
function doubtKey({ description, refusedBy }: FitKey): string[] {
  if (refusedBy === undefined) return [];
  const title = description.replace(/^EC | \d+$/g, '');
  return [
    `signatures of ${title} keys cannot be verified by ${refusedBy}; use RSA or EC P-256, which every client verifies`,
  ];
}

/** What must be in the files and is not, with what is there instead. */
function findMissing({ file, key, chain }: Parts): CertificateProblem[] {
  const problems: CertificateProblem[] = [];
  const report = (part: Contents, option: OptionKey, lacks: string, mend: string): void => {
    const { keys, certificates, foreign, path } = part;
    const has = [
      ...(certificates.length > 0 ? ['a certificate'] : []),
      ...(keys.length > 0 ? ['a private key'] : []),
      ...new Set(foreign.map(f => f.what)),
    ];
    const message = `${path}: holds ${has.length > 0 ? `${has.join(' and ')}, but ` : ''}no ${lacks}; `;
    problems.push({ key: option, message: message + (foreign[0]?.mend ?? mend) });
  };
  const noCertificate = file.certificates.length === 0;
  const noKey = file.keys.length === 0 && !key;
  if (noCertificate && noKey) report(file, 'file', 'certificate and no private key', 'both are needed');
  else if (noCertificate) report(file, 'file', 'certificate', 'add the certificate that belongs to the key');
  else if (noKey)
    report(file, 'file', 'private key', 'put both into one PEM file, or name the key with "key ="');
  if (key?.keys.length === 0) report(key, 'key', 'private key', 'name the file of the private key');
  if (chain?.certificates.length === 0)
    report(chain, 'chain', 'certificate', "name the file of the issuers' certificates");
  return problems;
}

/** The certificates of this key. @throws Fault where one cannot be read */
function candidates(key: KeyObject, certificates: readonly X509Certificate[]): Candidate[] {
  return certificates
    .filter(x509 => x509.checkPrivateKey(key)) // false too where its own key cannot be read
    .map(x509 => ({ key, x509, facts: readFacts(x509) }));
}

/** Whether the private half is sound: checkPrivateKey compares the public halves only. */
async function signs({ key, x509 }: Candidate, kind: FitKey): Promise<boolean> {
  const data = Buffer.from('postseal');
  // The strongest, as the policy of a system may forbid SHA-1. Ed25519 brings its own.
  const { name, octets: saltLength } = kind.digests.at(-1)!;
  const digest = kind.type === 'ed25519' ? undefined : name;
  try {
    // With as much salt as in real signatures; other keys than those for PSS take no notice.
    const input = { key, saltLength };
    // The way through a thread and back takes longer than a signature that is not RSA's.
    const signature = await (kind.type.startsWith('rsa') ? runSign : sign)(digest, data, input);
    return verify(digest, data, { key: x509.publicKey, saltLength }, signature);
  } catch {
    return false;
  }
}

/** The mailboxes of a certificate as one value, whatever their order. */
function namesOf({ addresses }: Facts): string {
  return addresses
    .map(address => address.key)
    .sort()
    .join(' ');
}

function distinct(keys: readonly KeyObject[]): KeyObject[] {
  return keys.filter((key, i) => keys.findIndex(other => other.equals(key)) === i);
}

function doubtIssuers(issuers: readonly X509Certificate[], now: Date): string[] {
  return issuers
    .filter(issuer => new Date(issuer.validTo) < now)
    .map(
      issuer =>
        `its issuer "${title(issuer)}" expired on ${day(new Date(issuer.validTo))}; put in the renewed one`,
    );
}

function doubtAddresses({ addresses, unreadable }: Facts): string[] {
  const doubts = unreadable.map(
    text => `the certificate names "${text}", which is no mailbox, and is left out`,
  );
  if (addresses.length === 0) doubts.push('the certificate names no mailbox');
  return doubts;
}
