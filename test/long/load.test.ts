// More than anybody should ask of it: connections by the thousand, clients that dawdle, and mail without end. What is
// too much hears a 4xx, the rest is served, and nothing grows.
//
//   clients ──► Postseal ──► embedded return port
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { residentMemory } from '../bench/proc.js';
import { get } from '../support/http.js';
import { until } from '../support/postfix.js';
import { openFiles } from '../support/process.js';
import { record } from '../support/record.js';
import { SigningService } from '../support/signing-service.js';

const many = 2000;
let service: SigningService;
let clients: Client[] = [];

afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  clients = [];
  await service.remove();
});

interface Client {
  readonly socket: Socket;
  heard: string;
  closed: boolean;
}

function client(): Client {
  const it: Client = { socket: connect(service.port, '127.0.0.1'), heard: '', closed: false };
  it.socket.setEncoding('latin1').on('data', (text: string) => (it.heard += text));
  it.socket.on('error', () => undefined).on('close', () => (it.closed = true));
  clients.push(it);
  return it;
}

/** How many have heard that as their last line. */
const hearing = (reply: RegExp): number =>
  clients.filter(({ heard }) => reply.test(heard.trimEnd().split('\r\n').at(-1)!)).length;

/** A metric by its name and labels as Prometheus reads it. */
async function metric(line: string): Promise<number> {
  const { body } = await get(join(service.directory, 'metrics'), '/metrics');
  return Number(
    body
      .split('\n')
      .find(l => l.startsWith(`${line} `))
      ?.split(' ')[1] ?? 0,
  );
}

const metrics = (directory: string): string => `[metrics]\nlisten = unix:${directory}/metrics\n`;

test(`${many} connections at once, of which 100 may be: the others hear 421, and mail passes afterwards`, async () => {
  service = await SigningService.start();
  for (let i = 0; i < many; i++) client();
  await until('the greetings', () => hearing(/^(220|421) /) === many, 15_000);
  const [served, refused] = [hearing(/^220 /), hearing(/^421 4\.7\.0 Too many connections/)];
  const reply = await service.send('MEANWHILE');
  for (const { socket } of clients) socket.destroy();
  const after = await until('room', async () => {
    const answer = await service.send('AFTERWARDS');
    return answer.startsWith('250') && answer;
  });
  record('connections', { connections: many, max: 100, served, refused, reply, after });
  expect({ served, refused }).toEqual({ served: 100, refused: many - 100 });
  expect(reply).toMatch(/421 4\.7\.0 Too many connections/);
});

test(
  `${many} connections at once, of which ${many} may be: each gets its message through`,
  { timeout: 60_000 },
  async () => {
    service = await SigningService.start(() => ({ service: `max_connections = ${many}\n` }));
    const start = performance.now();
    for (let i = 0; i < many; i++) client();
    const all = (reply: RegExp): Promise<unknown> =>
      until(
        () => `all to hear ${reply}, ${hearing(reply)} do`,
        () => hearing(reply) === many,
        40_000,
      );
    const say = (text: string): void => {
      for (const { socket } of clients) socket.write(text);
    };
    await all(/^220 /);
    say('EHLO client.example\r\n');
    await all(/^250 XFORWARD/);
    say('MAIL FROM:<anna@example.com>\r\nRCPT TO:<kim@example.net>\r\nDATA\r\n');
    await all(/^354 /);
    const { now } = residentMemory(service.process.pid);
    say('From: anna@example.com\r\nSubject: x\r\n\r\nHello\r\n.\r\n');
    await all(/^[245]\d\d \d\.\d\.\d /);
    const accepted = hearing(/^250 2\.0\.0 Ok: queued/);
    record('connections', {
      ...{
        connections: many,
        max: many,
        accepted,
        deferred: hearing(/^4/),
        seconds: (performance.now() - start) / 1000,
      },
      ...{ memory: now, highest: residentMemory(service.process.pid).highest },
    });
    expect(service.returnPort.messages).toHaveLength(accepted);
    expect(accepted + hearing(/^4/)).toBe(many);
    expect(accepted).toBe(many);
  },
);

test('clients that dawdle or say nothing are sent away, and keep nobody', async () => {
  service = await SigningService.start(() => ({ service: 'timeout = 2\nmax_connections = 60\n' }));
  const begin = 'EHLO client.example\r\nMAIL FROM:<anna@example.com>\r\nRCPT TO:<kim@example.net>\r\n';
  const kinds = {
    idle: () => client(),
    'an octet a second of a command': () => client(),
    'an octet a second of a message': () => {
      const it = client();
      it.socket.write(`${begin}DATA\r\nFrom: anna@example.com\r\n\r\n`);
      return it;
    },
  };
  const started = performance.now();
  const groups = Object.entries(kinds).map(([kind, make]) => ({
    kind,
    group: Array.from({ length: 20 }, make),
    /** Seconds until the last one was sent away. */
    seconds: undefined as number | undefined,
  }));
  const dripping = setInterval(() => {
    for (const { kind, group } of groups)
      if (kind !== 'idle') for (const { socket } of group) if (socket.writable) socket.write('x');
  }, 1000);
  try {
    await until('the greetings', () => clients.every(({ heard }) => heard !== ''));
    const meanwhile = await service.send('MEANWHILE');
    await until(
      () => groups.map(({ kind, group }) => `${kind}: ${group.filter(c => c.closed).length} gone`).join(', '),
      () => {
        for (const g of groups)
          if (g.group.every(({ closed }) => closed)) g.seconds ??= (performance.now() - started) / 1000;
        return groups.every(({ seconds }) => seconds !== undefined);
      },
    );
    const after = await service.send('AFTERWARDS');
    for (const { kind, seconds, group } of groups)
      record('slow-loris', {
        kind,
        seconds,
        heard: group[0]!.heard.trimEnd().split('\r\n').at(-1),
        meanwhile,
        after,
      });
    expect(meanwhile).toMatch(/^connection lost|421 4\.7\.0 Too many connections/);
    expect(after).toMatch(/^250 /);
    for (const { heard } of clients) expect(heard).toMatch(/421 [^\r]*\r\n$/);
    expect(service.returnPort.messages).toHaveLength(1);
  } finally {
    clearInterval(dripping);
  }
});

test('a message that is too large is refused for good, announced or not, and the connection goes on', async () => {
  service = await SigningService.start(() => ({ service: 'max_message_size = 100K\n' }));
  const large = await service.send('LARGE', 'anna@example.com', 200_000);
  const it = client();
  await until('the greeting', () => it.heard.startsWith('220'));
  it.socket.write('EHLO client.example\r\nMAIL FROM:<anna@example.com> SIZE=200000\r\n');
  await until('the reply', () => hearing(/^[245]\d\d [245]\./) === 1);
  const announced = it.heard.trimEnd().split('\r\n').at(-1);
  record('backpressure', { limit: 'max_message_size', announced, large });
  for (const reply of [large, announced]) expect(reply).toMatch(/552 5\.3\.4 Message too large/);
  expect(await service.send('SMALL')).toMatch(/^250 /);
});

const minutes = Number(process.env['SOAK_MINUTES'] ?? 1);

test(
  `mail for ${minutes} min: memory, file descriptors and timers stay what they were`,
  { timeout: minutes * 60_000 + 60_000 },
  async () => {
    service = await SigningService.start(d => ({
      sections: `${metrics(d)}[events]\nfile = ${d}/events.json\n`,
    }));
    const { pid } = service.process;
    let sent = 0;
    const end = Date.now() + minutes * 60_000;
    const refused = new Set<string>();
    const load = Array.from({ length: 10 }, async (_, i) => {
      while (Date.now() < end) {
        // Now and then the return port fails in the midst: that, too, leaves nothing behind.
        if (++sent % 50 === 0)
          service.returnPort.fault({ at: 'body', then: sent % 100 === 0 ? 'reset' : 'hang up', times: 1 });
        const reply = await service.send(`S${sent}`, 'anna@example.com', (i * 50_000) % 400_000);
        if (!reply.startsWith('250')) refused.add(/[245]\d\d [245]\.\d\.\d.*/.exec(reply)?.[0] ?? reply);
        // What it received is not to grow the test.
        if (i === 0) service.returnPort.clear();
      }
    });
    const samples: { memory: number; files: number; resources: number }[] = [];
    const sample = async (): Promise<void> => {
      samples.push({
        ...{ memory: Math.round(residentMemory(pid).now), files: openFiles(pid) },
        // Timers among them, and whatever else keeps the event loop alive.
        resources: await metric('nodejs_active_resources_total'),
      });
    };
    while (Date.now() < end) {
      await new Promise(resolve => setTimeout(resolve, Math.min(5000, minutes * 6000)));
      await sample();
    }
    await Promise.all(load);
    // What is kept for a while is not kept for good: idle connections to the return port have ten seconds.
    await until(
      'the connections to be gone',
      async () => {
        // Not more often: each answer takes memory, too, until it is collected.
        await new Promise(resolve => setTimeout(resolve, 1000));
        return (await metric('postseal_return_port_connections{state="idle"}')) === 0;
      },
      15_000,
    );
    await sample();
    const third = Math.floor(samples.length / 3);
    const highest = (of: typeof samples): number => Math.max(...of.map(({ memory }) => memory));
    const [early, late] = [highest(samples.slice(0, 2 * third)), highest(samples.slice(2 * third))];
    record('soak', { minutes, sent, refused: [...refused], early, late, samples });
    expect(late).toBeLessThan(early * 1.25 + 10);
    expect(Math.max(...samples.map(({ files }) => files)) - samples[0]!.files).toBeLessThan(40);
    expect(samples.at(-1)!.files).toBeLessThanOrEqual(samples[0]!.files);
    expect(samples.at(-1)!.resources).toBeLessThanOrEqual(samples[0]!.resources);
    for (const reply of refused) expect(reply).toMatch(/^451 4\.4\.2 Connection to the return port lost/);
    expect(service.process.lines('Warning')).toEqual([]);
  },
);
