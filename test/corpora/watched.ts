// A script in a process of its own, so that one that hangs can be told and ended.
import { fork } from 'node:child_process';

/** What a script tells before it begins something that may hang: what that is. */
export interface Beginning {
  readonly begins: string;
}

/**
 * Runs a script to its end.
 * @param heard takes what it sends, other than a `Beginning`
 * @param patience milliseconds of silence after which it counts as hanging, and is killed
 * @throws Error that names what it had begun, if it hangs or fails
 */
export function runWatched(
  script: string,
  args: readonly string[],
  heard: (message: unknown) => void,
  patience: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(script, args);
    let at = 'its start';
    let hangs = false;
    const hang = (): void => {
      hangs = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(hang, patience);
    child.on('message', (message: object) => {
      clearTimeout(timer);
      timer = setTimeout(hang, patience);
      if ('begins' in message) at = String(message.begins);
      else heard(message);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(hangs ? `hangs at ${at}` : `ended with ${code ?? signal!} at ${at}`));
    });
  });
}

/** For the script: tells the process that watches it. */
export function tell(message: object): void {
  process.send!(message);
}
