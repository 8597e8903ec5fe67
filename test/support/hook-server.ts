// An HTTP server on loopback that takes events, or does with the requests what a test wants.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface HookRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class HookServer {
  readonly requests: HookRequest[] = [];
  readonly connections: Socket[] = [];
  port = 0;
  answer: (response: ServerResponse) => void = response => response.end('thanks');
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const { method, url: path, headers } = request;
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        this.requests.push({ method, path, headers, body });
        this.answer(response);
      });
    });
    this.server.on('connection', socket => this.connections.push(socket));
  }

  static async start(port = 0): Promise<HookServer> {
    const hook = new HookServer();
    await new Promise<void>(resolve => hook.server.listen(port, '127.0.0.1', resolve));
    hook.port = (hook.server.address() as AddressInfo).port;
    return hook;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
