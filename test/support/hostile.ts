// Text that means harm to whoever prints it, and a certificate that is full of it.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Address } from '../../src/address.js';
import { mailCertificate } from '../../src/issue/certificate.js';
import { encodeName } from '../../src/issue/name.js';
import { newKey } from './pki.js';

/** Clears the screen, begins a line, ends a string of C, turns the direction of writing around. */
export const hostile = 'a\x1b[2J\x9b31m\r\nFORGED\0\u202eb\u061c\u2066c';

/** The same without a NUL, as the name of a file or as an argument. */
export const hostileName = hostile.replaceAll('\0', '');

/** What a terminal would obey or show in another order; the line feed between lines is none of it. */
export const obeyed = /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** A line that the text has begun. */
export const forged = /^(?:postseal: )?\s*FORGED/m;

/**
 * PEM of a key, with a certificate for these addresses that it has signed itself.
 * @param value each of the attributes of subject and issuer
 */
export function hostilePem(value: string, addresses: readonly string[]): string {
  const pem = newKey('p256');
  const key = createPrivateKey(pem);
  return pem + armoured(certificate(key, value, addresses));
}

function certificate(key: KeyObject, value: string, addresses: readonly string[]): Buffer {
  const subject = ['O', 'CN'].map(type => ({ type, value }));
  const day = 86_400_000;
  const dates = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 10 * day) };
  return mailCertificate(
    { key, subject, serial: Buffer.of(1), ...dates },
    addresses.map(address => Address.parse(address)!),
    { key, name: encodeName(subject) },
  );
}

function armoured(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
