// A message through the running service, handed in as Postfix would.
import { formatEndpoint, type ServiceSection } from '../config/config.js';
import { addressOf } from '../config/endpoint.js';
import type { Envelope } from '../envelope.js';
import { Failure, type Reply } from '../failure.js';
import { Refused } from '../next-hop.js';
import { ReturnPort } from '../smtp/return-port.js';
import { CommandError, exit } from '../exit.js';

/**
 * @param envelope with one recipient: over LMTP too there is one reply then
 * @returns the reply of the service, whatever it says
 * @throws CommandError (69) where nobody listens, (75) where the connection breaks off
 */
export async function send(
  { listen, protocol, hostname, timeout }: ServiceSection,
  envelope: Envelope,
  content: Buffer,
): Promise<Reply> {
  // A return port is one that takes mail over SMTP: so does the service.
  const service = new ReturnPort({
    address: addressOf(listen),
    protocol,
    hostname,
    timeout: timeout * 1000,
  });
  try {
    const transfer = await service.open(envelope, () => undefined, false);
    return await transfer.finish(content);
  } catch (error) {
    if (error instanceof Refused) return error.reply;
    if (error instanceof Failure) throw trouble(error, formatEndpoint(listen));
    throw error;
  } finally {
    service.close();
  }
}

/** The failures speak of a return port. */
function trouble({ kind, detail, cause }: Failure, where: string): CommandError {
  if (kind === 'return-port-unreachable') {
    const { code } = (cause ?? {}) as NodeJS.ErrnoException;
    const down = code === 'ECONNREFUSED' || code === 'ENOENT';
    const hint = down ? ['Is the service running? systemctl status postseal'] : [];
    return new CommandError(exit.unavailable, `the service at ${where} is not available: ${detail}`, ...hint);
  }
  if (kind === 'return-port-lacks')
    return new CommandError(exit.unavailable, `the service at ${where} does not offer ${detail}`);
  return new CommandError(exit.tempFail, `the service at ${where} gave no reply: ${detail}`);
}
