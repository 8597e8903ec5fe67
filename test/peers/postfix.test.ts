// The whole way through a real Postfix, with Postseal in the middle of it.
//
//   smtp-source, swaks ──► smtpd ──┐                                    ┌──► virtual ──► maildir
//   sendmail ──► pickup ───────────┴─► "postseal" ──► Postseal ──► return port smtpd
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Installation } from '../support/installation.js';
import { describeWithPeers } from '../support/peers.js';
import { type Issued, openssl } from '../support/pki.js';
import type { Postfix } from '../support/postfix.js';
import type { PostsealProcess } from '../support/postseal-process.js';
import { type Verifiers, dissect, flipped, verifierPeers } from '../support/verifiers.js';
import { compose, leaves, samples } from './messages.js';

describeWithPeers('through a real Postfix', ['postfix', 'smtp-source', 'swaks', ...verifierPeers], () => {
  let installation: Installation;
  let anna: Issued;
  let verifiers: Verifiers;
  let postseal: PostsealProcess;
  let postfix: Postfix;

  beforeAll(async () => {
    installation = await Installation.start((pki, directory) => {
      anna = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
      const bob = pki.issue({ name: 'bob', addresses: ['bob@example.org'], key: 'p256' });
      writeFileSync(join(directory, 'anna.pass'), `${anna.password}\n`, { mode: 0o600 });
      mkdirSync(join(directory, 'staff'));
      copyFileSync(bob.pem, join(directory, 'staff', 'bob.pem'));
      return `
[certificate:anna]
file = ${anna.p12}
password_file = ${join(directory, 'anna.pass')}

[certificates:staff]
directory = ${join(directory, 'staff')}

[rule:anna]
sender = anna@example.com
certificate = anna

[rule:staff]
sender = *@example.org
certificates = staff

[exception:phones]
recipient = *@phones.example

[exception:newsletter]
header = List-Id: *news*
`;
    });
    ({ verifiers, postseal, postfix } = installation);
  });

  afterAll(async () => {
    await installation.remove();
  });

  let count = 0;
  const newId = (): string => `m${++count}.${process.pid}@test.example`;

  /** What arrived is signed, verifies, names the same top fields, and holds what was sent. */
  async function expectSigned(raw: Buffer, sent: Buffer): Promise<void> {
    expect(await verifiers.verify(raw)).toBe('good');
    const { entity } = dissect(raw);
    expect(leaves(entity)).toEqual(leaves(sent));
    expect(entity.toString('latin1')).toMatch(/^[\x01-\x7f]*$/);
    for (const line of entity.toString('latin1').split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    for (const name of ['From', 'To', 'Subject', 'Date', 'Message-ID']) {
      const field = new RegExp(`^${name}: .*$`, 'm').exec(sent.toString())![0];
      expect(raw.toString()).toContain(`\n${field}\n`);
    }
  }

  for (const sample of samples) {
    test(`signs: ${sample.name}`, async () => {
      for (const [from, to] of [
        ['anna@example.com', 'kim@example.net'],
        ['bob@example.org', 'lee@example.net'],
      ] as const) {
        const [local, remote] = [newId(), newId()];
        const first = compose(sample, { from, to, id: local });
        const second = compose(sample, { from, to, id: remote });
        expect(await postfix.sendmail(from, [to], first)).toMatchObject({ status: 0 });
        expect(await postfix.smtpSource(['-f', from, '-t', to], second)).toMatchObject({ status: 0 });

        const [fromSendmail] = await postfix.delivered(local);
        await expectSigned(fromSendmail!.raw, first);
        expect(fromSendmail).toMatchObject({ sender: from, recipient: to });
        const [fromSmtp] = await postfix.delivered(remote);
        await expectSigned(fromSmtp!.raw, Buffer.concat([second, Buffer.from('\n')]));
      }
    });
  }

  test('signs what smtp-source makes up itself', async () => {
    const args = ['-f', 'anna@example.com', '-t', 'kim@example.net', '-m', '20', '-s', '4', '-l', '20000'];
    await postfix.smtpSource([...args, '-S', 'made-up-by-smtp-source']);
    const messages = await postfix.delivered('made-up-by-smtp-source', 20);
    expect(messages).toHaveLength(20);
    for (const { raw } of messages) expect(await verifiers.verify(raw)).toBe('good');
  });

  test('signs what swaks makes up, with an attachment, and says who the true client is', async () => {
    const id = newId();
    await postfix.swaks([
      ...[
        '--xclient',
        'NAME=client.example ADDR=203.0.113.7 HELO=laptop.example',
        '--ehlo',
        'laptop.example',
      ],
      ...['--from', 'anna@example.com', '--to', 'kim@example.net', '--header', `Message-ID: <${id}>`],
      ...[
        '--body',
        'Grüße von swaks',
        '--attach-type',
        'application/pkcs10',
        '--attach',
        `@${anna.certificate}`,
      ],
    ]);
    const [message] = await postfix.delivered(id);
    expect(await verifiers.verify(message!.raw)).toBe('good');

    const log = postfix.log();
    const queueId = /(\w+): client=client\.example\[203\.0\.113\.7\]/.exec(log)?.[1];
    expect(queueId).toBeDefined();
    // The second Postfix log line, of the return port.
    expect(log).toContain(`orig_queue_id=${queueId}, orig_client=client.example[203.0.113.7]`);
    // The journal leads with Postfix's queue id.
    expect(postseal.lines(queueId!).length).toBeGreaterThan(0);
  });

  test('what arrives signed no longer verifies with one byte changed', async () => {
    const id = newId();
    const sample = samples.find(({ name }) => name === 'attachments')!;
    const from = 'anna@example.com';
    await postfix.sendmail(from, ['kim@example.net'], compose(sample, { from, to: 'kim@example.net', id }));
    const [message] = await postfix.delivered(id);
    const bad = flipped(message!.raw);
    expect(await verifiers.openssl(bad)).toMatchObject({ ok: false });
    expect(await verifiers.nssCms(bad)).toMatchObject({ ok: false });
    expect(await verifiers.gpgsm(bad)).toMatchObject({ ok: false });
  });

  test('adds one Received field of its own, and no other', async () => {
    const [id, from, to] = [newId(), 'anna@example.com', 'kim@example.net'];
    await postfix.sendmail(from, [to], compose(samples[0]!, { from, to, id }));
    const [message] = await postfix.delivered(id);
    const fields = message!.trace.split(/\n(?![ \t])/).map(field => field.replace(/\s+/g, ' '));
    const received = fields.filter(field => field.startsWith('Received:'));
    expect(received).toHaveLength(3);
    expect(received[1]).toContain('by postseal.example.com');
  });

  const excepted = { from: 'anna@example.com', to: 'kim@phones.example' };
  const noRule = { from: 'nobody@example.com', to: 'kim@example.net' };
  for (const sample of samples) {
    test(`passes byte for byte: ${sample.name}`, async () => {
      for (const { from, to } of [excepted, noRule]) {
        const [local, remote] = [newId(), newId()];
        const first = compose(sample, { from, to, id: local });
        const second = compose(sample, { from, to, id: remote });
        await postfix.sendmail(from, [to], first);
        await postfix.smtpSource(['-f', from, '-t', to], second);
        const [fromSendmail] = await postfix.delivered(local);
        expect(fromSendmail!.content.toString('latin1')).toBe(first.toString('latin1'));
        const [fromSmtp] = await postfix.delivered(remote);
        expect(fromSmtp!.content.toString('latin1')).toBe(`${second.toString('latin1')}\n`);
      }
    });
  }

  test('passes byte for byte what has the header of an exception', async () => {
    const [id, from, to] = [newId(), 'anna@example.com', 'kim@example.net'];
    const extra = 'List-Id: Our <newsletter.example.com>\n';
    for (const sample of samples.slice(0, 6)) {
      const message = compose(sample, { from, to, id: `${sample.name.replaceAll(' ', '')}.${id}`, extra });
      await postfix.sendmail(from, [to], message);
      const [arrived] = await postfix.delivered(`${sample.name.replaceAll(' ', '')}.${id}`);
      expect(arrived!.content.toString('latin1')).toBe(message.toString('latin1'));
    }
  });

  test('passes byte for byte what is signed or encrypted already', async () => {
    const [from, to] = ['anna@example.com', 'kim@example.net'];
    const { certificate, key, chain } = anna;
    const sign = ['cms', '-sign', '-signer', certificate, '-inkey', key, '-certfile', chain];
    const entity = 'Content-Type: text/plain\n\nHello\n';
    for (const cms of [
      openssl(sign, entity),
      openssl([...sign, '-nodetach'], entity),
      openssl(['cms', '-encrypt', '-aes128', certificate], entity),
    ]) {
      const id = newId();
      const top = `From: ${from}\nTo: ${to}\nDate: ${new Date().toUTCString()}\nMessage-ID: <${id}>\n`;
      const message = Buffer.from(top + cms.toString().replaceAll('\r\n', '\n'));
      await postfix.sendmail(from, [to], message);
      const [arrived] = await postfix.delivered(id);
      expect(arrived!.content.toString()).toBe(message.toString());
    }
  });

  test('gives the excepted recipient the message as it was, the other one the signed copy, each once', async () => {
    const [id, from] = [newId(), 'anna@example.com'];
    const [normal, phone] = ['kim@example.net', 'kim@phones.example'];
    const message = compose(samples[2]!, { from, to: `${normal}, ${phone}`, id });
    await postfix.sendmail(from, [normal, phone], message);
    const arrived = await postfix.delivered(id, 2);
    expect(arrived.map(({ recipient }) => recipient)).toEqual([normal, phone]);
    await expectSigned(arrived[0]!.raw, message);
    expect(arrived[1]!.content.toString('latin1')).toBe(message.toString('latin1'));
    await postfix.drained();
    expect(await postfix.delivered(id, 2)).toHaveLength(2);
  });

  test('the null sender passes', async () => {
    const id = newId();
    const message = compose(samples[1]!, { from: 'anna@example.com', to: 'kim@example.net', id });
    await postfix.sendmail('', ['kim@example.net'], message);
    const [arrived] = await postfix.delivered(id);
    expect(arrived!.content.toString()).toBe(message.toString());
  });

  test('leaves nothing behind, and nobody complained', async () => {
    await postfix.drained();
    const complaints = postfix
      .log()
      .split('\n')
      .filter(line => /status=(?!sent)|\b(?:error|fatal|panic|warning):/.test(line))
      .filter(line => !/NIS domain name not set|no SASL support/.test(line));
    expect(complaints).toEqual([]);
  });
});
