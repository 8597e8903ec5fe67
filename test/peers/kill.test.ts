// Postseal dies under load, again and again: every message arrives all the same, and whole.
//
//   smtp-source -s 10 ──► smtpd ──► "postseal" ──► Postseal ──► return port smtpd ──► maildir
//                                                   ╳ kill -9, then started again
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { Postfix, freePort, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { Verifiers, dissect, verifierPeers } from '../support/verifiers.js';

const total = 300;
const kills = 4;
/** Deliveries that Postfix has under way at a time: so many messages may come twice at each kill. */
const concurrency = 20;

describeWithPeers('killed under load', ['postfix', 'smtp-source', ...verifierPeers], () => {
  let directory: string;
  let verifiers: Verifiers;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-kill-'));
    const pki = makePki(join(directory, 'pki'));
    const anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
    verifiers = new Verifiers(pki.root.certificate);
    const [listenPort, returnPort] = [await freePort(), await freePort()];
    postfix = await Postfix.start({
      postsealPort: listenPort,
      returnPort,
      main: { queue_run_delay: '1s', minimal_backoff_time: '1s', maximal_backoff_time: '2s' },
    });
    postseal = await PostsealProcess.start({
      listenPort,
      returnPort,
      ini: `
[certificate:anna]
file = ${anna.pem}

[rule:anna]
sender = anna@example.com
certificate = anna
`,
    });
  });

  afterAll(async () => {
    await postfix.remove();
    await postseal.remove();
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
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
