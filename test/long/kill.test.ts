// Postseal dies under load, again and again, at random moments: every message arrives all the same, whole and signed.
//
//   smtp-source -s 10 ──► smtpd ──► "postseal" ──► Postseal ──► return port smtpd ──► maildir
//                                                   ╳ kill -9, then started again
import { afterAll, beforeAll, expect, test } from 'vitest';
import { children, parse } from '../../src/asn1.js';
import { Installation } from '../support/installation.js';
import { describeWithPeers } from '../support/peers.js';
import { type Postfix, until } from '../support/postfix.js';
import type { PostsealProcess } from '../support/postseal-process.js';
import { record } from '../support/record.js';
import { dissect, type Verifiers, verifierPeers } from '../support/verifiers.js';

const total = Number(process.env['KILL_MESSAGES'] ?? 600);
const kills = Math.max(6, Math.round(total / 100));
/** Deliveries that Postfix has under way at a time: so many messages may come twice at each kill. */
const concurrency = 20;
/** So many are shown to programs that are not ours, which take a tenth of a second for each. */
const verified = 40;

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

  test(`${total} messages over ${kills} kills`, { timeout: 60_000 + total * 120 }, async () => {
    const arrived = (): number => postfix.count();
    const load = postfix.smtpSource([
      ...['-f', 'anna@example.com', '-t', 'kim@example.net'],
      ...['-s', '10', '-m', String(total), '-l', '20000'],
    ]);
    for (let kill = 1; kill <= kills; kill++) {
      // Spread over all of the mail, in the midst of deliveries, not between them.
      const share = ((kill - 1) / kills) * total;
      const before = Math.max(arrived(), Math.floor(share));
      await until(
        () => `deliveries\n${postfix.tail()}`,
        () => arrived() > before,
        60_000,
      );
      await new Promise(resolve => setTimeout(resolve, Math.random() * 200));
      await postseal.kill();
      await postseal.run();
      await postfix.flush();
    }
    expect(await load).toMatchObject({ status: 0 });
    await postfix.drained(60_000 + total * 20);

    const messages = postfix.messages();
    const ids = messages.map(({ raw }) => /^Message-Id: <(.*)>$/im.exec(raw.toString())![1]!);
    // smtp-source sends the same octets each time, but for fields that are not signed.
    const entities = messages.map(({ raw }) => signedEntity(raw));
    const unsigned = entities.filter(entity => entity === undefined).length;
    const half = entities.filter(entity => entity !== undefined && entity !== entities[0]).length;
    const sample = messages.filter((_, i) => i % Math.ceil(messages.length / verified) === 0);
    const verdicts = await Promise.all(sample.map(({ raw }) => verifiers.verify(raw)));
    const duplicates = messages.length - new Set(ids).size;
    // What Postfix's client logs where the connection is lost between the dot and the reply to it.
    const repliesLost = postfix
      .log()
      .match(/status=deferred \(lost connection .* sent more than once/g)?.length;
    record('kill', {
      ...{ messages: total, kills, arrived: messages.length, lost: total - new Set(ids).size },
      ...{ unsigned, half, duplicates, repliesLost, verified: verdicts.length },
    });
    expect(new Set(ids).size).toBe(total);
    expect({ unsigned, half }).toEqual({ unsigned: 0, half: 0 });
    expect(entities[0]).toContain('XXXX');
    expect(new Set(verdicts)).toEqual(new Set(['good']));
    expect(duplicates).toBeLessThanOrEqual(Math.min(repliesLost ?? 0, kills * concurrency));
  });
});

/** The signed octets of a message with a whole signature; undefined where it has none. */
function signedEntity(message: Buffer): string | undefined {
  try {
    const { entity, signature } = dissect(message);
    children(children(parse(signature))[1]);
    return entity.toString('latin1');
  } catch {
    return undefined;
  }
}
