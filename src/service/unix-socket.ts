// UNIX sockets that we listen on: a path that a killed service left behind is free.
import { stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** A socket left behind by a killed service is removed; one that somebody serves is not. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const served = await new Promise<boolean>(resolve => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => {
      // Anything else is no proof: EAGAIN is a server with more to do than it can.
      resolve(code !== 'ECONNREFUSED');
    });
  });
  if (!served) await unlink(path);
}
