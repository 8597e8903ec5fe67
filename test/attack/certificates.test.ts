// Attack: certificates and CMS made to crash, stall or deceive their reader, in files of the service and in messages.
import { describe, expect, test } from 'vitest';
import { verify } from '../../src/verify/verify.js';
import { loadOctets } from '../support/load-octets.js';
import { openssl } from '../support/pki.js';
import { put, temporaryPki } from '../support/pki-temporary.js';
import { postseal } from '../cli/command.js';

const verdictOf = (message: string): string =>
  verify(Buffer.from(message), { trusted: [], now: new Date(), addressesOf: () => [] }).verdict.outcome;

/** A value in DER. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const length = body.length.toString(16).padStart(6, '0');
  return Buffer.concat([Buffer.of(tag, 0x83), Buffer.from(length, 'hex'), body]);
}

const none = Buffer.of(0x05, 0);
let deep: Buffer = none;
for (let i = 0; i < 2000; i++) deep = der(0x30, deep);
let deepOctets: Buffer = Buffer.of(0x04, 1, 0x41);
for (let i = 0; i < 2000; i++) deepOctets = der(0x24, deepOctets);

describe.each<[string, Buffer]>([
  ['2,000 levels', deep],
  ['2,000 levels of a string in pieces', deepOctets],
  ['300,000 levels of indefinite length', Buffer.alloc(600_000, Buffer.of(0x30, 0x80))],
  ['300,000 values', der(0x30, Buffer.alloc(600_000, none))],
  ['a string in 200,000 pieces', der(0x24, Buffer.alloc(600_000, Buffer.of(0x04, 1, 0x41)))],
  ['a length of 2^64', Buffer.from('3088ffffffffffffffff00', 'hex')],
  ['a length of 2^32', Buffer.from('3084ffffffff00', 'hex')],
  ['a length of 127 octets', Buffer.concat([Buffer.of(0x30, 0xff), Buffer.alloc(127, 0xff)])],
  ['a tag that goes on and on', Buffer.concat([Buffer.of(0x3f), Buffer.alloc(600_000, 0xff)])],
  ['a length without a value', Buffer.of(0x30, 0x82)],
  ['nothing', Buffer.alloc(0)],
])('ASN.1: %s', (_, bytes) => {
  test('in a file', async () => {
    const loaded = await loadOctets(bytes);
    expect('problems' in loaded && loaded.problems.length).toBeGreaterThan(0);
  });

  test('in a certificate and a key of PEM', async () => {
    const armour = (label: string): string =>
      `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`;
    for (const label of ['CERTIFICATE', 'PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])
      expect('problems' in (await loadOctets(Buffer.from(armour(label))))).toBe(true);
  });

  test('in the signature of a message', () => {
    const type = 'application/pkcs7-mime; smime-type=signed-data';
    const header = `From: a@example.com\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
    expect(verdictOf(`${header}${bytes.toString('base64')}\r\n`)).toBe('damaged');
  });
});

describe('names with commands to a terminal in them', () => {
  const hostile = 'a\x1b[2J\r\nb\u009b31m\u202e';
  const pki = temporaryPki();
  const issued = pki.issue({
    name: 'hostile',
    addresses: ['anna@example.com'],
    subject: `/O=${hostile}/CN=${hostile}/emailAddress=x\x1b[2J\r\n@example.com`,
  });
  const ini = put(
    pki,
    'postseal.ini',
    `[certificate:hostile]\nfile = ${issued.pem}\n[rule:x]\nsender = *@example.com\ncertificate = hostile\n`,
  );
  const signed = openssl(['smime', '-sign', '-signer', issued.pem, '-text'], 'hello\n');

  test.each<[string[], (string | Buffer)?]>([
    [['cert', 'list', '--config', ini]],
    [['cert', 'list', '--json', '--config', ini]],
    [['cert', 'show', 'hostile', '--config', ini]],
    [['check', '--config', ini]],
    [['verify', '--ca', pki.root.certificate], signed],
    [['verify', '--json', '--ca', pki.root.certificate], signed],
  ])('%j shows them escaped', async (args, input) => {
    const { stdout, stderr } = await postseal(args, input);
    const text = Buffer.from(stdout, 'latin1').toString() + stderr;
    expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(text.length).toBeGreaterThan(10);
    if (args[0] !== 'check') expect(text).toMatch(/(?:\\u001b|\\1B)\[2J/);
  });
});
