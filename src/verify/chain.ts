// From a signer's certificate to a root that is trusted (RFC 5280 §6, RFC 8550 §4): every way there is tried.
import type { X509Certificate } from 'node:crypto';
import { isIssuedBy, isSelfSigned } from '../x509.js';
import { readCertificate, outsideValidity, type Certificate } from './certificate.js';

/** What may be built a chain of. */
export interface Authorities {
  /** Those that came with the message. */
  readonly given: readonly Certificate[];
  /** Roots, and perhaps authorities below them. */
  readonly trusted: readonly X509Certificate[];
}

export interface Chain {
  /** The signer's certificate first. */
  readonly path: readonly Certificate[];
  /** Why it is not trusted, in words; undefined for a good one. */
  readonly problem?: string;
}

/** A hostile message can hold any number of certificates that issue each other. */
const maxLength = 10;
const maxPaths = 100;

/** The first good chain; or else the one that came furthest. */
export function buildChain(leaf: Certificate, { given, trusted }: Authorities, now: Date): Chain {
  const pool = new Pool(given, trusted);
  let best: Chain | undefined;
  let tried = 0;
  for (const path of paths([leaf], pool)) {
    const problem = faultOf(path, now) ?? untrusted(path, pool);
    if (problem === undefined) return { path };
    // A fault of a chain with a known root is nearer to the mend than a root that is not known.
    if (!best || (pool.trusts(path.at(-1)!) && !pool.trusts(best.path.at(-1)!))) best = { path, problem };
    if (++tried === maxPaths) break;
  }
  return best!;
}

class Pool {
  private readonly bySubject = new Map<string, Certificate[]>();
  private readonly anchors = new Map<string, X509Certificate[]>();
  /** Each signature is verified once, in however many chains it is. */
  private readonly found = new Map<X509Certificate, Certificate[]>();

  constructor(given: readonly Certificate[], trusted: readonly X509Certificate[]) {
    for (const x509 of trusted) append(this.anchors, x509.subject, x509);
    for (const certificate of given) append(this.bySubject, certificate.x509.subject, certificate);
  }

  /** Those that issued it, trusted ones first. */
  issuersOf({ x509 }: Certificate): Certificate[] {
    let issuers = this.found.get(x509);
    if (!issuers) {
      const known = (this.anchors.get(x509.issuer) ?? []).flatMap(tryRead);
      const named = [...known, ...(this.bySubject.get(x509.issuer) ?? [])];
      issuers = isSelfSigned(x509) ? [] : named.filter(c => isIssuedBy(x509, c.x509));
      this.found.set(x509, issuers);
    }
    return issuers;
  }

  trusts({ x509 }: Certificate): boolean {
    return isSelfSigned(x509) && (this.anchors.get(x509.subject) ?? []).some(a => a.raw.equals(x509.raw));
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function tryRead(x509: X509Certificate): Certificate[] {
  try {
    return [readCertificate(x509)];
  } catch {
    return [];
  }
}

/** Ways from a certificate to its end: a self-signed one, or one whose issuer is not at hand. */
function* paths(path: readonly Certificate[], pool: Pool): Generator<readonly Certificate[]> {
  const top = path.at(-1)!;
  const issuers =
    path.length === maxLength
      ? []
      : pool.issuersOf(top).filter(c => !path.some(p => p.x509.raw.equals(c.x509.raw)));
  if (issuers.length === 0) yield path;
  for (const issuer of issuers) yield* paths([...path, issuer], pool);
}

/** The first fault from the signer up. */
function faultOf(path: readonly Certificate[], now: Date): string | undefined {
  for (const [level, certificate] of path.entries()) {
    const who = level === 0 ? 'the certificate' : `the authority ${certificate.subject}`;
    const outside = outsideValidity(certificate, now);
    if (outside !== undefined) return `${who} ${outside}`;
    if (!certificate.forMail)
      return `${who} is not meant for mail (extended key usage without emailProtection)`;
    if (certificate.notUnderstood.length > 0)
      return `${who} has an extension that is not understood here: ${certificate.notUnderstood.join(', ')}`;
    if (level === 0) {
      if (!certificate.maySign)
        return `${who} may not sign (keyUsage without digitalSignature and nonRepudiation)`;
    } else if (
      certificate.authority === 'no' ||
      (certificate.authority === 'version 1' && !isSelfSigned(certificate.x509))
    )
      return `${who} is none: it lacks CA:TRUE`;
    // Authorities between it and the leaf; those issued to themselves do not count (RFC 5280 §4.2.1.9).
    const below = path.slice(1, level).filter(c => c.subject !== c.issuer).length;
    if (below > certificate.pathLength)
      return `${who} allows only ${certificate.pathLength} authorities below it`;
  }
  return undefined;
}

function untrusted(path: readonly Certificate[], pool: Pool): string | undefined {
  const top = path.at(-1)!;
  if (pool.trusts(top)) return undefined;
  if (path.length === maxLength) return `chain is longer than ${maxLength}`;
  if (!isSelfSigned(top.x509))
    return `chain ends at ${top.subject}, and its issuer ${top.issuer} is not known; name the root with --ca`;
  return path.length === 1
    ? `the certificate is self-signed and not trusted; name it with --ca`
    : `chain ends at ${top.subject}, which is not trusted; name it with --ca`;
}
