// Talks to the running service, on its control socket.
import { realpath } from 'node:fs/promises';
import { request } from 'node:http';
import { resolve } from 'node:path';
import { CommandError, exit } from '../exit.js';
import type { ConfigInForce } from '../service/control.js';
import { controlSocket, usualSocket } from '../service/control-socket.js';
import { readIni, showProblem } from '../service/load.js';

/** Milliseconds without an answer. */
const patience = 60_000;
/** A reload may read a thousand certificates: it has the time that the units give it (TimeoutStartSec=). */
export const reloadPatience = 300_000;

/**
 * Asks the service that runs with this ini file, and none that runs with another one.
 * @param route as `GET /status`
 * @param config path of the ini file
 * @param body sent as JSON
 * @returns what it answered, read as JSON
 * @throws CommandError (69) where none answers, (75) where it refuses, (77) where it may not be asked, (78) where the
 *   ini file does not tell
 */
export async function ask(route: string, config: string, body?: unknown): Promise<unknown> {
  const ini = await readIni(config);
  // The service may run all the same, with the file as it was: then it answers at the usual place.
  const socket = ini.config ? controlSocket(config, ini.config) : usualSocket(config);
  try {
    // Two ini files of one name in different directories have one socket.
    const { file } = (await answer(socket, 'GET /config')) as ConfigInForce;
    if (!(await isSameFile(file, resolve(config))))
      throw new CommandError(
        exit.unavailable,
        `${socket}: the service there runs with ${file}, not with ${config}`,
      );
    return await answer(socket, route, body);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (!ini.config) throw new CommandError(exit.config, ...ini.problems.map(showProblem));
    throw unanswered(socket, error as NodeJS.ErrnoException);
  }
}

/** @throws CommandError where it is a refusal, else what kept it from coming */
async function answer(socketPath: string, route: string, body?: unknown): Promise<unknown> {
  const [method, path] = route.split(' ');
  const timeout = route === 'POST /reload' ? reloadPatience : patience;
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = request({ socketPath, method, path, timeout }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeout / 1000} seconds`)));
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (status === 404) {
    const why = `${socketPath}: a Postseal of another version runs there; restart it`;
    throw new CommandError(exit.unavailable, why);
  }
  if (status !== 200) {
    const code = status < 500 ? exit.tempFail : exit.unavailable;
    throw new CommandError(code, `the service answers ${status}: ${text.trimEnd()}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('what answers there is no Postseal');
  }
}

async function isSameFile(theirs: string, ours: string): Promise<boolean> {
  const real = (path: string): Promise<string> => realpath(path).catch(() => path);
  return (await real(theirs)) === (await real(ours));
}

function unanswered(path: string, { code, message }: NodeJS.ErrnoException): CommandError {
  if (code === 'EACCES')
    return new CommandError(exit.noPermission, `${path}: only root and the user of the service may ask it`);
  const nobody = code === 'ENOENT' || code === 'ECONNREFUSED';
  const why = nobody ? 'no service answers there' : code === 'ECONNRESET' ? 'the service hung up' : message;
  return new CommandError(
    exit.unavailable,
    `${path}: ${why}; is it running (systemctl status postseal), with this ini file?`,
  );
}
