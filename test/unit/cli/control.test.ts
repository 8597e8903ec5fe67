// How a command asks the running service: which one answers, and what becomes of answers that are none.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, reloadPatience } from '../../../src/cli/control.js';

let directory: string;
let ini: string;
let socket: string;
let asked: string[];
let server: Server;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postseal-ask-'));
  ini = join(directory, 'postseal.ini');
  socket = join(directory, 'control.sock');
  writeFileSync(ini, `[service]\ncontrol = ${socket}\n`);
  asked = [];
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

/** A service with that ini file, and what it does when it is asked for anything else. */
async function serve(file: string, answer: RequestListener): Promise<void> {
  server = createServer((request, response) => {
    if (request.url === '/config') response.end(JSON.stringify({ file }));
    else {
      asked.push(`${request.method} ${request.url}`);
      answer(request, response);
    }
  });
  await new Promise<void>(resolve => server.listen(socket, resolve));
}

test('a service with another ini file of the same name is not asked', async () => {
  await serve('/etc/postseal/postseal.ini', (_, response) => response.end('{}'));
  await expect(ask('POST /reload', ini)).rejects.toMatchObject({
    exitCode: 69,
    message: `${socket}: the service there runs with /etc/postseal/postseal.ini, not with ${ini}`,
  });
  expect(asked).toEqual([]);
});

test('one with the same ini file is, whatever way leads there', async () => {
  await serve(ini, (_, response) => response.end('{"reloaded":true}'));
  mkdirSync(join(directory, 'etc'));
  const link = join(directory, 'etc', 'postseal.ini');
  symlinkSync(ini, link);
  expect(await ask('POST /reload', link)).toEqual({ reloaded: true });
  expect(asked).toEqual(['POST /reload']);
});

test.each<[string, RequestListener, number, string]>([
  [
    'no JSON',
    (_, response) => response.end('<html>'),
    69,
    'what answers there is no Postseal; is it running',
  ],
  [
    'half of one, as it ends',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    },
    69,
    'the service hung up; is it running',
  ],
  [
    'that what is asked for cannot be done',
    (_, response) => response.writeHead(400).end('the debug journal cannot be switched on: EACCES\n'),
    75,
    'the service answers 400: the debug journal cannot be switched on: EACCES',
  ],
  [
    'that it is about to end',
    (_, response) => response.writeHead(503).end('it is about to end\n'),
    69,
    'the service answers 503: it is about to end',
  ],
])('an answer may be %s', async (_, answer, exitCode, words) => {
  await serve(ini, answer);
  await expect(ask('PUT /debug', ini, {})).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining(words) as string,
  });
});

test('a reload has the time that the unit gives it', async () => {
  await serve(ini, (_, response) => response.end());
  const unit = readFileSync(join(import.meta.dirname, '../../../systemd/postseal.service'), 'utf8');
  expect(unit).toContain(`\nTimeoutStartSec=${reloadPatience / 1000}\n`);
});
