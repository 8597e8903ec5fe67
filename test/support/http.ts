// Asks an HTTP server on loopback or a UNIX socket.
import { request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** @param where the path of a UNIX socket, or a port of 127.0.0.1 */
export function get(where: string | number, path: string): Promise<HttpAnswer> {
  const target = typeof where === 'number' ? { host: '127.0.0.1', port: where } : { socketPath: where };
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, path }, response => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body,
        });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
