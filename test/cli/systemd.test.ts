// `postseal serve` under systemd: what it tells, and the socket that it is handed. Played by systemd's own
// systemd-notify and systemd-socket-activate, and some Python (test/support/systemd.ts).
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DialogClient } from '../support/dialog-client.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { freePort } from '../support/postfix.js';
import { NotifySocket, SocketUnit } from '../support/systemd.js';
import { Postseal, postseal as run, commandLine } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-cli-systemd-'));
const ini = join(directory, 'postseal.ini');
const control = join(directory, 'control.sock');
let port: number;
let running: Postseal[] = [];

beforeEach(async () => {
  port = await freePort();
  configure();
});

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  for (const process of running) await process.end();
  running = [];
  rmSync(control, { force: true });
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function configure(listen = `127.0.0.1:${port}`, more = ''): void {
  const service = `listen = ${listen}\nreturn = 127.0.0.1:9\ncontrol = ${control}\nhostname = postseal.example.com`;
  writeFileSync(ini, `[service]\n${service}\n${more}`);
}

function serve(environment = {}): Postseal {
  const process = Postseal.start(['serve', '--config', ini], [], environment);
  running.push(process);
  return process;
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 15_000, interval: 20 }).toBe(true);
}

async function greeting(where: { port: number; host: string } | { path: string }): Promise<string[]> {
  const client = await DialogClient.connect(where);
  const lines = await client.hear();
  client.hangUp();
  return lines;
}

const hello = ['220 postseal.example.com ESMTP Postseal'];
const broken = '[servce]\n';
const mistake = `${ini}:6: [servce]: unknown section: did you mean [service]?`;

describe('postseal reload', () => {
  test('tells that it came about, or each mistake, and ends with 78', async () => {
    const process = serve();
    await process.says('ready');
    const reload = (): ReturnType<typeof run> => run(['reload', '--config', ini]);
    expect(await reload()).toEqual({ code: 0, stdout: 'reloaded\n', stderr: '' });
    await process.says('postseal: asked to, reading the configuration again');
    // A mistake of those that do not show in the ini file alone.
    configure(`127.0.0.1:${port}`, `[journal]\ndebug = yes\ndebug_file = /dev/null/debug.json\n`);
    const { code, stdout, stderr } = await reload();
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(
      /^kept the old configuration:\n\[journal\] debug_file: \/dev\/null\/debug\.json cannot be written/,
    );
    await process.says('reload: kept the old configuration: [journal] debug_file');
  });

  test('a mistake in the ini file is told even where no service can be found because of it', async () => {
    configure(`127.0.0.1:${port}`, broken);
    expect(await run(['reload', '--config', ini])).toEqual({ code: 78, stdout: '', stderr: `${mistake}\n` });
  });
});

describeWithPeers('notification', ['python3', 'systemd-notify'], () => {
  let systemd: NotifySocket;
  const path = join(directory, 'notify.sock');
  const all = (): string => systemd.heard.join('\n');

  beforeEach(async () => {
    systemd = await NotifySocket.open(path);
  });

  afterEach(() => {
    systemd.close();
    rmSync(path, { force: true });
  });

  test('ready once it listens; a reload, also one that fails, between two words; the end', async () => {
    const process = serve({ NOTIFY_SOCKET: path });
    await until(() => systemd.heard.length > 0);
    expect(process.output).toContain('ready, listening');
    expect(await greeting({ host: '127.0.0.1', port })).toEqual(hello);
    const status =
      'STATUS=signed 0, unsigned 0, deferred 0, rejected 0; 0 in flight; return port not needed yet';
    expect(systemd.heard).toEqual([`READY=1 ${status}`]);
    configure(`127.0.0.1:${port}`, broken);
    process.signal('SIGHUP');
    await until(() => systemd.heard.length === 3);
    expect(systemd.heard[1]).toMatch(/^RELOADING=1 MONOTONIC_USEC=\d+$/);
    expect(systemd.heard[2]).toBe(`READY=1 ${status}`);
    process.signal('SIGTERM');
    expect((await process.end()).code).toBe(0);
    await until(() => systemd.heard.length === 4);
    expect(systemd.heard[3]).toBe('STOPPING=1');
  });

  test('a configuration that is no use is never called ready', async () => {
    configure(`127.0.0.1:${port}`, broken);
    expect((await serve({ NOTIFY_SOCKET: path }).end()).code).toBe(78);
    expect(systemd.heard).toEqual([]);
  });

  test('the watchdog hears of it while the event loop turns, and no longer', async () => {
    const process = serve({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '600000' });
    const beats = (): number => all().match(/WATCHDOG=1 STATUS=/g)?.length ?? 0;
    await until(() => beats() >= 2);
    process.signal('SIGSTOP');
    // One may be under way still. The time within which systemd wants to hear of us has to pass.
    await new Promise(resolve => setTimeout(resolve, 300));
    const before = beats();
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(beats()).toBe(before);
    process.signal('SIGCONT');
    await until(() => beats() > before);
  });

  test('a watchdog of another process is none of ours', async () => {
    const process = serve({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '60000', WATCHDOG_PID: '1' });
    await until(() => systemd.heard.length > 0);
    await process.says('ready');
    process.signal('SIGHUP');
    await until(() => systemd.heard.length >= 3);
    expect(all()).not.toContain('WATCHDOG=1');
  });
});

test('systemd that is gone, or a missing systemd-notify, costs a line of the journal', async () => {
  const process = serve({ NOTIFY_SOCKET: join(directory, 'nowhere.sock'), PATH: directory });
  await process.says('postseal: systemd does not hear how the service is: spawn systemd-notify ENOENT');
  expect(await greeting({ host: '127.0.0.1', port })).toEqual(hello);
});

describeWithPeers('a socket of systemd’s', ['systemd-socket-activate', 'python3'], () => {
  /** systemd listens there; the first connection starts the service. */
  function activate(...listen: string[]): Postseal {
    const command = ['-E', 'PATH', ...listen.flatMap(where => ['-l', where])];
    const process = Postseal.under(peer('systemd-socket-activate'), command, ['serve', '--config', ini]);
    running.push(process);
    return process;
  }

  test('is listened on by the one that it is handed to', async () => {
    const process = activate(`127.0.0.1:${port}`);
    await process.says('Listening on');
    expect(await greeting({ host: '127.0.0.1', port })).toEqual(hello);
    await process.says(`postseal: ready, listening on 127.0.0.1:${port}, `);
    expect(process.output).not.toContain('the ini file says');
    process.signal('SIGTERM');
    expect((await process.end()).code).toBe(0);
  });

  test('counts where the ini file says otherwise, and which of the two lines to mend is said', async () => {
    const other = await freePort();
    configure(`127.0.0.1:${other}`);
    const process = activate(`127.0.0.1:${port}`);
    await process.says('Listening on');
    expect(await greeting({ host: '127.0.0.1', port })).toEqual(hello);
    await process.says(
      `postseal: systemd listens on 127.0.0.1:${port}, and that counts, but the ini file says listen = 127.0.0.1:${other}: mend that line, or ListenStream= (systemctl edit postseal.socket)`,
    );
    process.signal('SIGHUP');
    await process.says('reloaded in');
    expect(process.output).not.toContain('needs a restart');
    // Nobody is sent in circles because of it.
    writeFileSync(ini, `[service]\nlisten = 127.0.0.1:${other}\nreturn = 127.0.0.1:${port}\n`);
    process.signal('SIGHUP');
    await process.says(`return: 127.0.0.1:${port} is where postseal.socket listens: mail would come back`);
  });

  test('keeps its file, and the rights that systemd gave it', async () => {
    const path = join(directory, 'in.sock');
    writeFileSync(ini, `[service]\nlisten = unix:${path}\nprotocol = lmtp\nreturn = 127.0.0.1:9\n`);
    const process = activate(path);
    await process.says('Listening on');
    const { mode, ino } = statSync(path);
    expect(await greeting({ path })).toEqual([expect.stringMatching(/^220 .* LMTP Postseal$/)]);
    expect(process.output).toContain(`ready, listening on unix:${path}, `);
    process.signal('SIGTERM');
    await process.end();
    expect(statSync(path)).toMatchObject({ mode, ino });
  });

  test('several: 78, and the mend', async () => {
    const process = activate(`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`);
    await process.says('Listening on');
    const client = await DialogClient.connect({ host: '127.0.0.1', port });
    const { code, stderr } = await process.end();
    client.hangUp();
    expect(code).toBe(78);
    expect(stderr).toMatch(/^systemd hands in 2 sockets: keep one Listen… line in postseal\.socket$/m);
  });

  test('none that can be listened on: 78, and the mend', async () => {
    const unit = SocketUnit.hold(commandLine(['serve', '--config', ini]), 'SOCK_DGRAM');
    unit.start();
    await until(() => unit.output.includes('ended'));
    await unit.close();
    expect(unit.output).toMatch(
      /^systemd hands in what is no listening stream socket \(listen EINVAL: invalid argument\): postseal\.socket needs one ListenStream=, and no Accept=yes\n[^]*ended 78$/m,
    );
  });

  test('meant for another process is left alone', async () => {
    await serve({ LISTEN_PID: '1', LISTEN_FDS: '1' }).says(`ready, listening on 127.0.0.1:${port}`);
  });

  test('outlives a restart: whoever connects meanwhile waits, and is served', async () => {
    const unit = SocketUnit.hold(commandLine(['serve', '--config', ini]));
    await until(() => unit.output.includes('port '));
    port = Number(/port (\d+)/.exec(unit.output)![1]);
    configure();
    unit.start();
    await until(() => unit.output.includes('ready, listening'));
    expect(await greeting({ host: '127.0.0.1', port })).toEqual(hello);
    process.kill(Number(/pid (\d+)/.exec(unit.output)![1]), 'SIGTERM');
    await until(() => unit.output.includes('ended'));
    const waiting = await Promise.all(
      Array.from({ length: 20 }, () => DialogClient.connect({ host: '127.0.0.1', port })),
    );
    unit.start();
    expect(await Promise.all(waiting.map(client => client.hear()))).toEqual(waiting.map(() => hello));
    for (const client of waiting) client.hangUp();
    process.kill(Number(/pid (\d+)(?![^]*pid)/.exec(unit.output)![1]), 'SIGTERM');
    await unit.close();
  });
});
