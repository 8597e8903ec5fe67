// Certificates and rules by the thousand: keys on P-256 under one authority, made within a second or two.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Address } from '../../src/address.js';
import { mailCertificate, rootCertificate } from '../../src/issue/certificate.js';
import { encodeName } from '../../src/issue/name.js';

const day = 86_400_000;
const dates = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 365 * day) };

export function addressOf(i: number): string {
  return `user${i}@d${i}.example.com`;
}

/** A directory of as many files: `cert0.pem`, each with key, certificate and its authority. */
export function makePems(directory: string, count: number): string[] {
  mkdirSync(directory, { recursive: true });
  const root = [{ type: 'CN', value: 'An authority' }] as const;
  const issuer = { key: newKey(), name: encodeName(root) };
  const serial = Buffer.from([1]);
  const ca = pem(rootCertificate({ key: issuer.key, subject: root, serial, ...dates }));
  return Array.from({ length: count }, (_, i) => {
    const key = newKey();
    const leaf = { key, subject: [{ type: 'CN', value: `User ${i}` }], serial: serialOf(i), ...dates };
    const certificate = pem(mailCertificate(leaf, [Address.parse(addressOf(i))!], issuer));
    const file = join(directory, `cert${i}.pem`);
    const text = [key.export({ type: 'pkcs8', format: 'pem' }), certificate, ca].join('');
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  });
}

/** The first of these as PKCS#12 with what OpenSSL takes where nobody asks, as many times; the password is `secret`. */
export function makePkcs12s(directory: string, from: string, count: number): string[] {
  mkdirSync(directory, { recursive: true });
  const made = join(directory, 'cert0.p12');
  const args = ['pkcs12', '-export', '-in', from, '-passout', 'pass:secret', '-out', made];
  execFileSync('openssl', args, { stdio: 'pipe' });
  return Array.from({ length: count }, (_, i) => {
    const file = join(directory, `cert${i}.p12`);
    if (i > 0) copyFileSync(made, file);
    return file;
  });
}

/** Ports of no importance: what is measured is the start. */
export function iniOf(listen: number, sections: readonly string[]): string {
  return `[service]\nlisten = 127.0.0.1:${listen}\nreturn = 127.0.0.1:9\n${sections.join('\n')}\n`;
}

/** One section and one rule for each file. */
export function sectionsFor(files: readonly string[]): string[] {
  const password = (file: string): string => (file.endsWith('.p12') ? 'password = secret\n' : '');
  return files.map(
    (file, i) =>
      `[certificate:c${i}]\nfile = ${file}\n${password(file)}` +
      `[rule:r${i}]\nsender = ${addressOf(i)}\ncertificate = c${i}\nmismatch = allow`,
  );
}

export function directoryFor(directory: string, senders: readonly string[]): string[] {
  return [
    `[certificates:all]\ndirectory = ${directory}\npassword = secret`,
    ...senders.map((sender, i) => `[rule:r${i}]\nsender = ${sender}\ncertificates = all`),
  ];
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function pem(der: Buffer): string {
  return new X509Certificate(der).toString();
}

function serialOf(i: number): Buffer {
  const serial = Buffer.alloc(5, 1);
  serial.writeUInt32BE(i, 1);
  return serial;
}
