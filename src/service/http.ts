// A small HTTP server for those who watch and steer the service: a table of routes, answers as values.
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Endpoint } from '../config/config.js';
import { addressOf } from './service.js';
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

  /** @param onError told of faults that no client hears of */
  constructor(
    routes: Routes,
    private readonly onError: (error: Error) => void,
  ) {
    this.server = createServer((request, response) => {
      void this.serve(routes, request, response);
    });
    // Whoever asks does so once, within seconds.
    this.server.requestTimeout = 10_000;
    this.server.keepAliveTimeout = 1000;
    this.server.maxConnections = 100;
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
    if (endpoint.kind === 'unix') await chmod(endpoint.path, mode);
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
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private async answer(routes: Routes, request: IncomingMessage): Promise<Answer> {
    const path = request.url?.replace(/\?.*$/s, '') ?? '';
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const key = `${method} ${path}`;
    const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
    if (!route) return text(404, 'not here');
    const body = await readBody(request);
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

export function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` };
}

/** @param why what is wrong with the request, for whoever asks */
export function badRequest(why: string): Answer {
  return text(400, why);
}

export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}
