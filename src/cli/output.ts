// Standard output that nobody reads any more: `postseal explain | head -1` is no fault of ours.
import { exit } from '../exit.js';

/** Runs a command; resolves with its exit code, or with 74 where its output did not get through. */
export async function withOutput(command: () => Promise<number>): Promise<number> {
  let fault: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    fault ??= error;
  });
  // With nobody to hear it, the exit code has to do.
  process.stderr.on('error', () => undefined);
  let code = exit.ioError as number;
  try {
    code = await command();
    // The error of a write is told one turn of the event loop after it.
    await new Promise<void>(resolve => {
      process.stdout.write('', () => setImmediate(resolve));
    });
  } catch (error) {
    if (error !== fault) throw error;
  }
  if (!fault) return code;
  if (fault.code !== 'EPIPE') process.stderr.write(`postseal: standard output: ${fault.message}\n`);
  return exit.ioError;
}
