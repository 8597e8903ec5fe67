// Real, throw-away certificates, made by the `openssl` command (3.0 or later) and nothing else:
// root CA → intermediate CA → leaves. For tests against real peers, golden cases, benchmark and demo.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KeyKind =
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa3072'
  | 'rsa4096'
  | 'rsa-pss'
  | 'p256'
  | 'p384'
  | 'p521'
  | 'secp256k1'
  | 'ed25519';

/** An authority that can issue: paths of PEM files. */
export interface Authority {
  readonly name: string;
  readonly key: string;
  readonly certificate: string;
  /** PEM of the authorities up to and without the root, this one first; empty for the root itself. */
  readonly chain: string;
}

/** A leaf as files, all below the directory of its Pki. */
export interface Issued {
  readonly name: string;
  /** PKCS#8 PEM, not encrypted. */
  readonly key: string;
  /** PEM of the leaf alone. */
  readonly certificate: string;
  /** PEM of its issuers, nearest first, without the root. */
  readonly chain: string;
  /** Key, leaf and chain in one PEM file. */
  readonly pem: string;
  /** Key, leaf and chain as PKCS#12 in OpenSSL 3's default form. */
  readonly p12: string;
  /** The password of `p12`. */
  readonly password: string;
}

/** What to issue; everything but the name has a default that makes a good S/MIME certificate. */
export interface Request {
  /** File name stem and common name. */
  readonly name: string;
  /** Into the SAN as rfc822Name, or as SmtpUTF8Mailbox where not ASCII (RFC 9598). Default: none. */
  readonly addresses?: readonly string[];
  /** Default rsa2048. Keys of one kind are shared between leaves (RSA keys are slow to make). */
  readonly key?: KeyKind;
  /** Make a key of its own. */
  readonly freshKey?: boolean;
  /** PEM of the key to certify, in place of one of that kind. */
  readonly keyText?: string;
  /** Default: yesterday. */
  readonly notBefore?: Date;
  /** Default: `days` after now. */
  readonly notAfter?: Date;
  /** Default 365. */
  readonly days?: number;
  /** As in openssl's x509v3_config; null leaves the extension out. Default: digitalSignature, critical. */
  readonly keyUsage?: string | null;
  /** As in x509v3_config; null leaves the extension out. Default: emailProtection. */
  readonly eku?: string | null;
  /** As in x509v3_config; null leaves the extension out. Default: CA:FALSE. */
  readonly basicConstraints?: string | null;
  /** In `openssl req -subj` form. Default: `/O=Postseal Test/CN=name`. For R5: `/CN=…/emailAddress=…`. */
  readonly subject?: string;
  /** Hexadecimal. Default: random. */
  readonly serial?: string;
  /** Further lines of the extension section. */
  readonly extensions?: readonly string[];
  /** Default: the intermediate. */
  readonly issuer?: Authority;
  /** Password of the PKCS#12 file. Default `secret`. */
  readonly password?: string;
}

export interface Pki {
  readonly dir: string;
  /** `root.certificate` is what verifiers are told to trust (`openssl cms -verify -CAfile …`). */
  readonly root: Authority;
  readonly intermediate: Authority;
  /** Issues a leaf; about 50 ms. Throws with openssl's words if it refuses. */
  issue(request: Request): Issued;
  /** A further authority, under the root unless told otherwise. */
  authority(name: string, issuer?: Authority, notAfter?: Date): Authority;
}

/** Runs openssl. @returns its standard output; throws with its standard error */
export function openssl(args: readonly string[], input?: string | Buffer): Buffer {
  try {
    return execFileSync('openssl', args, { input: input ?? '', stdio: 'pipe', maxBuffer: 1 << 28 });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`openssl ${args.join(' ')}\n${stderr?.toString() ?? String(error)}`, { cause: error });
  }
}

const keyArguments: Record<KeyKind, readonly string[]> = {
  rsa1024: ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  rsa2048: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa3072: ['RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  rsa4096: ['RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
  'rsa-pss': ['RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'],
  p256: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  secp256k1: ['EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
  ed25519: ['ED25519'],
};

/** PEM of a new private key (PKCS#8). */
export function newKey(kind: KeyKind): string {
  return openssl(['genpkey', '-algorithm', ...keyArguments[kind]]).toString();
}

const keyCache = new Map<string, string>();

/** PEM of a key of that kind, the same one each time for the same slot of this process. */
function sharedKey(kind: KeyKind, slot: string): string {
  const name = `${kind} ${slot}`;
  const key = keyCache.get(name) ?? newKey(kind);
  keyCache.set(name, key);
  return key;
}

const day = 86_400_000;

/**
 * Makes root and intermediate in `dir` (made where missing), each with an RSA 2048 key.
 * @example
 *   const pki = makePki(mkdtempSync(join(tmpdir(), 'pki-')));
 *   const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256' });
 *   openssl(['cms', '-verify', '-in', 'signed.eml', '-CAfile', pki.root.certificate]);
 */
export function makePki(dir: string): Pki {
  mkdirSync(dir, { recursive: true });
  const authority = (name: string, issuer?: Authority, notAfter?: Date): Authority => {
    const key = sharedKey('rsa2048', `authority ${name}`);
    const made = sign(dir, key, issuer, {
      name,
      days: 3650,
      ...(notAfter && { notAfter }),
      subject: `/O=Postseal Test/CN=Postseal Test ${name}`,
      keyUsage: 'critical,keyCertSign,cRLSign',
      eku: null,
      basicConstraints: 'critical,CA:TRUE',
    });
    const chain = issuer ? made.pem + readFileSync(issuer.chain, 'utf8') : '';
    return { name, ...write(dir, name, { key, certificate: made.pem, chain }) };
  };
  const root = authority('root');
  const intermediate = authority('intermediate', root);
  return {
    dir,
    root,
    intermediate,
    authority: (name, issuer = root, notAfter) => authority(name, issuer, notAfter),
    issue: request => {
      const { name, key: kind = 'rsa2048', issuer = intermediate, password = 'secret' } = request;
      const key = request.keyText ?? (request.freshKey ? newKey(kind) : sharedKey(kind, 'leaf'));
      const { pem: certificate } = sign(dir, key, issuer, request);
      const chain = readFileSync(issuer.chain, 'utf8');
      const files = write(dir, name, { key, certificate, chain, pem: key + certificate + chain });
      const p12 = join(dir, `${name}.p12`);
      openssl([
        'pkcs12',
        '-export',
        '-in',
        files.pem,
        '-name',
        name,
        '-out',
        p12,
        '-passout',
        `pass:${password}`,
      ]);
      return { name, ...files, p12, password };
    },
  };
}

/** Writes NAME-WHAT.pem for each part. */
function write<T extends Record<string, string>>(dir: string, name: string, parts: T): T {
  const paths = Object.entries(parts).map(([what, text]) => {
    const path = join(dir, what === 'pem' ? `${name}.pem` : `${name}-${what}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return [what, path];
  });
  return Object.fromEntries(paths) as T;
}

/** Issues by `openssl ca`: in 3.0 the only command that takes the dates of both ends. */
function sign(dir: string, key: string, issuer: Authority | undefined, request: Request): { pem: string } {
  const { name, days = 365, notBefore = new Date(Date.now() - day) } = request;
  const notAfter = request.notAfter ?? new Date(Date.now() + days * day);
  const work = join(dir, '.openssl');
  mkdirSync(work, { recursive: true });
  const at = (file: string): string => join(work, file);
  writeFileSync(at('key'), key, { mode: 0o600 });
  writeFileSync(at('index'), '');
  // Positive and of even length (RFC 5280 §4.1.2.2: at most 20 octets).
  writeFileSync(at('serial'), request.serial ?? `4${randomBytes(16).toString('hex').slice(1)}`);
  writeFileSync(at('config'), configuration(work, request));
  const subject = request.subject ?? `/O=Postseal Test/CN=${name}`;
  const config = ['-config', at('config')];
  openssl(['req', '-new', '-utf8', ...config, '-key', at('key'), '-subj', subject, '-out', at('request')]);
  const by = issuer
    ? ['-keyfile', issuer.key, '-cert', issuer.certificate]
    : ['-selfsign', '-keyfile', at('key')];
  const dates = ['-startdate', generalizedTime(notBefore), '-enddate', generalizedTime(notAfter)];
  openssl([
    'ca',
    '-batch',
    '-notext',
    '-preserveDN',
    ...config,
    ...by,
    ...dates,
    '-in',
    at('request'),
    '-out',
    at('certificate'),
  ]);
  return { pem: readFileSync(at('certificate'), 'utf8') };
}

function configuration(work: string, request: Request): string {
  const { keyUsage = 'critical,digitalSignature', eku = 'emailProtection' } = request;
  const { basicConstraints = 'CA:FALSE', addresses = [] } = request;
  const extension = (name: string, value: string | null): string[] =>
    value === null ? [] : [`${name}=${value}`];
  return [
    '[req]\ndistinguished_name=dn\nstring_mask=utf8only\n[dn]\n[ca]\ndefault_ca=this\n[this]',
    `database=${work}/index\nserial=${work}/serial\nnew_certs_dir=${work}`,
    'default_md=sha256\npolicy=any\nunique_subject=no\nemail_in_dn=yes\nx509_extensions=extensions',
    '[any]',
    // A field that the policy does not list is dropped from the subject.
    ...['C', 'ST', 'L', 'O', 'OU', 'CN', 'SN', 'GN', 'DC', 'UID', 'emailAddress'].map(f => `${f}=optional`),
    '[extensions]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always',
    ...extension('basicConstraints', basicConstraints),
    ...extension('keyUsage', keyUsage),
    ...extension('extendedKeyUsage', eku),
    ...(addresses.length > 0 ? ['subjectAltName=@mailboxes'] : []),
    ...(request.extensions ?? []),
    '[mailboxes]',
    ...addresses.map((address, i) => {
      // A value of openssl's configuration files: these characters mean something there.
      const value = address.replace(/[\\$"'#]/g, '\\$&');
      return /^[\0-\x7f]*$/.test(address)
        ? `email.${i}=${value}`
        : `otherName.${i}=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:${value}`;
    }),
    '',
  ].join('\n');
}

/** `20261122103000Z` */
function generalizedTime(date: Date): string {
  return `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`;
}
