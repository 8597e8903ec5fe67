// Verifies signed messages with programs that are not ours: OpenSSL, NSS (Thunderbird's) and GnuPG.
import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { children, contents, parse } from '../../src/asn1.js';
import { type Peer, peer } from './peers.js';
import type { KeyKind } from './pki.js';

/** What a program made of a message: its verdict, and its own words for when a test fails. */
export interface Verification {
  readonly ok: boolean;
  readonly detail: string;
}

/** The peers that a `Verifiers` needs. */
export const verifierPeers = ['openssl', 'cmsutil', 'certutil', 'gpgsm'] as const satisfies readonly Peer[];

/** Every line end becomes CRLF, as a maildir's messages had it on the wire. */
export function canonical(message: Buffer): Buffer {
  // latin1 keeps one character a byte.
  return Buffer.from(message.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}

/** A signed message in its pieces. */
export interface Dissected {
  readonly form: 'clear' | 'opaque';
  /** The signed octets, line ends and all. */
  readonly entity: Buffer;
  /** The CMS; in the opaque form the entity is in it. */
  readonly signature: Buffer;
}

/**
 * Cuts a signed message in pieces, byte for byte.
 * @param message line ends may be LF
 * @throws Error in words, if it is neither multipart/signed of two parts nor application/pkcs7-mime
 */
export function dissect(message: Buffer): Dissected {
  const text = canonical(message).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const header = text.slice(0, end + 2).replace(/\r\n[ \t]+/g, ' ');
  // A CR alone ends no line: with the m flag ^ would stand behind it.
  const type = /(?<=^|\n)content-type:\s*(.*?)\r\n/is.exec(header)?.[1] ?? '(none)';
  const body = text.slice(end + 4);
  if (/^application\/pkcs7-mime\s*;/i.test(type)) {
    if (!/;\s*smime-type="?signed-data\b/i.test(type)) throw new Error(`not signed, Content-Type: ${type}`);
    const signature = Buffer.from(body, 'base64');
    return { form: 'opaque', entity: Buffer.concat(segments(signature)), signature };
  }
  if (!/^multipart\/signed\s*;/i.test(type)) throw new Error(`not signed, Content-Type: ${type}`);
  return { form: 'clear', ...splitParts(body, type) };
}

/** The CRLF before a delimiter belongs to the delimiter (RFC 2046 §5.1.1). */
function splitParts(body: string, type: string): { entity: Buffer; signature: Buffer } {
  const match = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(type);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw new Error(`no boundary: ${type}`);
  const quoted = boundary.replace(/[^A-Za-z0-9]/g, '\\$&');
  // A preamble may stand before the first delimiter, so it need not follow a CRLF of its own.
  const parts = `\r\n${body}`.split(new RegExp(`\r\n--${quoted}(?:--)?[ \t]*(?=\r\n|$)`));
  const [, first, second, epilogue] = parts;
  if (first === undefined || second === undefined || epilogue === undefined || parts.length !== 4) {
    throw new Error(`multipart/signed of ${parts.length - 2} parts`);
  }
  const signature = second.slice(second.indexOf('\r\n\r\n') + 4);
  return { entity: Buffer.from(first.slice(2), 'latin1'), signature: Buffer.from(signature, 'base64') };
}

/** The eContent of a SignedData: one OCTET STRING, or the segments of a constructed one (RFC 5652 §5.2). */
function segments(cms: Buffer): Buffer[] {
  const signedData = children(children(parse(cms))[1])[0];
  const [, explicit] = children(children(signedData)[2]);
  const octets = children(explicit)[0]!;
  return Array.isArray(octets.value) ? children(octets).map(contents) : [contents(octets)];
}

/** One byte of the signed entity changed, for showing that a verifier looks at it. */
export function flipped(message: Buffer): Buffer {
  const { form, entity, signature } = dissect(message);
  const changed = canonical(message);
  if (form === 'clear') {
    flipLast(changed, changed.indexOf(entity), entity.length);
    return changed;
  }
  const last = segments(signature).at(-1)!;
  flipLast(signature, signature.indexOf(last), last.length);
  const body = signature.toString('base64').replace(/.{1,76}/g, '$&\r\n');
  return Buffer.concat([changed.subarray(0, changed.indexOf('\r\n\r\n') + 4), Buffer.from(body)]);
}

/** Flips a bit of the last letter or digit of a range, so that the structure stays what it was. */
function flipLast(bytes: Buffer, start: number, length: number): void {
  for (let i = start + length - 1; i >= start; i--) {
    if (!/[a-zA-Z0-9]/.test(String.fromCharCode(bytes[i]!))) continue;
    bytes[i]! ^= 1;
    return;
  }
  throw new Error('nothing to flip');
}

export type Program = 'OpenSSL' | 'NSS' | 'GnuPG';

/** Words of those that do not verify signatures of such keys, whatever is signed. */
export type Inabilities = Readonly<Partial<Record<Program, string>>>;

/** Seen with OpenSSL 3.0.22, NSS 3.87.1 and gpgsm 2.2.40. */
export function inabilities(key: KeyKind): Inabilities {
  switch (key) {
    case 'ed25519': // nor does OpenSSL 3.6 (its issue 32248)
      return {
        OpenSSL: 'eddsa_digest_signverify_init:invalid digest',
        NSS: 'signer 0 status = ProcessingError',
        GnuPG: 'DSA requires the hash length to be a multiple of 8 bits',
      };
    case 'rsa-pss': // with an ordinary RSA key NSS can
      return { NSS: 'SEC_ERROR_INVALID_ARGS: security library: invalid arguments' };
    case 'p521':
      return { GnuPG: 'DSA requires the hash length to be a multiple of 8 bits' };
    default:
      return {};
  }
}

/**
 * Verifiers that trust one root; their databases are made at construction (about 100 ms).
 * @example
 *   const verifiers = new Verifiers(pki.root.certificate);
 *   expect(await verifiers.verify(message)).toBe('good');
 *   verifiers.close();
 */
export class Verifiers {
  private readonly directory = mkdtempSync(join(tmpdir(), 'postseal-verify-'));
  private readonly nss = `sql:${join(this.directory, 'nss')}`;
  private readonly gnupg = join(this.directory, 'gnupg');
  private count = 0;

  /** @param root path of the PEM of the root to trust, and no other */
  constructor(private readonly root: string) {
    mkdirSync(join(this.directory, 'nss'));
    const certutil = (...args: string[]): void => {
      execFileSync(peer('certutil'), [...args, '-d', this.nss], { stdio: 'pipe' });
    };
    certutil('-N', '--empty-password');
    // Trusted to issue certificates for mail (the second field), and for nothing else.
    certutil('-A', '-n', 'root', '-t', ',C,', '-i', root);

    mkdirSync(this.gnupg, { mode: 0o700 });
    const { fingerprint } = new X509Certificate(execFileSync(peer('openssl'), ['x509', '-in', root]));
    writeFileSync(join(this.gnupg, 'trustlist.txt'), `${fingerprint} S relax\n`);
    writeFileSync(
      join(this.gnupg, 'gpgsm.conf'),
      'disable-crl-checks\ndisable-policy-checks\ndisable-dirmngr\nno-secmem-warning\n',
    );
    execFileSync(peer('gpgsm'), ['--homedir', this.gnupg, '--batch', '--import', root], { stdio: 'pipe' });
  }

  /** OpenSSL, twice: the message as a mail reader would give it, and the exact bytes of its parts. */
  async openssl(message: Buffer): Promise<Verification> {
    return this.with(message, async files => {
      const out = ['-purpose', 'smimesign', '-out', files.content];
      const verify = ['cms', '-verify', '-CAfile', this.root, ...out];
      const mail = await verified(files, peer('openssl'), [...verify, '-in', files.whole]);
      const detached = files.form === 'clear' ? ['-content', files.entity] : [];
      const parts = ['-binary', '-inform', 'DER', '-in', files.signature, ...detached];
      const exact = await verified(files, peer('openssl'), [...verify, ...parts]);
      return {
        ok: mail.ok && exact.ok,
        detail: `whole message: ${mail.detail}exact parts: ${exact.detail}`,
      };
    });
  }

  /** NSS: `cmsutil -D`. With its option -h it would exit with 0 for bad signatures too. */
  async nssCms(message: Buffer): Promise<Verification> {
    return this.with(message, files => {
      const detached = files.form === 'clear' ? ['-c', files.entity] : [];
      const args = ['-D', '-d', this.nss, '-i', files.signature, '-o', files.content, ...detached];
      return verified(files, peer('cmsutil'), args);
    });
  }

  /** GnuPG: `gpgsm --verify`. */
  async gpgsm(message: Buffer): Promise<Verification> {
    return this.with(message, async files => {
      const options = ['--homedir', this.gnupg, '--batch', '--status-fd', '1', '--output', files.content];
      const verify = ['--verify', files.signature];
      const { ok, detail } =
        files.form === 'clear' // whose content it does not write
          ? await run(peer('gpgsm'), [...options, ...verify, files.entity])
          : await verified(files, peer('gpgsm'), [...options, ...verify]);
      return { ok: ok && /^\[GNUPG:\] GOODSIG /m.test(detail) && detail.includes('] TRUST_FULLY'), detail };
    });
  }

  /** All three. @returns `good`, or which one refuses, and why */
  async verify(message: Buffer): Promise<string> {
    const verdicts: Record<Program, Promise<Verification>> = {
      OpenSSL: this.openssl(message),
      NSS: this.nssCms(message),
      GnuPG: this.gpgsm(message),
    };
    const complaints: string[] = [];
    for (const [name, verdict] of Object.entries(verdicts)) {
      const { ok, detail } = await verdict;
      if (!ok) complaints.push(`${name}: ${detail}`);
    }
    return complaints.length === 0 ? 'good' : complaints.join('\n');
  }

  /** Ends this home's gpg-agent and removes the databases. */
  close(): void {
    execFileSync('gpgconf', ['--homedir', this.gnupg, '--kill', 'all'], { stdio: 'pipe' });
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Hands over the message and its pieces as files. */
  private async with(message: Buffer, check: (files: Files) => Promise<Verification>): Promise<Verification> {
    const stem = join(this.directory, `message-${++this.count}`);
    const paths = {
      whole: `${stem}.eml`,
      entity: `${stem}.entity`,
      signature: `${stem}.p7`,
      content: `${stem}.content`,
    };
    try {
      const { form, entity, signature } = dissect(message);
      writeFileSync(paths.whole, canonical(message));
      writeFileSync(paths.entity, entity);
      writeFileSync(paths.signature, signature);
      return await check({ form, ...paths });
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    } finally {
      for (const file of Object.values(paths)) rmSync(file, { force: true });
    }
  }
}

interface Files {
  readonly form: 'clear' | 'opaque';
  readonly whole: string;
  readonly entity: string;
  readonly signature: string;
  /** Where a program writes what it has verified. */
  readonly content: string;
}

/** Runs a program that has also to write the entity as it was signed. */
async function verified(files: Files, program: string, args: readonly string[]): Promise<Verification> {
  const { ok, detail } = await run(program, args);
  const same = ok && readFileSync(files.content).equals(readFileSync(files.entity));
  return { ok: same, detail: ok && !same ? `${detail}what was verified is not the entity\n` : detail };
}

function run(program: string, args: readonly string[]): Promise<Verification> {
  return new Promise(resolve => {
    execFile(program, args, { encoding: 'latin1' }, (error, stdout, stderr) => {
      resolve({ ok: error === null, detail: stdout + stderr });
    });
  });
}
