// Postseal dies under load, again and again: every message arrives all the same, and whole.
//
//   smtp-source -s 10 ──► smtpd ──► "postseal" ──► Postseal ──► return port smtpd ──► maildir
//                                                   ╳ kill -9, then started again
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Installation } from '../support/installation.js';
import { describeWithPeers } from '../support/peers.js';
import { type Postfix, until } from '../support/postfix.js';
import type { PostsealProcess } from '../support/postseal-process.js';
import { dissect, type Verifiers, verifierPeers } from '../support/verifiers.js';

const total = 300;
const kills = 4;
/** Deliveries that Postfix has under way at a time: so many messages may come twice at each kill. */
const concurrency = 20;

describeWithPeers('killed under load', ['postfix', 'smtp-source', ...verifierPeers], () => {
  let installation: Installation;
  let verifiers: Verifiers;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    installation = await Installation.start(
      pki => `
[certificate:anna]
file = ${pki.issue({ name: 'anna', addresses: ['anna@example.com'] }).pem}

[rule:anna]
sender = anna@example.com
certificate = anna
`,
      { queue_run_delay: '1s', minimal_backoff_time: '1s', maximal_backoff_time: '2s' },
    );
    ({ verifiers, postseal, postfix } = installation);
  });

  afterAll(async () => {
    await installation.remove();
  });

  test(`loses none of ${total} messages over ${kills} kills`, { timeout: 90_000 }, async () => {
    const arrived = (): number => postfix.count();
    const load = postfix.smtpSource([
      ...['-f', 'anna@example.com', '-t', 'kim@example.net'],
      ...['-s', '10', '-m', String(total), '-l', '20000'],
    ]);
    for (let kill = 1; kill <= kills; kill++) {
      // In the midst of deliveries, not between them.
      const before = arrived();
      await until(
        () => `deliveries\n${postfix.tail()}`,
        () => arrived() > before + 20,
        30_000,
      );
      await postseal.kill();
      expect(arrived()).toBeLessThan(total);
      await postseal.run();
      await postfix.flush();
    }
    expect(await load).toMatchObject({ status: 0 });
    await postfix.drained(60_000);

    const messages = postfix.messages();
    const ids = messages.map(({ raw }) => /^Message-Id: <(.*)>$/im.exec(raw.toString())![1]!);
    expect(new Set(ids).size).toBe(total);

    const lengths = new Set(messages.map(({ raw }) => dissect(raw).entity.length));
    expect(lengths.size).toBe(1);
    for (const { raw } of messages) expect(await verifiers.verify(raw)).toBe('good');

    const duplicates = messages.length - total;
    console.info(`${kills} kills, ${total} messages, ${duplicates} of them twice`);
    expect(duplicates).toBeLessThanOrEqual(kills * concurrency);
  });
});
