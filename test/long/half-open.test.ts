// The peer is gone and no FIN or RST tells so: its cable is cut. Postseal gives up after `timeout`, keeps nothing open,
// and goes on where there is a network again.
//
//   client, embedded return port ──╳── veth ── Postseal in a network namespace of its own
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DialogClient } from '../support/dialog-client.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { until } from '../support/postfix.js';
import { openFiles } from '../support/process.js';
import { record } from '../support/record.js';
import { ReturnPort } from '../support/return-port.js';
import { Service } from '../support/service.js';

const name = `pseal${process.pid}`.slice(0, 12);
/** Of TEST-NET-2 (RFC 5737), which is nobody's: four addresses, so that runs at the same time do not meet. */
const block = (process.pid % 63) * 4;
const [here, there] = [`198.51.100.${block + 1}`, `198.51.100.${block + 2}`];

const ip = (line: string): void => {
  execFileSync(peer('ip'), line.split(' '), { stdio: 'pipe' });
};

describeWithPeers('a peer that is gone without a word', ['ip'], () => {
  let directory: string;
  let returnPort: ReturnPort;
  let service: Service;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'postseal-half-open-'));
    const anna = makePki(directory).issue({ name: 'anna', addresses: ['anna@example.com'] });
    ip(`netns add ${name}`);
    ip(`link add ${name} type veth peer name eth0 netns ${name}`);
    ip(`addr add ${here}/30 dev ${name}`);
    ip(`link set ${name} up`);
    ip(`-n ${name} addr add ${there}/30 dev eth0`);
    ip(`-n ${name} link set eth0 up`);
    returnPort = await ReturnPort.start({ host: here });
    const config = join(directory, 'postseal.ini');
    writeFileSync(
      config,
      `[service]
listen = ${there}:10025
clients = ${here}
return = ${here}:${returnPort.port}
hostname = postseal.example.com
timeout = 2
[certificate:anna]
file = ${anna.pem}
[rule:anna]
sender = anna@example.com
certificate = anna
`,
    );
    const within = [peer('ip'), 'netns', 'exec', name];
    service = await Service.start({ config, journal: join(directory, 'journal'), within });
  });

  afterAll(async () => {
    await service.stop();
    await returnPort.close();
    ip(`link del ${name}`);
    ip(`netns del ${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  /** A client past its RCPT. */
  async function begun(id: string): Promise<DialogClient> {
    const client = await DialogClient.connect({ host: there, port: 10_025 });
    await client.hear();
    await client.ask('EHLO client.example');
    await client.ask(`XFORWARD IDENT=${id}`);
    await client.ask('MAIL FROM:<anna@example.com>');
    await client.ask('RCPT TO:<kim@example.net>');
    return client;
  }

  const head = 'From: anna@example.com\r\nSubject: x\r\n\r\n';

  async function whole(id: string): Promise<string> {
    const client = await begun(id);
    await client.ask('DATA');
    const reply = await client.ask(`${head}Hello\r\n.`);
    client.hangUp();
    return reply;
  }

  const cases = [
    { where: 'a client between two commands', id: 'RCPT', data: false, line: undefined, arrived: 0 },
    {
      where: 'a client in its message',
      id: 'BODY',
      data: true,
      line: /451 4\.4\.2 Connection lost before the end/,
      arrived: 0,
    },
    {
      where: 'both, after the dot, with the reply on its way',
      id: 'DOT',
      data: true,
      line: /451 4\.4\.2 Connection to the return port lost/,
      arrived: 1,
    },
  ] as const;

  for (const { where, id, data, line, arrived } of cases) {
    test(where, async () => {
      expect(await whole('BEFORE')).toMatch(/^250 /);
      returnPort.drop();
      await until('the connection to be gone', () => returnPort.open === 0);
      returnPort.clear();
      const files = openFiles(service.pid);
      const client = await begun(id);
      if (data) {
        await client.ask('DATA');
        client.send(`${head}Half\r\n`);
      }
      if (id === 'DOT') {
        returnPort.fault({ at: 'stored', delay: 500, times: 1 });
        client.send('.\r\n');
        await returnPort.received(1);
      }
      ip(`link set ${name} down`);
      const since = performance.now();
      // Whatever they say now, nobody hears.
      client.hangUp();
      returnPort.drop();
      const told = await until('the journal', () => line === undefined || service.lines(`${id}: `).at(-1));
      await until('the connections to be given up', () => openFiles(service.pid) <= files, 15_000);
      const seconds = (performance.now() - since) / 1000;
      ip(`link set ${name} up`);
      const after = await whole('AFTER');
      record('half-open', { where, seconds, journal: told, arrived: returnPort.messages.length - 1, after });
      if (line) expect(told).toMatch(line);
      expect(after).toMatch(/^250 /);
      expect(returnPort.messages).toHaveLength(arrived + 1);
    });
  }
});
