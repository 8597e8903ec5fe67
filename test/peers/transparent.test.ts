// A hop that Postfix cannot tell from a perfect wire: the same mail with Postseal and without it.
//
//   client ──► smtpd ──► transport "postseal" ──► Postseal (no rule) ──► return port ──► smtp ──► sink
//   client ──► smtpd ──► transport "postseal" ─────────────────────────► return port ──► smtp ──► sink
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DialogClient } from '../support/dialog-client.js';
import { describeWithPeers } from '../support/peers.js';
import { freePort, Postfix, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { defaultExtensions, ReturnPort, type StoredMessage } from '../support/return-port.js';
import { transparentCases, type TransparentCase } from './transparent-cases.js';

/** A Postfix whose filter is at `filterPort`, and where all of its mail ends up. */
class Way {
  private constructor(
    readonly postfix: Postfix,
    readonly sink: ReturnPort,
  ) {}

  /** @param lacks what the return port does not offer; the client, which is from elsewhere, is offered all of it */
  static async start(filterPort: number, returnPort: number, lacks = ''): Promise<Way> {
    // Postfix would tell the sink the size of a message that has a Received field more.
    const extensions = defaultExtensions.filter(e => !e.startsWith('SIZE'));
    const sink = await ReturnPort.start({ extensions });
    const postfix = await Postfix.start({
      postsealPort: filterPort,
      returnPort,
      main: {
        virtual_mailbox_domains: '',
        default_transport: `smtp:[127.0.0.1]:${sink.port}`,
        default_destination_recipient_limit: '1000',
        // Adds no fields, whose Message-ID would be another each time.
        local_header_rewrite_clients: '',
        smtpd_discard_ehlo_keyword_address_maps: lacks === '' ? '' : `inline:{{127.0.0.1 = ${lacks}}}`,
      },
    });
    return new Way(postfix, sink);
  }

  async remove(): Promise<void> {
    await this.postfix.remove();
    await this.sink.close();
  }

  /** Hands a message in as a client of elsewhere. @returns the queue id */
  async submit({ mail, recipients, content }: TransparentCase): Promise<string> {
    const client = await DialogClient.connect({ host: '127.0.0.1', port: this.postfix.submissionPort });
    const ask = async (octets: string, code: string): Promise<string> => {
      client.send(Buffer.from(`${octets}\r\n`, 'latin1'));
      const reply = (await client.hear(20_000)).join('\n');
      if (!reply.startsWith(code)) throw new Error(`${octets.slice(0, 200)}: ${reply}`);
      return reply;
    };
    await client.hear();
    await ask('EHLO localhost', '250');
    await ask('XCLIENT NAME=client.example.org ADDR=203.0.113.7 HELO=here.example.org', '220');
    await ask('EHLO here.example.org', '250');
    await ask(`MAIL FROM:${mail}`, '250');
    for (const recipient of recipients) await ask(`RCPT TO:${recipient}`, '250');
    await ask('DATA', '354');
    const reply = await ask(`${content}.`, '250');
    client.hangUp();
    return / queued as (\w+)$/.exec(reply)![1]!;
  }

  /** What arrives of what was sent meanwhile, once Postfix is done with it. */
  async arrived(): Promise<readonly StoredMessage[]> {
    await this.sink.received(1, 60_000);
    // The log is surer than the queue: a message that changes its directory can be seen in neither of them.
    const done = (): boolean => {
      const log = this.postfix.log();
      const ids = new Set([...log.matchAll(/: ([0-9A-F]{8,}): /g)].map(match => match[1]!));
      return [...ids].every(id => log.includes(`: ${id}: removed`));
    };
    await until(() => this.postfix.tail(), done, 60_000);
    const messages = [...this.sink.messages];
    this.sink.clear();
    return messages.sort((a, b) => key(a).localeCompare(key(b)));
  }
}

const named = (title: string): TransparentCase => transparentCases.find(c => c.title === title)!;

const key = ({ mail, recipients }: StoredMessage): string => [mail, ...recipients].join('\n');

/** The Received fields on top, and the rest. */
function divide(content: Buffer): { trace: string[]; rest: string } {
  let rest = content.toString('latin1');
  const trace: string[] = [];
  for (;;) {
    const [field] = /^Received: .*\r\n(?:[ \t].*\r\n)*/.exec(rest) ?? [];
    if (field === undefined) return { trace, rest };
    trace.push(field);
    rest = rest.slice(field.length);
  }
}

/** All that is to be the same. */
function seen({ mail, recipients, content }: StoredMessage): object {
  return { mail, recipients, content: divide(content).rest };
}

describeWithPeers('with Postseal and without it', ['postfix'], () => {
  let postseal: PostsealProcess;
  let through: Way;
  let straight: Way;

  beforeAll(async () => {
    const [listenPort, returnPort, straightPort] = [await freePort(), await freePort(), await freePort()];
    postseal = await PostsealProcess.start({ listenPort, returnPort, ini: '' });
    through = await Way.start(listenPort, returnPort);
    straight = await Way.start(straightPort, straightPort);
  });

  afterAll(async () => {
    await through.remove();
    await straight.remove();
    await postseal.remove();
  });

  async function expectSame(send: (way: Way) => Promise<unknown>): Promise<void> {
    await Promise.all([send(through), send(straight)]);
    const [got, want] = [await through.arrived(), await straight.arrived()];
    expect(want).not.toEqual([]);
    expect(got.map(seen)).toEqual(want.map(seen));
    // One Received field is what tells them apart.
    const hops = (messages: readonly StoredMessage[]): string[][] =>
      messages.map(m => divide(m.content).trace.map(field => /\((Postfix|Postseal)\b/.exec(field)![1]!));
    expect(hops(want)).toEqual(want.map(() => ['Postfix', 'Postfix']));
    expect(hops(got)).toEqual(want.map(() => ['Postfix', 'Postseal', 'Postfix']));
  }

  test.each(transparentCases.map(c => [c.title, c] as const))(
    '%s',
    async (_, message) => expectSame(way => way.submit(message)),
    90_000,
  );

  const known =
    'From: carl@example.org\nDate: Thu, 26 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.org>\n';
  test.each([
    ['no line end at the end', `${known}\nHello`],
    ['a CR in front of it', `${known}\nHello\r`],
    ['no body', known],
    ['lines that begin with a dot', `${known}\n.\n..\n.x\n`],
  ])('by the sendmail command: %s', async (_, text) =>
    expectSame(async way => {
      const sent = await way.postfix.sendmail('carl@example.org', ['bob@example.net'], Buffer.from(text));
      expect(sent).toEqual({ status: 0, output: '' });
    }),
  );

  test('the log of the return port names the client and the queue id of before', async () => {
    const logged = async (way: Way): Promise<string[]> => {
      const ids = [await way.submit(named('8-bit text')), await way.submit(named('the null sender'))];
      await way.arrived();
      return ids.map(id => {
        const line =
          way.postfix
            .log()
            .split('\n')
            .find(l => l.includes(`orig_queue_id=${id}`)) ?? 'nothing';
        return line.replace(/^.*smtpd\[\d+\]: \w+: /, '').replace(id, 'ID');
      });
    };
    const [got, want] = [await logged(through), await logged(straight)];
    expect(got).toEqual(want);
    expect(got[0]).toMatch(/orig_queue_id=ID, orig_client=client\.example\.org\[203\.0\.113\.7\]$/);
  });
});

describeWithPeers('with Postseal and without it, the return port lacking extensions', ['postfix'], () => {
  const lacks = 'dsn, 8bitmime, smtputf8';
  let postseal: PostsealProcess;
  let ways: Way[];

  beforeAll(async () => {
    const [listenPort, returnPort, straightPort] = [await freePort(), await freePort(), await freePort()];
    ways = [
      await Way.start(listenPort, returnPort, lacks),
      await Way.start(straightPort, straightPort, lacks),
    ];
    postseal = await PostsealProcess.start({ listenPort, returnPort, ini: '' });
  });

  afterAll(async () => {
    for (const way of ways) await way.remove();
    await postseal.remove();
  });

  /** What Postfix tells the sender. */
  const told = ({ mail, recipients, content }: StoredMessage): unknown[] => [
    mail,
    recipients,
    content.toString('latin1').match(/^(?:Action|Status): .*$/gm),
  ];

  test.each([
    ['DSN, of each recipient its own', 'relayed', ['Action: relayed'], 2],
    ['IDN and local parts in UTF-8', 'bounced', ['Status: 5.6.7'], 1],
    ['8-bit text', 'sent on', [], 1],
  ])('%s: %s, by Postfix itself', async (title, _, notices, count) => {
    const [got, want] = await Promise.all(
      ways.map(async way => {
        await way.submit(named(title));
        return way.arrived();
      }),
    );
    expect(got).toHaveLength(count);
    expect(got!.map(told)).toEqual(want!.map(told));
    expect(got!.flatMap(told).flat()).toEqual(expect.arrayContaining(notices));
  });
});
