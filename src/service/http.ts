// A small HTTP server for those who watch and steer the service: a table of routes, answers as values.
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Endpoint } from '../config/config.js';
import { addressOf } from '../config/endpoint.js';
import { removeStaleSocket } from './unix-socket.js';

export interface Answer {
  readonly status: number;
  /** Of the body, as `application/json`. */
  readonly type: string;
  readonly body: string;
}

/** @param body of the request, as text */
export type Route = (body: string) => Answer | Promise<Answer>;

/** By method and path: `GET /status`. */
export type Routes = Readonly<Record<string, Route>>;

/** Octets of a request's body. */
const largestBody = 65_536;

export class HttpListener {
  private readonly server: Server;

  /**
   * @param onError told of faults that no client hears of
   * @param patience milliseconds that a client may take for its request, and may not read on in the answer
   */
  constructor(
    routes: Routes,
    private readonly onError: (error: Error) => void,
    private readonly patience = 10_000,
  ) {
    const settings = {
      requestTimeout: patience,
      connectionsCheckingInterval: patience / 10,
      requireHostHeader: false, // Node.js would refuse it by itself, and take the next as the first
    };
    this.server = createServer(settings, (request, response) => {
      void this.serve(routes, request, response);
    });
    this.server.maxConnections = 100;
    // Each answer ends its connection: what else was sent on it must not be done without one.
    this.server.maxRequestsPerSocket = 1;
  }

  /**
   * @param mode of the file, where it is a UNIX socket
   * @throws the system's error: EADDRINUSE, EACCES, ENOENT
   */
  async listen(endpoint: Endpoint, mode: number): Promise<void> {
    const { server } = this;
    if (endpoint.kind === 'unix') await removeStaleSocket(endpoint.path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(addressOf(endpoint), () => {
        server.removeListener('error', reject);
        server.on('error', this.onError);
        resolve();
      });
    });
    if (endpoint.kind !== 'unix') return;
    try {
      await chmod(endpoint.path, mode);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes no more connections, and ends those that there are. */
  async close(): Promise<void> {
    await new Promise<void>(resolve => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private async serve(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.answer(routes, request);
    } catch (error) {
      this.onError(error as Error);
      answer = text(500, 'internal error');
    }
    const { status, type, body } = answer;
    // The time that the answer itself takes, as a reload does, is none of the client's.
    response.setTimeout(this.patience);
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' });
    // Of a HEAD Node.js drops the body.
    response.end(body);
  }

  private async answer(routes: Routes, request: IncomingMessage): Promise<Answer> {
    const path = request.url?.replace(/\?.*$/s, '') ?? '';
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const key = `${method} ${path}`;
    const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
    if (!route) return text(404, 'not here');
    let body: string | undefined;
    try {
      body = await readBody(request);
    } catch {
      // It hung up: nobody hears this.
      return badRequest('cut off');
    }
    return body === undefined ? text(413, 'too large') : await route(body);
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` };
}

/** @param why what is wrong with the request, for whoever asks */
export function badRequest(why: string): Answer {
  return text(400, why);
}

/** @param why the service can do nothing more, for whoever asks */
export function unavailable(why: string): Answer {
  return text(503, why);
}

export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}
