// Postseal reads its configuration again five times a second under load, and nobody notices.
//
//   smtp-source -s 10 ──► smtpd ──► "postseal" ──► Postseal ──► return port smtpd ──► maildir
//                                                   ↻ SIGHUP
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Installation } from '../support/installation.js';
import { describeWithPeers } from '../support/peers.js';
import type { Postfix } from '../support/postfix.js';
import type { PostsealProcess } from '../support/postseal-process.js';
import { type Verifiers, verifierPeers } from '../support/verifiers.js';

const total = 1000;
const staff = 10;

describeWithPeers('reloaded under load', ['postfix', 'smtp-source', ...verifierPeers], () => {
  let installation: Installation;
  let verifiers: Verifiers;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    installation = await Installation.start((pki, directory) => {
      const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
      // So many that a reload takes its time.
      mkdirSync(join(directory, 'staff'));
      for (let i = 0; i < staff; i++) {
        const { p12 } = pki.issue({ name: `s${i}`, addresses: [`s${i}@example.com`], key: 'p256' });
        copyFileSync(p12, join(directory, 'staff', `s${i}.p12`));
      }
      return `
[certificate:anna]
file = ${anna.pem}

[certificates:staff]
directory = ${join(directory, 'staff')}
password = secret

[rule:anna]
sender = anna@example.com
certificate = anna

[rule:staff]
sender = *@example.com
certificates = staff
`;
    });
    ({ verifiers, postseal, postfix } = installation);
  });

  afterAll(async () => {
    await installation.remove();
  });

  test(`${total} messages are delivered at the first attempt, signed`, { timeout: 90_000 }, async () => {
    const reloads = setInterval(() => process.kill(postseal.pid!, 'SIGHUP'), 200);
    try {
      const args = ['-f', 'anna@example.com', '-t', 'kim@example.net'];
      const load = ['-s', '10', '-m', String(total), '-l', '20000'];
      expect(await postfix.smtpSource([...args, ...load])).toMatchObject({ status: 0 });
      await postfix.drained(60_000);
    } finally {
      clearInterval(reloads);
    }
    expect(postseal.lines('reloaded in').length).toBeGreaterThan(2);
    expect(postseal.lines('kept the old configuration')).toEqual([]);
    expect(postseal.lines('connection: ')).toEqual([]);

    const messages = postfix.messages();
    expect(messages).toHaveLength(total);
    const unsigned = messages.filter(({ raw }) => !/^Content-Type: multipart\/signed/im.test(raw.toString()));
    expect(unsigned).toEqual([]);
    for (const { raw } of messages.slice(0, 20)) expect(await verifiers.verify(raw)).toBe('good');
    const attempts = postfix.log().match(/relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+, .*status=\w+/g) ?? [];
    expect(attempts).toHaveLength(total);
    expect(attempts.filter(attempt => !attempt.endsWith('status=sent'))).toEqual([]);
    expect(postfix.log()).not.toMatch(/ 421 |connection refused|lost connection/i);
  });
});
