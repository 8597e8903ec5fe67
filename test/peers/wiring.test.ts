// What the wiring of Postfix promises to Postseal, with an embedded server in Postseal's place.
//
//   smtp-source, swaks ──► smtpd ──► transport "postseal" ──► embedded SMTP server (keeps every byte)
//   sendmail ──► pickup ──┘                 ╳── smtp_fallback_relay must not be taken
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { Postfix, freePort, until } from '../support/postfix.js';
import { ReturnPort } from '../support/return-port.js';
import { compose, samples } from './messages.js';

describeWithPeers('the wiring', ['postfix', 'smtp-source', 'swaks'], () => {
  let filter: ReturnPort;
  let fallback: ReturnPort;
  let postfix: Postfix;

  beforeAll(async () => {
    filter = await ReturnPort.start();
    fallback = await ReturnPort.start();
    postfix = await Postfix.start({
      postsealPort: filter.port,
      main: { smtp_fallback_relay: `[127.0.0.1]:${fallback.port}` },
    });
  });

  beforeEach(() => {
    filter.clear();
  });

  afterAll(async () => {
    await postfix.remove();
    await filter.close();
    await fallback.close();
  });

  /** Without the Received fields of Postfix, line ends LF. */
  function sent(content: Buffer): string {
    return content
      .toString('latin1')
      .replaceAll('\r\n', '\n')
      .replace(/^(?:Received: .*\n(?:[ \t].*\n)*)+/, '');
  }

  for (const [i, sample] of samples.entries()) {
    test(`hands over every byte: ${sample.name}`, async () => {
      const from = 'anna@example.com';
      const message = compose(sample, { from, to: 'kim@example.net', id: `w${i}@example.com` });
      await postfix.smtpSource(['-f', from, '-t', 'kim@example.net'], message);
      const [first] = await filter.received(1);
      expect(sent(first!.content)).toBe(`${message.toString('latin1')}\n`);

      await postfix.sendmail(from, ['kim@example.net'], message);
      const [, second] = await filter.received(2);
      expect(sent(second!.content)).toBe(message.toString('latin1'));
    });
  }

  test('tells the true client, the queue id and the DSN parameters', async () => {
    await postfix.swaks([
      ...[
        '--xclient',
        'NAME=client.example ADDR=203.0.113.7 HELO=laptop.example',
        '--ehlo',
        'laptop.example',
      ],
      ...['--from', 'anna@example.com', '--to', 'kim@example.net'],
    ]);
    const [message] = await filter.received(1);
    const queueId = /(\w+): client=client\.example\[203\.0\.113\.7\]/.exec(postfix.log())?.[1];
    expect(queueId).toBeDefined();
    const attributes = message!.xforward.join(' ');
    expect(attributes).toContain('NAME=client.example');
    expect(attributes).toContain('ADDR=203.0.113.7');
    expect(attributes).toContain('HELO=laptop.example');
    expect(attributes).toContain(`IDENT=${queueId}`);
    expect(message!.recipients).toEqual(['RCPT TO:<kim@example.net> ORCPT=rfc822;kim@example.net']);
  });

  test('gives one message for all recipients in one transaction', async () => {
    const many = ['-f', 'anna@example.com', '-t', 'kim@example.net', '-r', '120'];
    await postfix.smtpSource(many, Buffer.from('Subject: many\n\nHello\n'));
    const [message, ...others] = await filter.received(1);
    expect(message!.recipients).toHaveLength(120);
    expect(others).toEqual([]);
  });

  test('gives mail of the sendmail command one recipient at a time', async () => {
    const to = ['kim@example.net', 'lee@example.net'];
    await postfix.sendmail('anna@example.com', to, Buffer.from('Subject: two\n\nHello\n'));
    const messages = await filter.received(2);
    expect(messages.map(m => m.recipients.length)).toEqual([1, 1]);
  });

  // An unsigned message that leaves by a fallback relay is what nobody would notice.
  test('keeps the mail while Postseal is down, whatever smtp_fallback_relay says', async () => {
    await filter.stop();
    await postfix.sendmail('anna@example.com', ['kim@example.net'], Buffer.from('Subject: x\n\nHello\n'));
    const [entry] = await until('the message to be deferred', async () => {
      const queue = await postfix.queue();
      return queue[0]?.queue_name === 'deferred' && queue;
    });
    expect(entry!.recipients[0]!.delay_reason).toMatch(/Connection refused/);
    expect(fallback.messages).toEqual([]);

    await filter.resume();
    await postfix.flush();
    await filter.received(1);
    await postfix.drained();
    expect(fallback.messages).toEqual([]);
  });
});

// The other half: no Postseal at all, the transport goes straight to the return port of the same Postfix.
//
//   sendmail ──► pickup ──► transport "postseal" ──► return port smtpd ──► maildir
describeWithPeers('the return port of Postfix', ['postfix', 'openssl'], () => {
  let directory: string;
  let postfix: Postfix;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-wiring-'));
    const pki = makePki(directory);
    const { pem } = pki.issue({ name: 'server', eku: 'serverAuth' });
    const returnPort = await freePort();
    postfix = await Postfix.start({
      postsealPort: returnPort,
      returnPort,
      // A strict main.cf, as a server on the Internet may have it: nothing of it is for the return port.
      main: {
        smtpd_tls_security_level: 'encrypt',
        smtpd_tls_chain_files: pem,
        smtpd_client_restrictions: 'reject',
        smtpd_helo_restrictions: 'reject',
        smtpd_sender_restrictions: 'reject',
        smtpd_relay_restrictions: 'reject',
        smtpd_data_restrictions: 'reject',
        smtpd_end_of_data_restrictions: 'reject',
        header_checks: 'regexp:{{/^Subject:/ PREPEND X-Checked: yes}}',
        always_bcc: 'archive@example.org',
        canonical_maps: 'inline:{anna@old.example=anna@example.com}',
      },
    });
  });

  afterAll(async () => {
    await postfix.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  test('takes the mail back whatever main.cf forbids, checks and maps nothing again', async () => {
    const message = Buffer.from('Subject: x\nFrom: anna@old.example\nMessage-ID: <1@example.com>\n\nGrüße\n');
    await postfix.sendmail('anna@old.example', ['kim@example.net', 'lee@example.net'], message);
    const copies = await postfix.delivered('1@example.com', 3);
    expect(copies.map(copy => copy.recipient)).toEqual([
      'archive@example.org',
      'kim@example.net',
      'lee@example.net',
    ]);
    for (const { sender, content } of copies) {
      expect(sender).toBe('anna@example.com');
      expect(content.toString()).toMatch(/^X-Checked: yes\nSubject: x\nFrom: anna@example.com\n/);
      expect(content.toString()).toMatch(/\n\nGrüße\n$/);
    }
    // One transaction on the return port for each recipient, as always for the sendmail command.
    expect(postfix.log().match(/smtpd\[\d+\]: \w+: client=/g)).toHaveLength(3);
    await postfix.drained();
    expect(postfix.messages()).toHaveLength(3);
  });
});
