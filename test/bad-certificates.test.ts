// Every way in which a certificate file can be wrong, and the exact words for it. The files are made here,
// as keys and dates must be real; the words stand in bad-config/certificates/NN-name.want, one a line:
// `[warning: ]option: message`, with $DIR for the directory of the files. Failures leave a .got beside it.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as asn1 from '../src/asn1.js';
import { loadCertificate, nodeIo, type CertificateIo, type CertificateSource } from '../src/certs/load.js';
import { newKey, openssl, type Issued, type Request } from './support/pki.js';
import { put, source, temporaryPki } from './support/pki-temporary.js';
import { expectWanted } from './support/want.js';

const pki = temporaryPki();
// Unlike any word of a message, so that a message with a password in it would be noticed.
const password = 'Tr0ub4dor';
const guess = 'hunter2';
const good = pki.issue({ name: 'good', addresses: ['good@example.com'], key: 'p256', password });
const other = pki.issue({ name: 'other', addresses: ['other@example.com'], key: 'p256', freshKey: true });
const text = (...paths: string[]): string => paths.map(path => readFileSync(path, 'utf8')).join('');
const day = 86_400_000;
// The end of validity is named by its day: noon keeps the words the same whenever the test runs.
const noon = new Date('2031-05-10T12:00:00Z');
const at = (days: number): Date => new Date(noon.getTime() + days * day);
const clock: CertificateIo = {
  ...nodeIo,
  now: () => noon,
  credentialsDirectory: '/run/credentials/none.service',
};
const valid = { notBefore: at(-100), notAfter: at(300), key: 'p256' } as const;

const issue = (request: Partial<Request>): Issued =>
  pki.issue({ name: 'leaf', addresses: ['leaf@example.com'], ...valid, ...request });
const pem = (request: Partial<Request>): CertificateSource => source(issue(request).pem);
const file = (content: string | Buffer, name = 'it.pem'): CertificateSource =>
  source(put(pki, name, content));
const p12 = (args: string[], from = good.pem): string => {
  const path = join(pki.dir, 'it.p12');
  openssl(['pkcs12', '-export', '-in', from, '-out', path, '-passout', `pass:${password}`, ...args]);
  return path;
};
const encrypted = (): string =>
  openssl(['pkcs8', '-topk8', '-in', good.key, '-passout', `pass:${password}`]).toString();
const convert = (...args: string[]): Buffer => openssl(args);

/** Makes a PKCS#12 file and changes its ASN.1. */
function forged(args: string[], change: (pfx: asn1.Node) => void): CertificateSource {
  const pfx = asn1.parse(readFileSync(p12(args)));
  change(pfx);
  return { ...file(asn1.encode(pfx), 'it.p12'), password: { kind: 'inline', password } };
}

interface Case {
  readonly from: CertificateSource;
  readonly io?: CertificateIo;
}

const cases: Record<string, () => CertificateSource | Case> = {
  '01-missing': () => source(join(pki.dir, 'nothing.p12')),
  '02-directory': () => source(pki.dir),
  '03-unreadable': () => ({
    from: source(good.pem),
    io: { ...clock, readFile: () => Promise.reject(Object.assign(new Error(), { code: 'EACCES' })) },
  }),
  '04-empty': () => file('\n'),
  '05-certificate-without-key': () => source(good.certificate),
  '06-key-without-certificate': () => source(good.key),
  '07-encrypted-key-without-password': () => file(encrypted() + text(good.certificate)),
  '08-wrong-password-pem': () => ({
    ...file(encrypted() + text(good.certificate)),
    password: inline(guess),
  }),
  '09-wrong-password-p12': () => source(good.p12, guess),
  '10-p12-without-password': () => source(good.p12),
  '11-certificate-in-der': () => file(convert('x509', '-in', good.certificate, '-outform', 'DER'), 'it.crt'),
  '12-key-in-der': () => file(convert('pkey', '-in', good.key, '-outform', 'DER'), 'it.key'),
  '13-pkcs7-in-pem': () => file(convert('crl2pkcs7', '-nocrl', '-certfile', good.certificate), 'it.p7b'),
  '14-pkcs7-in-der': () =>
    file(convert('crl2pkcs7', '-nocrl', '-certfile', good.certificate, '-outform', 'DER'), 'it.p7b'),
  '15-request': () =>
    file(text(good.key) + convert('req', '-new', '-key', good.key, '-subj', '/CN=x').toString()),
  '16-request-in-der': () =>
    file(convert('req', '-new', '-key', good.key, '-subj', '/CN=x', '-outform', 'DER'), 'it.csr'),
  '17-ssh-key': () => file('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\n-----END OPENSSH PRIVATE KEY-----\n'),
  '18-p12-in-pem': () =>
    file(`-----BEGIN PKCS12-----\n${readFileSync(good.p12, 'base64')}\n-----END PKCS12-----\n`),
  '19-p12-in-base64': () => file(readFileSync(good.p12, 'base64'), 'it.b64'),
  '20-too-large': () => file(Buffer.alloc(1_048_577)),
  '21-key-of-another': () => file(text(other.key, good.certificate, good.chain)),
  '22-two-keys-in-pem': () => file(text(good.pem, other.pem)),
  '23-rsa-1024': () => pem({ key: 'rsa1024' }),
  '24-ed25519': () => pem({ key: 'ed25519' }),
  '25-rsa-pss': () => pem({ key: 'rsa-pss' }),
  '26-secp256k1': () => pem({ key: 'secp256k1' }),
  '27-usage': () => pem({ keyUsage: 'keyEncipherment', eku: 'serverAuth,clientAuth' }),
  '28-authority': () => pem({ basicConstraints: 'CA:TRUE' }),
  '30-not-yet-valid': () => pem({ notBefore: at(3) }),
  '32-chain-incomplete': () => {
    const { key, certificate } = issue({});
    return file(text(key, certificate));
  },
  '33-chain-with-a-gap': () => {
    const middle = pki.authority('middle', pki.intermediate);
    const { key, certificate } = issue({ issuer: middle });
    return file(text(key, certificate, middle.certificate, pki.root.certificate));
  },
  '34-readable-by-all': () => source(put(pki, 'open.pem', text(issue({}).pem), 0o644)),
  '35-password-file-missing': () => ({ ...source(good.p12), password: passwordFile('nothing.pass') }),
  '36-password-file-empty': () => {
    put(pki, 'empty.pass', `\n${password}\n`);
    return { ...source(good.p12), password: passwordFile('empty.pass') };
  },
  '37-password-file-wrong': () => {
    put(pki, 'wrong.pass', `${guess}\n`);
    return { ...source(good.p12), password: passwordFile('wrong.pass') };
  },
  '38-credential-without-systemd': () => ({
    ...source(good.p12),
    password: { kind: 'credential', name: 'billing.pass' },
  }),
  '39-credential-as-path': () => ({ ...source(good.p12), password: { kind: 'credential', name: '../x' } }),
  '69-credential-not-handed-in': () => ({
    from: source('credential:billing.p12'),
    io: { ...clock, credentialsDirectory: pki.dir },
  }),
  '40-integrity-check-unknown': () =>
    forged([], pfx => {
      const algorithm = asn1.children(asn1.children(asn1.children(pfx)[2])[0])[0];
      asn1.children(algorithm)[0]!.value = '\x2a\x86\x48\x86\xf7\x0d\x02\x05'; // MD5
    }),
  '41-secret-bag': () =>
    forged(['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'], pfx => {
      const safes = asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]!;
      // certBag → secretBag
      safes.value = (safes.value as string).replaceAll('\x01\x0c\x0a\x01\x03', '\x01\x0c\x0a\x01\x05');
    }),
  '42-hostile-rounds': () =>
    forged([], pfx => {
      asn1.children(asn1.children(pfx)[2])[2]!.value = '\x7f\xff\xff\xff\xff\xff\xff\xff';
    }),
  '43-rc4': () => source(p12(['-legacy', '-certpbe', 'PBE-SHA1-RC4-128']), password),
  '44-two-keys-in-p12': () => {
    // openssl exports one key a file: two files' safes in one, without MAC.
    const safes = [good, other].map(({ pem }) => {
      const pfx = asn1.parse(readFileSync(p12(['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'], pem)));
      return { pfx, octets: asn1.children(asn1.children(asn1.children(pfx)[1])[1])[0]! };
    });
    const [first, second] = safes.map(({ octets }) => asn1.parse(asn1.contents(octets)));
    asn1.children(first).push(...asn1.children(second));
    safes[0]!.octets.value = asn1.encode(first!).toString('latin1');
    return file(asn1.encode(safes[0]!.pfx), 'it.p12');
  },
  '45-p12-damaged': () => {
    const bytes = readFileSync(p12(['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE']));
    bytes.fill(0xff, 200, 210);
    return file(bytes, 'it.p12');
  },
  '46-p12-cut-short': () => file(readFileSync(good.p12).subarray(0, 900), 'it.p12'),
  '47-pem-cut-short': () => file(text(good.pem).slice(0, -40)),
  '48-certificate-damaged': () =>
    file(`${text(good.key)}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
  '49-utf-16': () => file(Buffer.from(`\ufeff${text(good.pem)}`, 'utf16le')),
  '50-java-key-store': () => file(Buffer.from('feedfeed0000000200000001', 'hex'), 'it.jks'),
  '51-something-else': () => file('hello, world\n', "it's.txt"),
  '52-no-mailbox': () => pem({ addresses: [] }),
  '53-strange-mailbox': () => pem({ addresses: ['leaf@example.com', 'not a mailbox'] }),
  '54-self-signed': () => {
    const args = ['-subj', '/CN=self', '-addext', 'basicConstraints=critical,CA:FALSE'];
    const san = ['-addext', 'subjectAltName=email:self@example.com', '-days', '9000'];
    const self = openssl(['req', '-x509', '-new', '-key', good.key, ...args, ...san]).toString();
    return { from: file(text(good.key) + self) };
  },
  '55-key-file-without-key': () => ({ ...source(good.certificate), keyFile: other.certificate }),
  '56-key-file-of-another': () => ({ ...source(good.certificate), keyFile: other.key }),
  '57-chain-file-without-certificate': () => ({
    ...source(good.pem),
    chainFile: put(pki, 'none.pem', newKey('p256')),
  }),
  '59-issuer-expired': () => pem({ issuer: pki.authority('past', pki.root, at(-1)) }),
  '60-key-damaged': () => {
    const { key, certificate, chain } = issue({ key: 'rsa2048' });
    const der = Buffer.from(text(key).replace(/-----.*-----/g, ''), 'base64');
    // In the private exponent and in a prime: OpenSSL makes good for one of them by the other.
    for (const at of [400, 620]) der[at]! ^= 1;
    const pkcs8 = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    return file(pkcs8 + text(certificate, chain));
  },
  '58-key-and-password-missing': () => ({
    ...source(good.certificate),
    keyFile: join(pki.dir, 'nothing.key'),
    password: passwordFile('nothing.pass'),
  }),
  '61-rsa-pss-for-another-mask': () => pss(['md:sha256', 'mgf1_md:sha512', 'saltlen:32']),
  '62-rsa-pss-with-long-salt': () => pss(['md:sha256', 'mgf1_md:sha256', 'saltlen:33']),
  '63-rsa-pss-for-sha-1': () => pss(['md:sha1', 'mgf1_md:sha1', 'saltlen:20']),
  '64-rsa-pss-1024': () => pss([], 1024),
  '65-p521': () => pem({ key: 'p521' }),
  '66-des-in-pem': () => {
    const des = 'DEK-Info: DES-CBC,73C3B8F769F95475';
    const key = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n${des}\n\nAAAA\n-----END RSA PRIVATE KEY-----\n`;
    return { ...file(key + text(good.certificate)), password: inline(password) };
  },
  '67-scrypt-takes-all-memory': () => {
    const args = ['-topk8', '-scrypt', '-in', good.key, '-passout', `pass:${password}`, '-outform', 'DER'];
    const node = asn1.parse(openssl(['pkcs8', ...args]));
    const [, parameters] = asn1.children(asn1.children(node)[0]);
    const [, scrypt] = asn1.children(asn1.children(parameters)[0]);
    asn1.children(scrypt)[1]!.value = '\x10\0\0'; // N
    const label = 'ENCRYPTED PRIVATE KEY';
    const key = `-----BEGIN ${label}-----\n${asn1.encode(node).toString('base64')}\n-----END ${label}-----\n`;
    return { ...file(key + text(good.certificate)), password: inline(password) };
  },
  '68-mailbox-beyond-ascii': () =>
    pem({ addresses: [], extensions: ['subjectAltName=email:leäf@example.com,email:leaf@example.com'] }),
};

/** A key that is restricted to PSS with these parameters, and its certificate. */
function pss(parameters: readonly string[], bits = 2048): CertificateSource {
  const options = [`rsa_keygen_bits:${bits}`, ...parameters.map(parameter => `rsa_pss_keygen_${parameter}`)];
  const keyText = openssl([
    'genpkey',
    '-algorithm',
    'RSA-PSS',
    ...options.flatMap(o => ['-pkeyopt', o]),
  ]).toString();
  return pem({ keyText });
}

function inline(password: string): CertificateSource['password'] {
  return { kind: 'inline', password };
}

function passwordFile(name: string): CertificateSource['password'] {
  return { kind: 'file', path: join(pki.dir, name) };
}

const wants = join(import.meta.dirname, 'bad-config', 'certificates');
mkdirSync(wants, { recursive: true });

describe('a bad certificate is told in words', () => {
  for (const [name, make] of Object.entries(cases)) {
    it(name, async () => {
      const made = make();
      const { from, io = clock } = 'from' in made ? made : { from: made, io: clock };
      const loaded = await loadCertificate(from, io);
      const told =
        'problems' in loaded
          ? loaded.problems.map(p => `${p.key ?? ''}: ${p.message}`)
          : loaded.warnings.map(p => `warning: ${p.key ?? ''}: ${p.message}`);
      const got = told.map(line => `${line.replaceAll(pki.dir, '$DIR')}\n`).join('');
      expectWanted(join(wants, name), got);
      expect(got).not.toMatch(new RegExp(`${password}|${guess}`));
    });
  }

  it('has a case for every .want', () => {
    const named = readdirSync(wants).filter(entry => entry.endsWith('.want'));
    expect(named.sort()).toEqual(
      Object.keys(cases)
        .map(name => `${name}.want`)
        .sort(),
    );
  });
});
