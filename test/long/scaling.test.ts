// Two Postseals behind one transport, and one of them dies: the other signs on (docs/scaling.md).
//
//   smtp-source ──► smtpd ──► "postseal" ──┬──► Postseal, killed in the midst ──┬──► return port smtpd ──► maildir
//                                          └──► Postseal ───────────────────────┘
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPeers, peer } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { freePort, Postfix, type PostfixOptions, until } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';
import { Verifiers, verifierPeers } from '../support/verifiers.js';

const total = 120;
/** Deliveries under way at a time: so many may come twice, as their reply is lost with the process. */
const concurrency = 20;
const retries = { queue_run_delay: '1s', minimal_backoff_time: '1s', maximal_backoff_time: '2s' };

describeWithPeers('two filters', ['postfix', 'smtp-source', 'haproxy', ...verifierPeers], () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-scaling-'));
  let verifiers: Verifiers;
  let ini: string;

  beforeAll(() => {
    const pki = makePki(join(directory, 'pki'));
    verifiers = new Verifiers(pki.root.certificate);
    const { pem } = pki.issue({ name: 'anna', addresses: ['anna@example.com'] });
    ini = `[certificate:anna]\nfile = ${pem}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`;
  });

  afterAll(() => {
    verifiers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Sends through both, kills the first while mail is under way, and looks at what arrived. */
  async function oneDies(
    addresses: readonly [string, string],
    ports: readonly [number, number],
    wiring: Omit<PostfixOptions, 'postsealPort'>,
    haproxyPort?: number,
  ): Promise<void> {
    const returnPort = await freePort();
    const main = { ...retries, ...wiring.main };
    const postfix = await Postfix.start({
      postsealPort: haproxyPort ?? ports[0],
      returnPort,
      ...wiring,
      main,
    });
    const start = (i: 0 | 1): Promise<PostsealProcess> =>
      PostsealProcess.start({ listenPort: ports[i], address: addresses[i], returnPort, ini });
    const [dying, surviving] = await Promise.all([start(0), start(1)]);
    // Only now, so that it finds both: Postfix keeps the connections that it has got.
    const haproxy = haproxyPort === undefined ? undefined : await startHaproxy(directory, haproxyPort, ports);
    try {
      const load = postfix.smtpSource([
        ...['-f', 'anna@example.com', '-t', 'kim@example.net', '-s', '10', '-m', String(total)],
      ]);
      await until(
        () => `mail through the first\n${postfix.tail()}`,
        () => dying.lines('signed').length > 20,
        30_000,
      );
      await dying.kill();
      expect(postfix.count()).toBeLessThan(total);
      expect(await load).toMatchObject({ status: 0 });
      await postfix.drained(60_000);

      const messages = postfix.messages();
      const ids = messages.map(({ raw }) => /^Message-Id: <(.*)>$/im.exec(raw.toString())![1]!);
      expect(new Set(ids).size).toBe(total);
      expect(messages.length - total).toBeLessThanOrEqual(concurrency);
      for (const { raw } of messages) expect(await verifiers.verify(raw)).toBe('good');
      expect(surviving.lines('signed').length).toBeGreaterThan(0);
    } finally {
      await postfix.remove();
      await Promise.all([dying.remove(), surviving.remove()]);
      if (haproxy) {
        haproxy.kill();
        await once(haproxy, 'close');
      }
    }
  }

  test('named one after the other in content_filter', { timeout: 90_000 }, async () => {
    const ports = [await freePort(), await freePort()] as const;
    const nexthop = ports.map(port => `[127.0.0.1]:${port}`).join(',');
    await oneDies(['127.0.0.1', '127.0.0.1'], ports, { nexthop });
  });

  test('two addresses of one name', { timeout: 90_000 }, async () => {
    const port = await freePort();
    await oneDies(['127.0.0.2', '127.0.0.3'], [port, port], {
      nexthop: `[filters.example.com]:${port}`,
      hosts: '127.0.0.2 filters.example.com\n127.0.0.3 filters.example.com\n',
      transport: { smtp_host_lookup: 'native' },
    });
  });

  test('behind HAProxy', { timeout: 90_000 }, async () => {
    const [haproxyPort, ...ports] = [await freePort(), await freePort(), await freePort()] as const;
    await oneDies(['127.0.0.1', '127.0.0.1'], ports, {}, haproxyPort);
  });
});

/** With the configuration that docs/scaling.md teaches. */
async function startHaproxy(
  directory: string,
  port: number,
  filters: readonly [number, number],
): Promise<ChildProcess> {
  const config = join(directory, 'haproxy.cfg');
  writeFileSync(
    config,
    `
defaults
    mode tcp
    timeout connect 5s
    timeout client 10m
    timeout server 10m

listen postseal
    bind 127.0.0.1:${port}
    balance leastconn
    option redispatch
    server one 127.0.0.1:${filters[0]} check inter 1s
    server two 127.0.0.1:${filters[1]} check inter 1s
`,
  );
  const haproxy = spawn(peer('haproxy'), ['-q', '-db', '-f', config], { stdio: 'ignore' });
  const answers = (): Promise<boolean> =>
    new Promise(resolve => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy();
        resolve(true);
      }).once('error', () => {
        resolve(false);
      });
    });
  await until('HAProxy', answers);
  return haproxy;
}
