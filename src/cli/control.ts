// Talks to the running service, on its control socket.
import { request } from 'node:http';
import { CommandError, exit } from '../exit.js';
import { controlSocket, usualSocket } from '../service/control.js';
import { readIni, showProblem } from '../service/load.js';

/** Milliseconds without an answer: what is asked for may take reading a thousand certificates. */
const patience = 60_000;

/**
 * Asks the service that runs with this ini file.
 * @param route as `GET /status`
 * @param config path of the ini file
 * @param body sent as JSON
 * @returns what it answered, read as JSON
 * @throws CommandError (69) where none answers, (77) where it may not be asked, (78) where the ini file does not tell
 */
export async function ask(route: string, config: string, body?: unknown): Promise<unknown> {
  const ini = await readIni(config);
  // The service may run all the same, with the file as it was: then it answers at the usual place.
  const socketPath = ini.config ? controlSocket(config, ini.config) : usualSocket(config);
  const [method, path] = route.split(' ');
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = request({ socketPath, method, path, timeout: patience }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${patience / 1000} seconds`)));
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const mistakes = ini.problems.map(showProblem).join('\n');
      reject(ini.config ? unanswered(socketPath, error) : new CommandError(exit.config, mistakes));
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (status !== 200)
    throw new CommandError(exit.unavailable, `the service answers ${status}: ${text.trimEnd()}`);
  return JSON.parse(text) as unknown;
}

function unanswered(path: string, { code, message }: NodeJS.ErrnoException): CommandError {
  if (code === 'EACCES')
    return new CommandError(exit.noPermission, `${path}: only root and the user of the service may ask it`);
  const why = code === 'ENOENT' || code === 'ECONNREFUSED' ? 'no service answers there' : message;
  return new CommandError(
    exit.unavailable,
    `${path}: ${why}; is it running (systemctl status postseal), with this ini file?`,
  );
}
