// The control socket of a running service, and the commands that talk to it.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/postfix.js';
import { Postseal, postseal } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-cli-control-'));
const socket = join(directory, 'control.sock');
const ini = join(directory, 'postseal.ini');
let running: Postseal[] = [];

afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  for (const process of running) await process.end();
  running = [];
  rmSync(socket, { force: true });
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function serve(more = `control = ${socket}`, environment = {}): Promise<Postseal> {
  const [listen, back] = [await freePort(), await freePort()];
  writeFileSync(ini, `[service]\nlisten = 127.0.0.1:${listen}\nreturn = 127.0.0.1:${back}\n${more}\n`);
  const process = Postseal.start(['serve', '--config', ini], [], environment);
  running.push(process);
  await process.says('ready');
  return process;
}

describe('the control socket', () => {
  test('is for root and the user of the service alone, answers, and goes with the service', async () => {
    const process = await serve();
    const { code, stdout } = await postseal(['status', '--config', ini]);
    // Nobody is at its return port.
    expect(code).toBe(75);
    expect(stdout).toMatch(/^ {2}listening on +127\.0\.0\.1:/m);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    process.signal('SIGTERM');
    await process.end();
    expect(existsSync(socket)).toBe(false);
  });

  test('is asked by nobody with another ini file of that name', async () => {
    const process = await serve();
    const draft = join(directory, 'draft');
    mkdirSync(draft);
    copyFileSync(ini, join(draft, 'postseal.ini'));
    const { code, stderr } = await postseal(['reload', '--config', join(draft, 'postseal.ini')]);
    expect(code).toBe(69);
    expect(stderr).toContain(`the service there runs with ${ini}, not with ${draft}`);
    expect((await postseal(['reload', '--config', ini])).stdout).toBe('reloaded\n');
    expect(process.output.match(/reading the configuration again/g)).toHaveLength(1);
  });

  test('one that cannot be had costs a line of the journal, not the mail', async () => {
    const process = await serve(`control = ${join(directory, 'missing', 'control.sock')}`);
    await process.says('postseal: no control socket: ');
  });

  test('without a service, the command says where it looked, and ends with 69', async () => {
    const process = await serve();
    process.signal('SIGKILL');
    await process.end();
    const { code, stderr } = await postseal(['status', '--config', ini]);
    expect(code).toBe(69);
    expect(stderr).toBe(
      `postseal: ${socket}: no service answers there; is it running (systemctl status postseal), with this ini file?\n`,
    );
  });

  test('a service of a version that does not know the question is told as that', async () => {
    const old = createServer((_request, response) => {
      response.writeHead(404).end('not here\n');
    });
    await new Promise<void>(resolve => old.listen(socket, resolve));
    writeFileSync(ini, `[service]\ncontrol = ${socket}\n`);
    const { code, stderr } = await postseal(['reload', '--config', ini]);
    old.close();
    expect(code).toBe(69);
    expect(stderr).toBe(`postseal: ${socket}: a Postseal of another version runs there; restart it\n`);
  });
});
