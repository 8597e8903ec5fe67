// The tools of `npm run corpora` and `npm run fuzz`: that they find messages, and above all that they find faults.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Identity } from '../../src/identity.js';
import { cmsFaults } from '../fuzz/cms.js';
import { mail } from '../support/golden-chunks.js';
import { goldenIdentity } from '../support/golden-filter.js';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { identityOf, source } from '../support/pki-temporary.js';
import { flipped, verifierPeers, Verifiers } from '../support/verifiers.js';
import { attempt, fromOneMailbox, manners, policyForAll, type Manner } from './attempt.js';
import { Examiner } from './examine.js';
import { judge, passedUnchanged, secondOpinion } from './judge.js';
import { messagesIn, readMessages } from './messages.js';
import { knownDisagreement } from './readings.js';
import { report } from './report.js';
import { runWatched } from './watched.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-corpora-test-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const plain = mail('From: Kim <kim@example.net>', 'Subject: Lunch', 'Date: today', '', 'At noon? ', 'Grüße');
const [clear, clearProtected, opaque] = manners as [Manner, Manner, Manner];

let identity: Identity;
beforeAll(async () => {
  identity = await goldenIdentity('rsa');
});

async function signed(message: Buffer, manner: Manner): Promise<Buffer> {
  const made = await attempt([message], policyForAll(identity, manner));
  if (made.action !== 'signed') throw new Error(made.action);
  return made.content;
}

test('files hold a message, several, or none; every line end becomes CRLF', () => {
  expect(messagesIn(Buffer.from('From: a@b\nSubject: c\n\nbody\r\nend'))).toEqual([
    Buffer.from('From: a@b\r\nSubject: c\r\n\r\nbody\r\nend\r\n'),
  ]);
  const first = 'From a@b Tue Nov 24 10:30:00 2026\nFrom: a@b\nTo: c@d\n\nFrom here\n\n';
  const second = 'From c@d Tue Nov 24 10:31:00 2026\nFrom: c@d\nTo: a@b\n\nthere\n';
  expect(messagesIn(Buffer.from(first + second)).map(m => m.toString())).toEqual([
    'From: a@b\r\nTo: c@d\r\n\r\nFrom here\r\n',
    'From: c@d\r\nTo: a@b\r\n\r\nthere\r\n',
  ]);
  expect(messagesIn(Buffer.from('#!/bin/sh\necho From: a@b\n'))).toEqual([]);
  expect(messagesIn(Buffer.from('Subject: only this\n\ntext\n'))).toEqual([]);
});

test('a message that two packages have counts once', () => {
  const packages = ['one', 'two'].map(name => {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'a.eml'), plain);
    const from = { registry: 'npm', package: name, files: [] } as const;
    return { source: from, archives: [`${name}.tgz`], directory: join(directory, name) };
  });
  expect([...readMessages(packages)]).toEqual([{ source: 'one', name: 'a.eml', bytes: plain }]);
});

test('a message signed well has no faults, in any manner', async () => {
  for (const manner of manners) {
    const output = await signed(plain, manner);
    expect(judge(plain, output, manner.headerProtection)).toEqual([]);
    expect(await secondOpinion(plain, output)).toEqual({ faults: [] });
    expect(cmsFaults(output)).toEqual([]);
  }
});

test.each<[string, Manner, (output: string) => string, RegExp]>([
  ['another text', clear, o => o.replace('At noon', 'At one'), /^content differs/],
  [
    'an octet that is not 7-bit',
    clear,
    o => o.replace('=20', ' '.concat('\xa0')),
    /^8-bit in the clear form/,
  ],
  ['another Subject', clear, o => o.replace('Subject: Lunch', 'Subject: Dinner'), /^fields outside/],
  ['a field that is gone', clear, o => o.replace('Date: today\r\n', ''), /^fields outside/],
  ['no Received', clear, o => o.replace('Received:', 'X-Received:'), /^no Received/],
  [
    'two MIME-Versions',
    clear,
    o => o.replace('MIME-Version', 'MIME-Version: 1.0\r\nMIME-Version'),
    /^not one MIME/,
  ],
  ['no hp', clearProtected, o => o.replace('; hp="clear"', ''), /^no hp="clear"/],
  [
    'a protected field changed',
    clearProtected,
    o => o.replace(/(?<=hp.*)Lunch/s, 'Dinner'),
    /^protected fields/,
  ],
])('the judge sees %s', async (_what, manner, damage, words) => {
  const output = (await signed(plain, manner)).toString('latin1');
  const damaged = damage(output);
  expect(damaged).not.toBe(output);
  expect(judge(plain, Buffer.from(damaged, 'latin1'), manner.headerProtection).join('\n')).toMatch(words);
});

test('a protected field with a line that relays would break is folded, and still the same field', async () => {
  const long = mail('From: a@b.example', `References: ${'<a@b> '.repeat(166)}`, 'Subject: a', '', 'text');
  expect(judge(long, await signed(long, clearProtected), true)).toEqual([]);
});

test.each([clear, opaque])('the check of the CMS sees one octet of difference ($name)', async manner => {
  expect(cmsFaults(flipped(await signed(plain, manner))).join('\n')).toContain('messageDigest');
});

test('what passes is compared octet for octet', async () => {
  const report = mail('From: a@b.example', 'Content-Type: multipart/report; boundary=b', '', '--b--');
  const made = await attempt([report], policyForAll(identity, clear));
  if (made.action !== 'passed') throw new Error(made.action);
  expect(passedUnchanged(report, made.content)).toBe(true);
  expect(passedUnchanged(report, Buffer.concat([Buffer.from('X-Also: this\r\n'), made.content]))).toBe(false);
  expect(passedUnchanged(report, Buffer.concat([made.content, Buffer.from('\r\n')]))).toBe(false);
});

test('disagreement with the second reader is excused only where its reason is there', () => {
  const multipart = ['Content-Type: multipart/mixed; boundary=b', ''];
  const reason = (...lines: string[]): string | undefined => knownDisagreement(mail(...lines));
  expect(reason('Content-Type: text', '', 'a')).toContain('without a subtype');
  expect(reason(...multipart, '--b ', '', 'a', '--b--')).toContain('white space behind a delimiter');
  expect(reason(...multipart, '--b', 'no field', '', 'a', '--b--')).toContain('no field');
  expect(reason('Content-Type: multipart/digest; boundary=b', '', '--b--')).toContain('multipart/digest');
  expect(reason('Content-Type: message/rfc822', '', ' folded', '', 'a')).toContain('no field');
  expect(reason('Content-Type: message/global', '', 'a')).toContain('message/global');
  expect(reason('Content-Transfer-Encoding: "base64"', '', 'a')).toContain('in quotes');
  expect(reason(...multipart, '--b', '', 'no field', '', 'a', '--b--')).toBeUndefined();
});

test('From names one mailbox in the end, and nothing else changes', () => {
  const several = mail('Subject: a', 'From: a@b, c@d', 'FROM: e@f', 'To: g@h', '', 'text');
  expect(fromOneMailbox(several)).toEqual(
    mail('From: anna@example.com', 'Subject: a', 'To: g@h', '', 'text'),
  );
});

test('a script that hangs or dies is told by what it had begun', async () => {
  const script = join(directory, 'script.mjs');
  const run = (code: string): Promise<void> => {
    writeFileSync(script, `process.send({ begins: 'case 7' }); ${code}`);
    return runWatched(script, [], () => undefined, 5000);
  };
  await expect(run('setTimeout(() => { for (;;); }, 100)')).rejects.toThrow('hangs at case 7');
  await expect(run('setTimeout(() => process.exit(3), 100)')).rejects.toThrow('ended with 3 at case 7');
  await run('process.disconnect()');
});

describeWithPeers('the corpora', verifierPeers, () => {
  test('say of each message what became of it, and why', async () => {
    const pki = makePki(join(directory, 'pki'));
    const { pem } = pki.issue({ name: 'corpora', addresses: ['anna@example.com'] });
    const verifiers = new Verifiers(pki.root.certificate);
    const examiner = new Examiner(await identityOf(source(pem)), pki.root.certificate, verifiers);
    const protectedPart = 'Content-Type: multipart/signed; boundary=s';
    const messages = {
      signed: plain,
      'ambiguous author': mail('From: a@b.example, c@d.example', 'Subject: two', '', 'text'),
      passed: mail('From: a@b.example', 'Content-Type: multipart/encrypted; boundary=b', '', '--b--'),
      'opaque instead': mail(
        'From: a@b.example',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        protectedPart,
        '',
        'ü',
        '--b--',
      ),
    };
    const examined = [];
    for (const [result, bytes] of Object.entries(messages)) {
      const examination = await examiner.examine(bytes, true);
      expect(examination.asItCame.result, examination.asItCame.reasons.join()).toBe(result);
      const findings = Object.values(examination.inManners);
      expect(findings.map(f => f.reasons.join()).join()).not.toContain('fault');
      expect(findings.filter(f => f.result === 'failed')).toEqual([]);
      expect(findings.length).toBe(result === 'passed' ? 0 : manners.length);
      examined.push({ source: 'test', name: result, ...examination });
    }
    verifiers.close();
    const itself = { registry: 'npm', package: 'test', files: [] } as const;
    const text = report(examined, {
      fetched: [{ source: itself, archives: ['test-1.0.tgz'], directory }],
      missing: new Map([['other', 'not on the mirror']]),
      seconds: 1,
      ended: [],
    });
    expect(text).toContain('4 messages of 1 packages in 1 s, 0 faults.');
    expect(text).toMatch(/^\| test-1\.0\.tgz +\| +4 \| +1 \| +1 \| +1 \| +1 \| +0 \|$/m);
    expect(text).toContain('- not to be had: other (not on the mirror)');
  });
});
