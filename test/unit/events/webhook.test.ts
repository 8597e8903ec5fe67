// The webhook against a real server on loopback that answers, or does not, in every way there is.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Later, Undeliverable } from '../../../src/events/courier.js';
import { Webhook } from '../../../src/events/webhook.js';
import { HookServer, type HookRequest } from '../../support/hook-server.js';

let server: HookServer;

beforeEach(async () => {
  server = await HookServer.start();
});

afterEach(async () => {
  await server.close();
});

const never = new AbortController().signal;
const now = new Date('2024-11-08T07:38:42Z');

function webhook(more: { authorization?: string; port?: number } = {}): Webhook {
  const { port = server.port, authorization } = more;
  const url = `http://127.0.0.1:${port}/in/s3cret?from=mail`;
  const hook = new Webhook({ url, userAgent: 'postseal/1.2.3', clock: () => now });
  hook.authorization = authorization;
  return hook;
}

/** What an attempt ends in. */
const failure = (hook = webhook()): Promise<unknown> =>
  hook.deliver(['{}'], never).then(
    () => 'delivered',
    (error: unknown) => error,
  );

describe('a request', () => {
  test('is a JSON array, and says who we are', async () => {
    await webhook({ authorization: 'Bearer 0123' }).deliver(['{"a":"ü"}', '{"b":2}'], never);
    expect(server.requests).toHaveLength(1);
    const [{ method, path, headers, body }] = server.requests as [HookRequest];
    expect({ method, path, body }).toEqual({
      method: 'POST',
      path: '/in/s3cret?from=mail',
      body: '[{"a":"ü"},{"b":2}]',
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'postseal/1.2.3',
      authorization: 'Bearer 0123',
    });
  });

  test('has no Authorization where there is none, and the path is nobody’s business', async () => {
    const hook = webhook();
    await hook.deliver(['{}'], never);
    expect(server.requests[0]!.headers.authorization).toBeUndefined();
    expect(hook.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('uses a connection of those before', async () => {
    const hook = webhook();
    for (let i = 0; i < 10; i++) await hook.deliver(['{}'], never);
    expect(server.requests).toHaveLength(10);
    expect(server.connections.length).toBeLessThan(5);
  });
});

describe('an answer', () => {
  test.each([200, 201, 202, 204])('of %i is a success', async status => {
    server.answer = response => response.writeHead(status).end();
    expect(await failure()).toBe('delivered');
  });

  test.each([401, 403, 408, 429, 500, 502, 503])('of %i is one for later', async status => {
    server.answer = response => response.writeHead(status).end();
    const error = await failure();
    expect(error).toBeInstanceOf(Later);
    expect(error).toMatchObject({ message: `it answered ${status}`, pause: 0 });
  });

  test.each([
    ['120', 120_000],
    ['Fri, 08 Nov 2024 07:39:12 GMT', 30_000],
    ['Fri, 08 Nov 2024 07:00:00 GMT', 0],
    ['soon', 0],
    ['-5', 0],
  ])('with Retry-After: %s asks for %i ms', async (field, pause) => {
    server.answer = response => response.writeHead(429, { 'retry-after': field }).end();
    expect(await failure()).toMatchObject({ pause });
  });

  test.each([400, 404, 410, 413, 422])('of %i is no use to try again', async status => {
    server.answer = response => response.writeHead(status).end('no');
    const error = await failure();
    expect(error).toBeInstanceOf(Undeliverable);
    expect(error).toMatchObject({ message: `it answered ${status}` });
  });

  test.each([301, 302, 307, 308])('of %i is not followed', async status => {
    server.answer = response => response.writeHead(status, { location: '/elsewhere' }).end();
    const error = await failure(webhook({ authorization: 'Bearer 0123' }));
    expect(error).toBeInstanceOf(Undeliverable);
    expect(error).toMatchObject({ message: `it answered ${status}, and redirections are not followed` });
    expect(server.requests).toHaveLength(1);
  });

  test('without end is read no further than it must be', async () => {
    let written = 0;
    const closed = new Promise(resolve => {
      server.answer = response => {
        response.once('close', resolve);
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(10_000))) written += 10_000;
        };
        response.on('drain', more);
        more();
      };
    });
    expect(await failure()).toBe('delivered');
    await closed;
    expect(written).toBeLessThan(100_000_000);
  });

  test('whose rest is held back is an answer all the same, and not waited for', async () => {
    const closed = new Promise(resolve => {
      server.answer = response => {
        response.once('close', resolve);
        response.writeHead(200, { 'content-length': '10' });
        response.write('ok');
      };
    });
    expect(await failure()).toBe('delivered');
    await closed;
  });

  test('that breaks off after its status is an answer all the same', async () => {
    server.answer = response => {
      response.writeHead(503, { 'content-length': '100' });
      response.write('x');
      setImmediate(() => response.destroy());
    };
    expect(await failure()).toMatchObject({ message: 'it answered 503' });
  });
});

describe('no answer', () => {
  test('because nobody listens', async () => {
    const { port } = server;
    await server.close();
    expect(await failure(webhook({ port }))).toMatchObject({
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    server = await HookServer.start();
  });

  test('because the connection is reset', async () => {
    server.answer = response => response.socket!.resetAndDestroy();
    const error = await failure();
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ message: expect.stringMatching(/ECONNRESET|closed/) as string });
  });

  test('for so long that it is given up', async () => {
    const attempt = new AbortController();
    server.answer = () => {
      attempt.abort(new Error('no answer in 30 seconds'));
    };
    await expect(webhook().deliver(['{}'], attempt.signal)).rejects.toThrow('no answer in 30 seconds');
  });
});
