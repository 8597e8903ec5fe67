// One copy of a message: signed in either form as its decision has it, or not signed and not changed by our field on top.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digests } from '../../src/algorithms.js';
import { parseHeader } from '../../src/mime/header.js';
import { parsePatterns } from '../../src/rules/pattern.js';
import type { Rule } from '../../src/rules/policy.js';
import { chunks, mail } from '../support/golden-chunks.js';
import {
  envelope,
  goldenClock,
  goldenDirectory,
  goldenIdentity,
  policyFor,
  ruleFor,
  runFilter,
  type Delivery,
} from '../support/golden-filter.js';
import { dissect } from '../support/verifiers.js';

const identity = await goldenIdentity('rsa');
const toBob = envelope('anna@example.com', ['bob@example.org'], ['BODY=8BITMIME', 'RET=HDRS']);

/** The copy that such a rule has made of a message. */
async function copyOf(message: Buffer, changes: Partial<Rule>): Promise<Delivery> {
  const rules = [ruleFor(identity, changes)];
  const { deliveries } = await runFilter([message], toBob, { policy: { ...policyFor(identity), rules } });
  return deliveries[0]!;
}

/** What OpenSSL has verified. */
function verified(message: Buffer): string {
  const root = join(goldenDirectory, 'root.pem');
  const at = String(goldenClock.getTime() / 1000);
  const args = ['cms', '-verify', '-CAfile', root, '-attime', at];
  return execFileSync('openssl', args, { input: message, stdio: 'pipe' }).toString();
}

const message = mail(
  'From: anna@example.com',
  'Subject: Rechnung',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'Grüße an alle in Köln',
);
const entity = mail(
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=C3=BC=C3=9Fe an alle in K=C3=B6ln',
).toString();
const protectedEntity = mail(
  'From: anna@example.com',
  'Subject: Rechnung',
  'Content-Type: text/plain;',
  ' charset=utf-8;',
  ' hp="clear"',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=C3=BC=C3=9Fe an alle in K=C3=B6ln',
).toString();

describe('a signed copy', () => {
  test.each([
    ['clear', false, 'multipart/signed', entity],
    ['opaque', false, 'application/pkcs7-mime', entity],
    ['clear', true, 'multipart/signed', protectedEntity],
    ['opaque', true, 'application/pkcs7-mime', protectedEntity],
  ] as const)(
    'has the form and the protection of its decision (R18, R20, R29): %s, %s',
    async (form, headerProtection, type, want) => {
      const { content } = await copyOf(message, { form, headerProtection });
      const names = parseHeader(content).map(f => f.name);
      expect(names.slice(0, 4)).toEqual(['received', 'from', 'subject', 'mime-version']);
      expect(content.toString()).toContain(`\r\nContent-Type: ${type};`);
      expect(dissect(content).entity.toString()).toBe(want);
      expect(verified(content)).toBe(want);
    },
  );

  test.each(['clear', 'opaque'] as const)('is 7-bit in either form, and says so: %s', async form => {
    const { parameters } = (await copyOf(message, { form })).envelope;
    expect(parameters).toEqual(['RET=HDRS']);
  });

  test.each([
    ['clear', 'sha1', 'sha-1'],
    ['clear', 'sha384', 'sha-384'],
    ['opaque', 'sha512', undefined],
  ] as const)(
    'is signed with the digest of its decision, and says so (R18): %s, %s',
    async (form, digest, micalg) => {
      const { content } = await copyOf(message, { form, digest: digests[digest] });
      expect(/micalg=([^;\s]+)/.exec(content.toString())?.[1]).toBe(micalg);
      expect(verified(content)).toBe(entity);
    },
  );
});

describe('the signing time (R23)', () => {
  /** `signingTime` in DER, and this moment as UTCTime. */
  const claim = Buffer.concat([
    Buffer.from('06092a864886f70d010905310f170d', 'hex'),
    Buffer.from('261124103000Z'),
  ]);

  test.each([
    ['Date: Tue, 24 Nov 2026 10:30:00 +0000', true],
    ['Date: Tue, 24 Nov 2026 12:20:00 +0100', true],
    ['Date: Tue, 24 Nov 2026 09:39:00 +0000', false],
    ['Date: Tue, 24 Nov 2026 11:21:00 +0000', false],
    ['Date: this morning', false],
    ['X-No-Date: at all', false],
  ])('is claimed only beside a Date that it agrees with: %s', async (date, claimed) => {
    for (const form of ['clear', 'opaque'] as const) {
      const { content } = await copyOf(Buffer.concat([mail(date), message]), { form });
      expect(dissect(content).signature.includes(claim)).toBe(claimed);
    }
  });
});

const policy = policyFor(identity, { name: 'all', recipients: parsePatterns('*') });

test.each([
  [
    'white space first is body, and stays it',
    ' indented\r\nSubject: no\r\n',
    '\r\n indented\r\nSubject: no\r\n',
  ],
  ['also where that is all', '\tindented', '\r\n\tindented'],
  ['any other line ends the header itself', 'no field\r\n', 'no field\r\n'],
  ['an empty line does', '\r\n indented\r\n', '\r\n indented\r\n'],
])('a message without header: %s', async (_, message, want) => {
  for (const size of [1, message.length]) {
    const { deliveries } = await runFilter(
      chunks(Buffer.from(message), size),
      envelope('anna@example.com', ['bob@example.org']),
      { policy },
    );
    const got = deliveries[0]!.content.toString();
    expect(got.replace(/^Received: .*\r\n(?:\t.*\r\n)+?(?=\t.*\+0000\r\n)\t.*\r\n/, '')).toBe(want);
  }
});
