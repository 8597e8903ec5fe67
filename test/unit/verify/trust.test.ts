// Who signed: chain, validity, usage and sender, each with a fault; OpenSSL refuses the same ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as der from '../../../src/cms/der.js';
import { openssl, type Authority, type Issued, type Request } from '../../support/pki.js';
import { put, temporaryPki } from '../../support/pki-temporary.js';
import {
  agreed,
  attribute,
  basic,
  clear,
  complaints,
  edited,
  handmade,
  judge,
  oid,
  signedBy,
} from './messages.js';

const pki = temporaryPki();
const root = pki.root.certificate;
let anna: Issued;
let stranger: Issued;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
  stranger = selfSigned('stranger');
});

/** As people make their own: it is an authority too. */
function selfSigned(name: string): Issued {
  const [key, certificate] = [join(pki.dir, `${name}.key`), join(pki.dir, `${name}.crt`)];
  const subject = ['-subj', `/O=Self/CN=${name}`, '-addext', 'subjectAltName=email:anna@example.com'];
  openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-keyout', key, '-out', certificate]);
  return { ...anna, name, key, certificate, chain: certificate };
}

let count = 0;
/** A certificate for Anna with something about it. */
const issue = (request: Partial<Request>): Issued =>
  pki.issue({ name: `leaf-${++count}`, addresses: ['anna@example.com'], ...request });

/** An authority with something about it, to issue with. */
function authority(request: Partial<Request>): Authority {
  const made = issue({
    addresses: [],
    freshKey: true,
    keyUsage: 'critical,keyCertSign',
    eku: null,
    basicConstraints: 'critical,CA:TRUE',
    issuer: pki.root,
    ...request,
  });
  const pem = readFileSync(made.certificate, 'utf8') + readFileSync(made.chain, 'utf8');
  return {
    name: made.name,
    key: made.key,
    certificate: made.certificate,
    chain: put(pki, `${made.name}.chain`, pem),
  };
}

/** The reason why the signer is not trusted; OpenSSL does not trust it either. */
function distrust(signer: Issued, ca = root): string {
  const { outcome, text } = agreed(signedBy(signer), ca).verdict;
  expect(outcome).toBe('not trusted');
  return /^signature: good; signer: not trusted \((.*)\)$/.exec(text)![1]!;
}

const past = new Date('2020-01-01');
const future = new Date('2099-01-01');

describe('the certificate (R7)', () => {
  test('expired', () => {
    const signer = issue({ notBefore: past, notAfter: new Date('2021-01-01') });
    expect(distrust(signer)).toMatch(/^the certificate expired on 2021-01-01, and signed at 20/);
  });

  test('not yet valid', () => {
    const signer = issue({ notBefore: future, notAfter: new Date('2100-01-01') });
    expect(distrust(signer)).toMatch(/^the certificate is not valid before 2099-01-01, and signed at 20/);
  });

  test('valid now, not when it signed: NSS judges by that time, OpenSSL by now', () => {
    const signed = (time: string): Buffer =>
      clear(handmade(anna, [...basic(), attribute(oid.signingTime, der.time(new Date(time)))]));
    const { verdict } = judge(signed('2020-01-01T00:00:00Z'), root);
    expect(verdict.text).toMatch(
      /the certificate is not valid before .*, and signed at 2020-01-01T00:00:00.000Z/,
    );
    expect(judge(signed(new Date().toISOString()), root).verdict.outcome).toBe('good');
  });

  test('expired now, valid when it signed', () => {
    const later = judge(signedBy(anna), root, { now: future });
    expect(later.verdict.text).toMatch(/^signature: good; signer: not trusted \(the certificate expired on /);
  });

  test('for another purpose', () => {
    expect(distrust(issue({ eku: 'serverAuth' }))).toBe(
      'the certificate is not meant for mail (extended key usage without emailProtection)',
    );
    expect(distrust(issue({ keyUsage: 'keyEncipherment' }))).toBe(
      'the certificate may not sign (keyUsage without digitalSignature and nonRepudiation)',
    );
  });

  test('for the right purpose, in each way to say it', () => {
    for (const request of [{ keyUsage: 'nonRepudiation' }, { keyUsage: null }, { eku: null }])
      expect(agreed(signedBy(issue(request)), root).verdict.outcome).toBe('good');
    // RFC 8550 §4.4.4 allows it; OpenSSL's purpose smimesign does not.
    const any = judge(signedBy(issue({ eku: 'anyExtendedKeyUsage' })), root);
    expect(any.verdict.outcome).toBe('good');
  });

  test('with a critical extension that nobody knows (RFC 5280 §4.2)', () => {
    expect(distrust(issue({ extensions: ['1.2.3.4=critical,DER:0500'] }))).toBe(
      'the certificate has an extension that is not understood here: 1.2.3.4',
    );
    // OpenSSL knows this one: here its chain is refused without need, but in words.
    const constrained = authority({ extensions: ['nameConstraints=permitted;email:example.com'] });
    expect(judge(signedBy(issue({ issuer: constrained })), root).verdict.text).toMatch(
      /the authority .* has an extension that is not understood here: nameConstraints/,
    );
    const harmless = issue({ extensions: ['1.2.3.4=DER:0500'] });
    expect(agreed(signedBy(harmless), root).verdict.outcome).toBe('good');
  });

  test('of a weak key: told (R8)', () => {
    const report = agreed(signedBy(issue({ key: 'rsa1024' })), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)).toContain('warning key: weak: RSA with less than 2048 bits (RFC 8551 §4.1)');
  });
});

describe('the chain (R9)', () => {
  const withRoot = (): Buffer => {
    const pem = readFileSync(anna.chain, 'utf8') + readFileSync(root, 'utf8');
    return signedBy({ ...anna, chain: put(pki, 'with-root.pem', pem) });
  };

  test('its root is not trusted', () => {
    expect(distrust(anna, stranger.certificate)).toBe(
      'chain ends at O=Postseal Test, CN=Postseal Test intermediate, and its issuer O=Postseal Test, CN=Postseal Test root is not known; name the root with --ca',
    );
    // Whoever sends the root with it is not trusted for that.
    expect(agreed(withRoot(), stranger.certificate).verdict.text).toContain(
      'chain ends at O=Postseal Test, CN=Postseal Test root, which is not trusted; name it with --ca',
    );
  });

  test('an authority is missing in the message: only those who have it can verify', () => {
    const message = signedBy({ ...anna, chain: anna.certificate });
    expect(agreed(message, root).verdict.text).toContain(
      'chain ends at O=Postseal Test, CN=anna, and its issuer O=Postseal Test, CN=Postseal Test intermediate is not known',
    );
    const both = put(pki, 'both.pem', readFileSync(root, 'utf8') + readFileSync(anna.chain, 'utf8'));
    const report = agreed(message, both);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)).toContain(
      'warning chain: O=Postseal Test, CN=Postseal Test intermediate is not in the message: who does not have it cannot verify (RFC 8550 §2.3)',
    );
    // An authority that is no root is no reason to trust.
    expect(agreed(message, anna.chain).verdict.outcome).toBe('not trusted');
  });

  test('the root is in the message: told', () => {
    const report = agreed(withRoot(), root);
    expect(report.verdict.outcome).toBe('good');
    expect(complaints(report)).toContain(
      'warning chain: the root O=Postseal Test, CN=Postseal Test root is in the message: nobody trusts it for that (RFC 8550 §2.3)',
    );
  });

  test.each<[string, Partial<Request>, RegExp]>([
    [
      'expired',
      { notBefore: past, notAfter: new Date('2021-01-01') },
      /^the authority .* expired on 2021-01-01$/,
    ],
    ['no authority', { basicConstraints: 'CA:FALSE' }, /^the authority .* is none: it lacks CA:TRUE$/],
    ['for servers only', { eku: 'serverAuth' }, /^the authority .* is not meant for mail/],
    ['not to issue certificates', { keyUsage: 'critical,digitalSignature' }, /^chain ends at .*is not known/],
  ])('an authority is %s', (_, request, reason) => {
    expect(distrust(issue({ issuer: authority(request) }))).toMatch(reason);
  });

  test('an authority has authorities below it, and may not', () => {
    const upper = authority({ basicConstraints: 'critical,CA:TRUE,pathlen:0' });
    expect(agreed(signedBy(issue({ issuer: upper })), root).verdict.outcome).toBe('good');
    const lower = authority({ issuer: upper });
    expect(distrust(issue({ issuer: lower }))).toMatch(
      /^the authority .* allows only 0 authorities below it$/,
    );
  });

  test('a certificate with the name of the authority, and not its key', () => {
    const impostor = authority({ subject: '/O=Postseal Test/CN=Postseal Test intermediate' });
    const signer = issue({ issuer: { ...impostor, chain: pki.intermediate.chain } });
    expect(distrust(signer)).toMatch(/^chain ends at O=Postseal Test, CN=leaf-/);
  });

  test('of two ways up the one to a trusted root is taken', () => {
    const name = { subject: '/O=Twice/CN=Authority', freshKey: false };
    const other = authority({ subject: '/O=Other/CN=Root', issuer: pki.root });
    const [one, two] = [authority({ ...name, issuer: other }), authority({ ...name, notAfter: future })];
    const chain = put(
      pki,
      'twice.pem',
      readFileSync(one.certificate, 'utf8') + readFileSync(two.certificate, 'utf8'),
    );
    // OpenSSL takes the first certificate that fits, and does not come back for the other one.
    const report = judge(signedBy({ ...issue({ issuer: one }), chain }), root);
    expect(report.verdict.outcome).toBe('good');
    expect(report.signers[0]!.chain.map(c => c.subject).slice(1)).toEqual([
      'O=Twice, CN=Authority',
      'O=Postseal Test, CN=Postseal Test root',
    ]);
  });

  test('certificates that issue each other lead nowhere, and not for long', () => {
    const name = { subject: '/O=Loop/CN=One', freshKey: false };
    const other = { subject: '/O=Loop/CN=Two', freshKey: false };
    const begin = authority(name);
    const second = authority({ ...other, issuer: begin });
    const pems = Array.from({ length: 8 }, () => [
      authority({ ...name, issuer: second }),
      authority({ ...other, issuer: begin }),
    ]);
    const text = pems.flat().map(a => readFileSync(a.certificate, 'utf8'));
    const signer = { ...issue({ issuer: begin }), chain: put(pki, 'loop.pem', text.join('')) };
    const started = Date.now();
    expect(judge(signedBy(signer), root).verdict.outcome).toBe('not trusted');
    expect(Date.now() - started).toBeLessThan(5000);
  });

  test('signed by itself: good for who names it', () => {
    const text = 'the certificate is self-signed and not trusted; name it with --ca';
    expect(distrust(stranger)).toBe(text);
    expect(agreed(signedBy(stranger), stranger.certificate).verdict.outcome).toBe('good');
  });
});

describe('the sender (R5)', () => {
  test('From is not named by the certificate', () => {
    const { verdict } = agreed(edited(signedBy(anna), 'From: anna@', 'From: emma@'), root);
    expect(verdict).toEqual({
      outcome: 'wrong sender',
      text: 'signature: good; signer: trusted; From: not the signer (the certificate names anna@example.com, From is emma@example.com)',
    });
  });

  test.each([
    ['in another case', 'Anna@Example.COM', 'good'],
    ['unreadable', 'anna@example.com <emma@example.com>', 'wrong sender'],
  ])('From %s', (_, from, outcome) => {
    expect(judge(edited(signedBy(anna), 'anna@example.com', from), root).verdict.outcome).toBe(outcome);
  });

  test('no From', () => {
    const { verdict } = judge(edited(signedBy(anna), 'From: anna@example.com\r\n', ''), root);
    expect(verdict.text).toContain('the message has no From');
  });

  test('a certificate without addresses', () => {
    const { verdict } = agreed(signedBy(issue({ addresses: [] })), root);
    expect(verdict.text).toContain('the certificate names no address, From is anna@example.com');
  });

  test('the address in the subject, as it was done of old', () => {
    const legacy = issue({
      addresses: [],
      subject: '/O=Postseal Test/CN=Anna/emailAddress=anna@example.com',
    });
    expect(agreed(signedBy(legacy), root).verdict.outcome).toBe('good');
  });
});

describe('Date beside the signing time (R23)', () => {
  const now = Date.now();
  const dated = (minutes: number): Buffer =>
    edited(signedBy(anna), 'From:', `Date: ${new Date(now + minutes * 60_000).toUTCString()}\r\nFrom:`);

  test('within an hour', () => {
    for (const minutes of [-55, 0, 55])
      expect(complaints(judge(dated(minutes), root)).join()).not.toContain('Date');
  });

  test('beyond, or missing: told, because Thunderbird calls it bad', () => {
    for (const minutes of [-70, 70]) {
      const report = agreed(dated(minutes), root);
      expect(report.verdict.outcome).toBe('good');
      expect(complaints(report).join()).toMatch(
        /warning Date: \d+ min from the signing time: bad in Thunderbird/,
      );
    }
    expect(complaints(judge(signedBy(anna), root)).join()).toContain('warning Date: missing or unreadable');
  });

  test('without a signing time there is nothing to differ from', () => {
    expect(complaints(judge(clear(handmade(anna, basic())), root)).join()).not.toContain('Date');
  });
});

test('the signature alone: whoever made it', () => {
  const message = edited(signedBy(anna), 'From: anna@', 'From: emma@');
  const { verdict } = judge(message, stranger.certificate, { signatureOnly: true });
  expect(verdict).toEqual({ outcome: 'good', text: 'signature: good; who signed was not looked at' });
  const changed = judge(edited(message, 'Hello', 'Jello'), root, { signatureOnly: true });
  expect(changed.verdict.outcome).toBe('bad signature');
});
