// The HTTP server of those who watch and steer: nobody holds a connection for long, and what cannot be had is let go.
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HttpListener, json, type Routes } from '../../../src/service/http.js';
import { get } from '../../support/http.js';

vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, chmod: vi.fn(real.chmod) };
});

/** Milliseconds. */
const patience = 300;
const large = 'x'.repeat(4_000_000);
const onError = vi.fn<(error: Error) => void>();
let finish: () => void;
const routes: Routes = {
  'GET /': () => json(200, {}),
  'GET /large': () => json(200, large),
  'GET /broken': () => {
    throw new Error('broken');
  },
  'POST /slow': async () => {
    await new Promise<void>(resolve => (finish = resolve));
    return json(200, 'done');
  },
};
let directory: string;
let path: string;
let listener: HttpListener;
let clients: Socket[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postseal-http-'));
  path = join(directory, 'http.sock');
  clients = [];
  listener = new HttpListener(routes, onError, patience);
  await listener.listen({ kind: 'unix', path }, 0o600);
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await listener.close();
  rmSync(directory, { recursive: true, force: true });
  vi.clearAllMocks();
});

/** A client that has said so much. */
async function says(text: string): Promise<Socket> {
  const client = connect(path).on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  client.write(text);
  return client;
}

describe('a client is sent away', () => {
  test.each([
    ['that says nothing', ''],
    ['that stops in its head', 'GET / HTTP/1.1\r\nHo'],
    ['that stops in its body', 'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'],
  ])('%s', async (_, text) => {
    const began = performance.now();
    const client = await says(text);
    await once(client.resume(), 'close');
    expect(performance.now() - began).toBeLessThan(10 * patience);
  });

  test('that does not read its answer', async () => {
    const client = await says('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise(resolve => setTimeout(resolve, 3 * patience));
    let octets = 0;
    client.on('data', (chunk: Buffer) => (octets += chunk.length));
    await once(client, 'close');
    expect(octets).toBeLessThan(large.length);
  });
});

test('an answer may take longer than a client', async () => {
  const client = await says('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  let heard = '';
  client.on('data', (text: Buffer) => (heard += text.toString()));
  await new Promise(resolve => setTimeout(resolve, 3 * patience));
  finish();
  await once(client, 'close');
  expect(heard).toMatch(/^HTTP\/1\.1 200 /);
});

test('a client that hangs up in its body is no fault; a route that throws is one', async () => {
  const client = await says('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  client.destroy();
  expect((await get(path, '/broken')).status).toBe(500);
  expect(onError.mock.calls.map(([{ message }]) => message)).toEqual(['broken']);
});

test('where its rights cannot be set it does not listen', async () => {
  const other = join(directory, 'other.sock');
  vi.mocked(chmod).mockRejectedValueOnce(new Error('EPERM'));
  const never = new HttpListener(routes, onError);
  await expect(never.listen({ kind: 'unix', path: other }, 0o600)).rejects.toThrow('EPERM');
  await expect(get(other, '/')).rejects.toThrow('ENOENT');
});
