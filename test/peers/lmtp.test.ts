// Postfix hands the mail in over LMTP, on a UNIX socket: each recipient fares for itself.
//
//   swaks, sendmail ──► smtpd, pickup ──► lmtp ──► in.sock ──► Postseal ──► embedded return port with faults
//                                          └── deferred, bounced ──► queue, bounce ──► maildir
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { Postfix, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { ReturnPort, type StoredMessage } from '../support/return-port.js';
import { Verifiers, verifierPeers } from '../support/verifiers.js';

describeWithPeers('over LMTP', ['postfix', 'swaks', ...verifierPeers], () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-lmtp-'));
  const from = 'anna@example.com';
  const [kim, lee, bad, phone] = [
    'kim@example.net',
    'lee@example.net',
    'bad@example.net',
    'kim@phones.example',
  ];
  let verifiers: Verifiers;
  let returnPort: ReturnPort;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    const pki = makePki(join(directory, 'pki'));
    const { pem } = pki.issue({ name: 'anna', addresses: [from] });
    verifiers = new Verifiers(pki.root.certificate);
    returnPort = await ReturnPort.start();
    const socket = join(directory, 'in.sock');
    postseal = await PostsealProcess.start({
      listenPort: socket,
      returnPort: returnPort.port,
      service: 'protocol = lmtp',
      ini: `
[certificate:anna]
file = ${pem}

[rule:anna]
sender = ${from}
certificate = anna

[exception:phones]
recipient = *@phones.example
`,
    });
    // In an installed system it is of Postfix's group (postseal.socket).
    chmodSync(directory, 0o755);
    chmodSync(socket, 0o666);
    postfix = await Postfix.start({ postsealPort: 1, lmtpSocket: socket });
  });

  afterAll(async () => {
    await postfix.remove();
    await postseal.remove();
    await returnPort.close();
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  afterEach(async () => {
    returnPort.clearFaults();
    await postfix.flush();
    await postfix.drained();
    returnPort.clear();
    postfix.clearMessages();
  });

  async function send(...recipients: string[]): Promise<void> {
    const { status, output } = await postfix.swaks([
      ...['--from', from, '--to', recipients.join(','), '--body', 'Grüße\n'],
    ]);
    expect(status, output).toBe(0);
  }

  const recipientsOf = (message: StoredMessage): string[] =>
    message.recipients.map(line => /<(.*?)>/.exec(line)![1]!);

  /** The recipients that wait in the queue, with the reasons, once the first attempt is over. */
  async function waiting(): Promise<Record<string, string>> {
    const entry = await until(
      () => `a message to be deferred\n${postfix.tail()}`,
      async () => {
        const [first] = await postfix.queue();
        return first?.queue_name === 'deferred' && first;
      },
    );
    return Object.fromEntries(entry.recipients.map(r => [r.address, r.delay_reason ?? '']));
  }

  test('two copies arrive, signed and as it was', async () => {
    await send(kim, phone, lee);
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf).sort()).toEqual([[kim, lee], [phone]]);
    const signed = returnPort.messages.find(message => message.recipients.length === 2)!;
    expect(await verifiers.verify(signed.content)).toBe('good');
    expect(signed.xforward.join(' ')).toMatch(/ IDENT=\w+/);
  });

  for (const reply of ['452 4.3.1 Disk full', '451 4.3.0 Queue file write error']) {
    test(`between the copies "${reply}": one is delivered, the other waits alone and comes once`, async () => {
      // The second dot.
      returnPort.fault({ at: 'dot', delay: 0, times: 1 });
      returnPort.fault({ at: 'dot', reply, times: 1 });
      await send(kim, phone);
      const left = await waiting();
      expect(returnPort.messages).toHaveLength(1);
      const [kept] = recipientsOf(returnPort.messages[0]!);
      const other = kept === kim ? phone : kim;
      expect(left).toEqual({ [other]: expect.stringContaining(reply.slice(4)) as string });

      await postfix.flush();
      await postfix.drained();
      expect(returnPort.messages.map(recipientsOf)).toEqual([[kept], [other]]);
    });
  }

  test('the return port dies between the copies: the one that it had not accepted comes once', async () => {
    returnPort.fault({ at: 'dot', delay: 0, times: 1 });
    returnPort.fault({ at: 'dot', then: 'hang up', times: 1 });
    await send(kim, phone);
    expect(Object.values(await waiting()).join()).toMatch(/^[^,]*return port[^,]*$/i);
    await postfix.flush();
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf).sort()).toEqual([[kim], [phone]]);
  });

  test('one recipient refused for good: it bounces at once, the others have the mail', async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '550 5.1.1 No such user here' });
    await send(kim, bad, lee);
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim, lee]]);
    const [bounce] = await postfix.delivered('Undelivered Mail Returned to Sender');
    expect(bounce!.raw.toString()).toContain('5.1.1 No such user here');
    expect(bounce!.raw.toString()).toMatch(/^Final-Recipient: rfc822; ?bad@example\.net$/im);
    expect(bounce!.raw.toString()).not.toMatch(/^Final-Recipient:.*(?:kim|lee)/im);
  });

  test('one signed, one excepted, one refused: each gets what is due, once, at the first attempt', async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '550 5.1.1 No such user here' });
    await send(kim, phone, bad);
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf).sort()).toEqual([[kim], [phone]]);
    for (const { content, recipients } of returnPort.messages) {
      expect(content.includes('multipart/signed')).toBe(recipients[0]!.includes(kim));
    }
    const [bounce] = await postfix.delivered('Undelivered Mail Returned to Sender');
    expect(bounce!.raw.toString()).toMatch(/^Final-Recipient: rfc822; ?bad@example\.net$/im);
    expect(postfix.count()).toBe(1);
  });

  test('one recipient deferred: it waits alone, the others have the mail', async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '450 4.2.1 Mailbox is locked', times: 1 });
    await send(kim, bad, lee);
    expect(await waiting()).toEqual({ [bad]: expect.stringContaining('4.2.1 Mailbox is locked') as string });
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim, lee]]);
    await postfix.flush();
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim, lee], [bad]]);
  });

  test('mail of the sendmail command needs no transport of its own', async () => {
    returnPort.fault({ at: 'RCPT', recipient: bad, reply: '550 5.1.1 No such user here' });
    await postfix.sendmail(from, [kim, bad], Buffer.from(`From: ${from}\nSubject: local\n\nHello\n`));
    await postfix.drained();
    expect(returnPort.messages.map(recipientsOf)).toEqual([[kim]]);
    expect(postfix.count()).toBe(1); // the bounce
  });
});
