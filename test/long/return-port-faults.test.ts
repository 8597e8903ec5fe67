// The return port does wrong to several recipients, to kept connections and under load: nothing is lost, nothing arrives
// half, and the queue says why. Each fault at each step is in return-port-steps.test.ts.
//
//   smtp-source, swaks ──► smtpd ──► "postseal" ──► Postseal ──► embedded return port with faults
//                            │            └── deferred, bounced ──► queue, bounce ──► maildir
//                            └── no mail of these tests reaches the return port of this Postfix
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { Postfix, type QueuedMessage, freePort, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { ReturnPort, type StoredMessage } from '../support/return-port.js';
import { Verifiers, verifierPeers } from '../support/verifiers.js';

const peers = ['postfix', 'smtp-source', 'swaks', ...verifierPeers] as const;

describeWithPeers('faults of the return port', peers, () => {
  let directory: string;
  const from = 'anna@example.com';
  let verifiers: Verifiers;
  let returnPort: ReturnPort;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-faults-'));
    const pki = makePki(join(directory, 'pki'));
    const anna = pki.issue({ name: 'anna', addresses: [from] });
    verifiers = new Verifiers(pki.root.certificate);
    returnPort = await ReturnPort.start();
    const listenPort = await freePort();
    postfix = await Postfix.start({
      postsealPort: listenPort,
      // Postfix tires of a return port that hangs before Postseal does.
      transport: {
        smtp_helo_timeout: '2s',
        smtp_mail_timeout: '2s',
        smtp_rcpt_timeout: '2s',
        smtp_data_init_timeout: '2s',
        smtp_data_xfer_timeout: '2s',
        smtp_data_done_timeout: '2s',
      },
    });
    postseal = await PostsealProcess.start({
      listenPort,
      returnPort: returnPort.port,
      ini: `
[certificate:anna]
file = ${anna.pem}

[rule:anna]
sender = ${from}
certificate = anna

[exception:phones]
recipient = *@phones.example
`,
    });
  });

  afterAll(async () => {
    await postfix.remove();
    await postseal.remove();
    await returnPort.close();
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  afterEach(async () => {
    // Each test starts with an empty queue and a return port that does nothing wrong.
    returnPort.clearFaults();
    await returnPort.resume();
    await postfix.flush();
    await postfix.drained();
    // Postseal keeps connections; the next test starts with a new one.
    returnPort.drop();
    returnPort.clear();
    postfix.clearMessages();
  });

  let count = 0;

  /** Sends a message of about 100 KB, mostly base64 so that signing changes little. @returns its Message-ID */
  async function send(...recipients: string[]): Promise<string> {
    const id = `f${++count}.${process.pid}@test.example`;
    const { status, output } = await postfix.swaks([
      ...['--from', from, '--to', recipients.join(','), '--header', `Message-ID: <${id}>`],
      ...['--body', `Grüße\n${`${'0123456789'.repeat(7)}\n`.repeat(1400)}`],
    ]);
    expect(status, output).toBe(0);
    return id;
  }

  /** The queue once the message is deferred for these recipients, sorted. */
  async function deferred(...recipients: string[]): Promise<QueuedMessage> {
    const entry = await until(
      () => `${recipients.join(', ')} to be deferred\n${postfix.tail()}`,
      async () => {
        const [entry, ...others] = await postfix.queue();
        return others.length === 0 && entry?.queue_name === 'deferred' && entry;
      },
    );
    expect(entry.recipients.map(({ address }) => address).sort()).toEqual([...recipients].sort());
    return entry;
  }

  const reason = (entry: QueuedMessage, at = 0): string => entry.recipients[at]?.delay_reason ?? '';

  const recipientsOf = (message: StoredMessage): string[] =>
    message.recipients.map(line => /<(.*?)>/.exec(line)![1]!);

  /** Everything that the return port kept is whole and verifies. */
  async function expectWhole(): Promise<void> {
    for (const { content } of returnPort.messages) expect(await verifiers.verify(content)).toBe('good');
  }

  /** Bounces that the sender got, as text. */
  async function bounce(): Promise<string> {
    const [message] = await postfix.delivered('Undelivered Mail Returned to Sender');
    expect(message).toMatchObject({ sender: '', recipient: from });
    return message!.raw.toString();
  }

  /** Mends the return port and expects the message there exactly once, and nothing in the queue. */
  async function expectDeliveredAfterMending(copies = 1): Promise<void> {
    returnPort.clearFaults();
    await postfix.flush();
    await returnPort.received(copies);
    await postfix.drained();
    expect(returnPort.messages).toHaveLength(copies);
    await expectWhole();
  }

  test('a return port that does nothing wrong', async () => {
    await send('kim@example.net');
    await returnPort.received(1);
    await postfix.drained();
    await expectWhole();
    expect(returnPort.messages[0]!.mail).toMatch(/^MAIL FROM:<anna@example\.com>/);
    expect(returnPort.messages[0]!.recipients).toEqual([
      'RCPT TO:<kim@example.net> ORCPT=rfc822;kim@example.net',
    ]);
  });

  test('stopped: the mail waits, and the queue says that the return port does not answer', async () => {
    await returnPort.stop();
    await send('kim@example.net');
    expect(reason(await deferred('kim@example.net'))).toMatch(/Return port .*: connection refused/);
    await returnPort.resume();
    await expectDeliveredAfterMending();
  });

  for (const at of ['greeting', 'MAIL', 'body', 'dot'] as const) {
    test(`hangs at ${at}: deferred when Postfix tires of it`, async () => {
      returnPort.fault({ at, afterBytes: at === 'body' ? 50_000 : 0, then: 'hang' });
      await send('kim@example.net');
      expect(reason(await deferred('kim@example.net'))).toMatch(/timed out|return port/i);
      expect(returnPort.messages).toEqual([]);
      await expectDeliveredAfterMending();
    });
  }

  test('restarted between two messages: the kept connection is dead, and neither message suffers', async () => {
    await send('kim@example.net');
    await returnPort.received(1);
    await returnPort.stop();
    await returnPort.resume();
    await send('kim@example.net');
    // It may take an attempt to notice.
    await new Promise(resolve => setTimeout(resolve, 300));
    await expectDeliveredAfterMending(2);
  });

  const [kim, lee, bad] = ['kim@example.net', 'lee@example.net', 'bad@example.net'] as const;

  test('one recipient deferred: the others get the mail once, it waits with its reason', async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '450 4.2.1 Mailbox is locked' });
    await send(kim, bad, lee);
    await deferred(bad, kim, lee);
    expect(returnPort.messages).toEqual([]);

    await postfix.flush();
    await returnPort.received(1);
    const entry = await deferred(bad);
    expect(reason(entry)).toContain('4.2.1 Mailbox is locked');
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim, lee]]);

    returnPort.clearFaults();
    // Its refusal was told once already; now it is asked for anew.
    await postfix.flush();
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim, lee], [bad]]);
    await expectWhole();
    expect(postfix.count()).toBe(0);
  });

  test(`one recipient refused for good: it bounces, the others get the mail once`, async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '550 5.1.1 No such user here' });
    await send(kim, bad, lee);
    // One reply stands for all at first: nobody has got anything yet.
    expect(reason(await deferred(bad, kim, lee))).toContain('5.1.1 No such user here');
    expect(returnPort.messages).toEqual([]);

    await postfix.flush();
    await postfix.drained(5_000);
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim, lee]]);
    await expectWhole();
    const text = await bounce();
    expect(text).toContain('5.1.1 No such user here');
    expect(text).toMatch(/^Final-Recipient: rfc822; ?bad@example\.net$/im);
    expect(text).not.toMatch(/^Final-Recipient:.*kim/im);
    expect(postfix.count()).toBe(1);
  });

  test('one signed, one excepted, one refused: each gets what is due, once, at the second attempt', async () => {
    const phone = 'kim@phones.example';
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '550 5.1.1 No such user here' });
    await send(kim, phone, bad);
    await deferred(kim, phone, bad);
    expect(returnPort.messages).toEqual([]);

    await postfix.flush();
    await postfix.drained(5_000);
    expect(returnPort.messages.map(recipientsOf).sort()).toEqual([[kim], [phone]]);
    for (const { content, recipients } of returnPort.messages) {
      expect(content.includes('multipart/signed')).toBe(recipients[0]!.includes(kim));
    }
    expect(await bounce()).toMatch(/^Final-Recipient: rfc822; ?bad@example\.net$/im);
    expect(postfix.count()).toBe(1);
  });

  test(`two copies, one deferred at the dot: what was accepted is not sent again`, async () => {
    const phone = 'kim@phones.example';
    // The second dot: the first copy is kept.
    returnPort.fault({ at: 'dot', delay: 0, times: 1 });
    returnPort.fault({ at: 'dot', reply: '451 4.3.0 Once', times: 1 });
    await send(kim, phone);
    await deferred(kim, phone);
    expect(returnPort.messages).toHaveLength(1);

    await postfix.flush();
    await postfix.drained(5_000);
    expect(returnPort.messages.map(recipientsOf).sort()).toEqual([[kim], [phone]]);
    const signed = returnPort.messages.find(message => recipientsOf(message)[0] === kim)!;
    expect(await verifiers.verify(signed.content)).toBe('good');
  });

  test(`two copies, one refused for good at the dot: its recipients alone bounce`, async () => {
    const phone = 'kim@phones.example';
    returnPort.fault({ at: 'dot', delay: 0, times: 1 });
    returnPort.fault({ at: 'dot', reply: '554 5.7.1 Not this copy' });
    await send(kim, phone);
    await deferred(kim, phone);
    expect(returnPort.messages).toHaveLength(1);
    const [kept] = recipientsOf(returnPort.messages[0]!);

    await postfix.flush();
    await postfix.drained(5_000);
    expect(returnPort.messages).toHaveLength(1);
    const text = await bounce();
    expect(text).toContain('5.7.1 Not this copy');
    expect(text).toContain(`Final-Recipient: rfc822; ${kept === kim ? phone : kim}`);
    expect(text).not.toContain(`Final-Recipient: rfc822; ${kept}`);
  });

  // It carries no queue id that an outcome could be remembered by: its transport takes one recipient at a time.
  test('mail of the sendmail command: one recipient refused bounces at once, the others get theirs', async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '550 5.1.1 No such user here' });
    const top = `From: ${from}\nTo: many\nDate: ${new Date().toUTCString()}\nSubject: local\n\n`;
    await postfix.sendmail(from, [kim, bad, lee], Buffer.from(`${top}Hello\n`));
    await postfix.drained(5_000);
    expect(returnPort.messages.map(recipientsOf).sort()).toEqual([[kim], [lee]]);
    await expectWhole();
    const text = await bounce();
    expect(text).toMatch(/^Final-Recipient: rfc822; ?bad@example\.net$/im);
    expect(text).not.toMatch(/^Final-Recipient:.*(kim|lee)/im);
  });

  test('stopped while messages are under way: each arrives, whole', { timeout: 40_000 }, async () => {
    const load = postfix.smtpSource(['-f', from, '-t', kim, '-s', '10', '-m', '100', '-l', '20000']);
    for (let stop = 0; stop < 3; stop++) {
      const before = returnPort.messages.length;
      await until(
        () => `mail to arrive\n${postfix.tail()}`,
        () => returnPort.messages.length > before + 5,
      );
      await returnPort.stop();
      await new Promise(resolve => setTimeout(resolve, 200));
      await returnPort.resume();
      await postfix.flush();
    }
    expect(await load).toMatchObject({ status: 0 });
    for (let i = 0; (await postfix.queue()).length > 0 && i < 100; i++) {
      await postfix.flush();
      await new Promise(resolve => setTimeout(resolve, 200));
    }
    await postfix.drained();
    const ids = returnPort.messages.map(({ content }) => /^Message-Id: .*$/im.exec(content.toString())![0]);
    expect(new Set(ids).size).toBe(100);
    await expectWhole();
    expect(postfix.count()).toBe(0);
  });
});
