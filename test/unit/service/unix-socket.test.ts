// UNIX sockets that are there already: only one that nobody serves is in nobody's way.
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Worker } from 'node:worker_threads';
import { removeStaleSocket } from '../../../src/service/unix-socket.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-unix-socket-'));

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A thread that listens, and then does nothing more; what comes stays in the backlog. */
async function busyServer(path: string): Promise<Worker> {
  const worker = new Worker(
    `const { parentPort, workerData: path } = require('node:worker_threads');
    require('node:net').createServer().listen({ path, backlog: 1 }, () => {
      parentPort.postMessage('listening');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
    });`,
    { eval: true, workerData: path },
  );
  await once(worker, 'message');
  return worker;
}

test('that of a server whose backlog is full stays; once the server is gone it is removed', async () => {
  const path = join(directory, 'busy.sock');
  const server = await busyServer(path);
  const waiting: Socket[] = [];
  let code: unknown;
  while (code === undefined) {
    const client = connect(path);
    waiting.push(client);
    code = await once(client, 'connect').then(
      () => undefined,
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
  }
  expect(code).toBe('EAGAIN');
  await removeStaleSocket(path);
  expect(existsSync(path)).toBe(true);
  for (const client of waiting) client.destroy();
  await server.terminate();
  await removeStaleSocket(path);
  expect(existsSync(path)).toBe(false);
});

test('a file that is no socket stays', async () => {
  const path = join(directory, 'file');
  writeFileSync(path, '');
  await removeStaleSocket(path);
  expect(existsSync(path)).toBe(true);
});
