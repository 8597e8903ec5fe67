// Attack: a webhook that answers with something else than HTTP, or with HTTP that does not end. It is told in words, and
// the events wait. (Redirections, endless bodies, silence: test/unit/events/webhook.test.ts.)
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Webhook } from '../../src/events/webhook.js';

const spoke = 'HTTP/1.1 200 OK\r\n';

test.each<[string, string]>([
  ['no HTTP', '220 mail.example.com ESMTP\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00'],
  ['NUL', '\0'.repeat(1000)],
  ['a header that does not end', `${spoke}X: ${'a'.repeat(1_000_000)}`],
  ['header fields that do not end', spoke + 'X: a\r\n'.repeat(100_000)],
  ['a header with terminal sequences', `${spoke}\x1b[2J: \x1b]0;x\x07\r\n\r\n`],
  ['two lengths', `${spoke}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
])('%s', async (_, answer) => {
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => undefined));
    socket.once('data', () => socket.end(answer, 'latin1'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/s3cret`;
  const hook = new Webhook({ url, userAgent: 'postseal/1' });
  const error: unknown = await hook.deliver(['{}'], AbortSignal.timeout(5000)).catch((why: unknown) => why);
  for (const socket of sockets) socket.destroy();
  server.close();
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).toMatch(/^[\x20-\x7e]{3,200}$/);
  expect((error as Error).message).not.toContain('s3cret');
});
