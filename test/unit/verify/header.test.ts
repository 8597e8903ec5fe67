// The header around a signed part: protected fields that were changed, several From fields, what comes twice.
import { beforeAll, describe, expect, test } from 'vitest';
import { openssl, type Issued } from '../../support/pki.js';
import { temporaryPki } from '../../support/pki-temporary.js';
import { canonical } from '../../support/verifiers.js';
import { complaints, edited, judge, signedBy } from './messages.js';

const pki = temporaryPki();
const root = pki.root.certificate;
let anna: Issued;

beforeAll(() => {
  anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
});

const now = new Date().toUTCString();
const inside = `From: Anna <anna@example.com>\r\nTo: bob@example.net\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nDate: ${now}\r\n`;

/** With the header once more on the signed part, as RFC 9788 has it. */
function protectedBy(outside = inside, ...options: string[]): Buffer {
  const entity = `${inside}Content-Type: text/plain; hp="clear"\r\n\r\nHi\r\n`;
  const by = ['-signer', anna.certificate, '-inkey', anna.key, '-certfile', anna.chain];
  const message = canonical(openssl(['cms', '-sign', '-crlfeol', ...by, ...options], entity));
  return Buffer.concat([Buffer.from(outside), message]);
}

describe('a protected header (RFC 9788)', () => {
  test('that is the same outside', () => {
    for (const options of [[], ['-nodetach']]) {
      const report = judge(protectedBy(inside, ...options), root);
      expect(report.verdict.outcome).toBe('good');
      expect(complaints(report).filter(c => c.includes('header'))).toEqual([]);
      expect(report.checks).toContainEqual({
        aspect: 'message',
        result: 'ok',
        about: 'header',
        text: 'header protected: 4 fields, and outside they are the same',
      });
    }
  });

  test('that is encoded or folded in another way outside', () => {
    for (const subject of [
      '=?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
      'Grüße',
      '\r\n =?utf-8?B?R3LDvA==?=\r\n =?utf-8?B?w59l?=',
    ]) {
      const report = judge(protectedBy(inside.replace(/(?<=Subject: ).*/, subject)), root);
      expect(complaints(report).filter(c => c.includes('header'))).toEqual([]);
    }
  });

  test('another From outside is a wrong sender, whoever it is', () => {
    for (const other of ['emma@example.com', 'anna@example.com, emma@example.com']) {
      const { verdict } = judge(protectedBy(inside.replace('Anna <anna@example.com>', other)), root);
      expect(verdict.outcome).toBe('wrong sender');
      expect(verdict.text).toContain(`from outside is ${other}, signed was Anna <anna@example.com>`);
    }
    expect(judge(protectedBy(`From: emma@example.com\r\n${inside}`), root).verdict.outcome).toBe(
      'wrong sender',
    );
    expect(judge(protectedBy(''), root).verdict.outcome).toBe('wrong sender');
  });

  test('another field outside is told by name', () => {
    const changed = (from: string, to: string): string[] => {
      const report = judge(protectedBy(inside.replace(from, to)), root);
      expect(report.verdict.outcome).toBe('good');
      return complaints(report);
    };
    expect(changed('To: bob@', 'To: eve@')).toContain(
      'warning header: to outside is eve@example.net, signed was bob@example.net',
    );
    expect(changed('From: Anna', 'From: CEO')).toContain(
      'warning header: from outside is CEO <anna@example.com>, signed was Anna <anna@example.com>',
    );
    expect(changed('To:', 'Reply-To: eve@example.org\r\nTo:')).toContain(
      'warning header: reply-to outside is eve@example.org, signed was (none)',
    );
    expect(changed('Subject:', 'X:')).toContain(
      'warning header: subject outside is (none), signed was Grüße',
    );
  });

  test('Date is the signed one', () => {
    const report = judge(protectedBy(inside.replace(now, 'Mon, 1 Jan 2001 00:00:00 +0000')), root);
    expect(report.signers[0]!.checks).toContainEqual(
      expect.objectContaining({ about: 'Date', result: 'ok' }),
    );
  });
});

describe('who wrote it (RFC 8550 §3)', () => {
  test.each([
    ['two From fields', 'From: anna@example.com\r\nFrom:', 'the message has 2 From fields'],
    ['one From of two named', 'From: emma@example.com,', 'the certificate names only anna@example.com'],
  ])('%s: not named', (_, header, text) => {
    const { verdict } = judge(edited(signedBy(anna), 'From:', header), root);
    expect(verdict.outcome).toBe('wrong sender');
    expect(verdict.text).toContain(text);
  });

  test('Sender named alone: not named either', () => {
    const header = 'Sender: anna@example.com\r\nFrom: emma@example.com';
    const { verdict } = judge(edited(signedBy(anna), 'From: anna@example.com', header), root);
    expect(verdict).toEqual({
      outcome: 'wrong sender',
      text: 'signature: good; signer: trusted; From: not the signer (the certificate names Sender anna@example.com, and not From emma@example.com)',
    });
  });
});

describe('what comes twice, and readers differ on', () => {
  test.each([
    ['MIME-Version', 'Content-Type: text/html\r\nMIME-Version', 'Content-Type', false],
    [
      'MIME-Version',
      'Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version',
      'Content-Transfer-Encoding',
      true,
    ],
    ['; boundary=', '; boundary="x"; BOUNDARY=', 'boundary', false],
    ['; micalg=', '; micalg="sha-256"; micalg=', 'micalg', true],
    ['; protocol=', "; protocol*=utf-8''application/pkcs7-signature; protocol=", 'protocol', true],
    [
      'Content-Disposition',
      'Content-Transfer-Encoding: 7bit\r\nContent-Disposition',
      'Content-Transfer-Encoding',
      true,
    ],
  ])('%j as %j', (from, to, about, checked) => {
    const report = judge(edited(signedBy(anna), from, to), root);
    const told = complaints(report).filter(
      c => c.startsWith(`warning ${about}: `) && c.includes('readers differ'),
    );
    // Where the first Content-Type or boundary is another, it is no signed message any more.
    if (checked) expect(told).toHaveLength(1);
    else expect(report.verdict.outcome).not.toBe('good');
  });

  test('in the signed part', () => {
    const by = ['-signer', anna.certificate, '-inkey', anna.key, '-certfile', anna.chain];
    const entity = 'Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nHi\r\n';
    const message = canonical(
      openssl(['cms', '-sign', '-crlfeol', ...by, '-from', 'anna@example.com'], entity),
    );
    expect(complaints(judge(message, root))).toContain(
      'warning Content-Type: 2 of them in the signed part: readers differ on which counts',
    );
  });
});
