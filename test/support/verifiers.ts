// Verifies signed messages with programs that are not ours: OpenSSL, NSS (Thunderbird's) and GnuPG.
import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Peer, peer } from './peers.js';

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

/**
 * Cuts the signed entity and the signature out of a multipart/signed message, byte for byte: the CRLF
 * before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
 * @param message line ends may be LF
 * @returns the entity with CRLF line ends, and the DER of the CMS
 * @throws Error in words, if it is not a multipart/signed of two parts
 */
export function dissect(message: Buffer): { entity: Buffer; signature: Buffer } {
  const text = canonical(message).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const header = text.slice(0, end + 2).replace(/\r\n[ \t]+/g, ' ');
  const type = /^content-type:\s*(.*)\r\n/im.exec(header)?.[1] ?? '(none)';
  if (!/^multipart\/signed\s*;/i.test(type)) throw new Error(`not signed, Content-Type: ${type}`);
  const match = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(type);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw new Error(`no boundary: ${type}`);

  const quoted = boundary.replace(/[^A-Za-z0-9]/g, '\\$&');
  // A preamble may stand before the first delimiter, so it need not follow a CRLF of its own.
  const parts = `\r\n${text.slice(end + 4)}`.split(new RegExp(`\r\n--${quoted}(?:--)?[ \t]*(?=\r\n|$)`));
  const [, first, second, epilogue] = parts;
  if (first === undefined || second === undefined || epilogue === undefined || parts.length !== 4) {
    throw new Error(`multipart/signed of ${parts.length - 2} parts`);
  }
  const signature = second.slice(second.indexOf('\r\n\r\n') + 4);
  return { entity: Buffer.from(first.slice(2), 'latin1'), signature: Buffer.from(signature, 'base64') };
}

/** One byte of the signed entity changed, for showing that a verifier looks at it. */
export function flipped(message: Buffer): Buffer {
  const { entity } = dissect(message);
  const changed = canonical(message);
  const at = changed.indexOf(entity) + entity.length - 1;
  for (let i = at; i > 0; i--) {
    // A letter or digit, so that the structure stays what it was.
    if (/[a-zA-Z0-9]/.test(String.fromCharCode(changed[i]!))) {
      changed[i]! ^= 1;
      return changed;
    }
  }
  throw new Error('nothing to flip');
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
    return this.with(message, async ({ whole, entity, signature }) => {
      const verify = ['cms', '-verify', '-CAfile', this.root, '-purpose', 'smimesign', '-out', '/dev/null'];
      const mail = await command(peer('openssl'), [...verify, '-in', whole]);
      const parts = ['-binary', '-inform', 'DER', '-in', signature, '-content', entity];
      const exact = await command(peer('openssl'), [...verify, ...parts]);
      return {
        ok: mail.status === 0 && exact.status === 0,
        detail: `whole message: ${mail.output}exact parts: ${exact.output}`,
      };
    });
  }

  /** NSS: `cmsutil -D`. With its option -h it would exit with 0 for bad signatures too. */
  async nssCms(message: Buffer): Promise<Verification> {
    return this.with(message, async ({ entity, signature }) => {
      const args = ['-D', '-n', '-d', this.nss, '-c', entity, '-i', signature];
      const { status, output } = await command(peer('cmsutil'), args);
      return { ok: status === 0, detail: output };
    });
  }

  /** GnuPG: `gpgsm --verify`. */
  async gpgsm(message: Buffer): Promise<Verification> {
    return this.with(message, async ({ entity, signature }) => {
      const args = ['--homedir', this.gnupg, '--batch', '--status-fd', '1', '--verify', signature, entity];
      const { status, output } = await command(peer('gpgsm'), args);
      const ok = status === 0 && /^\[GNUPG:\] GOODSIG /m.test(output) && output.includes('] TRUST_FULLY');
      return { ok, detail: output };
    });
  }

  /** All three. @returns `good`, or which one refuses, and why */
  async verify(message: Buffer): Promise<string> {
    const verdicts = {
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

  /** Hands over the message, its entity and its signature as files. */
  private async with(
    message: Buffer,
    check: (files: { whole: string; entity: string; signature: string }) => Promise<Verification>,
  ): Promise<Verification> {
    const stem = join(this.directory, `message-${++this.count}`);
    const files = { whole: `${stem}.eml`, entity: `${stem}.entity`, signature: `${stem}.p7s` };
    try {
      const { entity, signature } = dissect(message);
      writeFileSync(files.whole, canonical(message));
      writeFileSync(files.entity, entity);
      writeFileSync(files.signature, signature);
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
    try {
      return await check(files);
    } finally {
      for (const file of Object.values(files)) rmSync(file, { force: true });
    }
  }
}

function command(program: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise(resolve => {
    execFile(program, args, { encoding: 'latin1' }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ status, output: stdout + stderr });
    });
  });
}
