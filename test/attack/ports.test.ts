// Attack: the ports for metrics, health and control, spoken to by somebody who is no HTTP client.
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { HttpListener, json, type Routes } from '../../src/service/http.js';

const directory = mkdtempSync(join(tmpdir(), 'postseal-attack-'));
const path = join(directory, 'http.sock');
const reload = vi.fn(() => json(200, { ok: true }));
const onError = vi.fn();
const routes: Routes = { 'GET /metrics': () => json(200, {}), 'POST /reload': reload };
const listener = new HttpListener(routes, onError);

beforeAll(() => listener.listen({ kind: 'unix', path }, 0o600));
beforeEach(() => {
  vi.clearAllMocks();
});
afterAll(async () => {
  await listener.close();
  rmSync(directory, { recursive: true });
});

/** What the listener answers until it closes. */
async function say(text: string): Promise<string> {
  const socket = connect(path).on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return answer;
}

const statuses = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
const host = 'Host: x\r\n';

test.each([
  'GET /../../etc/passwd',
  'GET /metrics/../reload',
  'GET //metrics',
  'GET /%6detrics',
  'GET /metrics%00',
  'GET http://elsewhere.example/metrics',
  'GET /__proto__',
  'GET /constructor',
  'PUT /metrics',
  'DELETE /metrics',
  'TRACE /metrics',
  'OPTIONS *',
  'GET /reload',
])('%s: there is no such route', async line => {
  expect(statuses(await say(`${line} HTTP/1.1\r\n${host}\r\n`))).toEqual([404]);
  expect(reload).not.toHaveBeenCalled();
});

test.each<[string, string]>([
  ['a length and chunks', `${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${host}Content-Length: 0\r\nContent-Length: 30\r\n\r\n`],
  ['a length that is none', `${host}Content-Length: +0\r\n\r\n`],
  ['chunks by another name', `${host}Transfer-Encoding: xchunked\r\n\r\n`],
  ['a header line without its name', `${host}: x\r\n\r\n`],
  ['a NUL in a header', `${host}X: a\0b\r\n\r\n`],
])('a request that may be two, or none: %s', async (_, rest) => {
  const answer = await say(
    `POST /metrics HTTP/1.1\r\n${rest}POST /reload HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`,
  );
  expect(statuses(answer)[0]).toBe(400);
  expect(reload).not.toHaveBeenCalled();
});

test.each([host, ''])(
  'a second request on the connection is not heard: each has its own (%j)',
  async first => {
    const second = `POST /reload HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`;
    expect(statuses(await say(`GET /metrics HTTP/1.1\r\n${first}\r\n${second}`))[0]).toBe(200);
    expect(reload).not.toHaveBeenCalled();
  },
);

test('a header of 20 KB, and a body of more than a switch of the debug journal needs', async () => {
  const long = `X: ${'a'.repeat(20_000)}\r\n`;
  expect(statuses(await say(`GET /metrics HTTP/1.1\r\n${host}${long}\r\n`))).toEqual([431]);
  const body = 'a'.repeat(65_537);
  const post = `POST /reload HTTP/1.1\r\n${host}Content-Length: ${body.length}\r\n\r\n${body}`;
  expect(statuses(await say(post))).toEqual([413]);
  expect(reload).not.toHaveBeenCalled();
});

test.each([
  'EHLO x\r\n',
  '\x16\x03\x01\x02\x00\x01',
  '\0\0\0\0',
  'GET / HTTP/9.9\r\n\r\n',
  '\r\n\r\n\x1b[2J',
])('no HTTP at all is answered as such, and nothing of it comes back: %j', async text => {
  const answer = await say(text);
  expect(statuses(answer)).toEqual([400]);
  expect(answer).not.toMatch(/[\0\x1b]/);
  expect(onError).not.toHaveBeenCalled();
});
