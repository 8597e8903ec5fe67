// The event log as the ini file describes it.
import { Fault } from '../certs/fault.js';
import { checkRights, nodeIo, readBounded } from '../certs/files.js';
import type { EventsSection, Problem } from '../config/config.js';
import { Courier, type Reports } from '../events/courier.js';
import { EventFile } from '../events/file.js';
import { EventLog } from '../events/log.js';
import { Webhook } from '../events/webhook.js';
import { CommandError, exit } from './exit.js';
import { version } from './version.js';

/** A file is soon in order again; a server that is down is not to be asked all the time. */
const longestPause = { file: 10_000, webhook: 300_000 } as const;

/**
 * @param authorization for the webhook, where there is one
 * @param reports called when there is something to report
 * @throws CommandError (78) where the file cannot be written because of what it is called or who may
 */
export async function openEvents(
  section: EventsSection,
  authorization: string | undefined,
  reports: () => Reports,
): Promise<EventLog> {
  const couriers: Courier[] = [];
  const file = section.file === undefined ? undefined : new EventFile(section.file);
  if (file) {
    await file.open().catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      // A disk that is full or broken just now does not keep the mail from starting again.
      if (!mistakes.includes(code ?? '')) return;
      throw new CommandError(exit.config, `[events] file: ${file.path} cannot be written: ${message}`);
    });
    couriers.push(
      new Courier({
        to: file.path,
        deliver: lines => file.deliver(lines),
        reports,
        longestPause: longestPause.file,
      }),
    );
  }
  if (section.webhook) {
    const webhook = new Webhook({
      url: section.webhook.url,
      ...(authorization !== undefined && { authorization }),
      userAgent: `postseal/${version}`,
    });
    couriers.push(
      new Courier({
        to: webhook.origin,
        deliver: (lines, signal) => webhook.deliver(lines, signal),
        reports,
        longestPause: longestPause.webhook,
      }),
    );
  }
  return new EventLog(couriers, file, () => new Date());
}

const mistakes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM'];

/** The Authorization header of the webhook, where it has one, and what is wrong with its file. */
export async function readAuthorization({
  webhook,
}: EventsSection): Promise<{ authorization?: string; problems: Problem[] }> {
  if (!webhook?.authorization) return { problems: [] };
  const { path, origin } = webhook.authorization;
  try {
    const { bytes, mode } = await readBounded(path, nodeIo);
    const authorization = bytes.toString('latin1').split(/\r?\n/, 1)[0]!.trim();
    if (!/^[\x20-\x7e]+$/.test(authorization))
      throw new Fault('its first line is no Authorization header: write one as in Bearer 0123');
    const warnings = checkRights(path, mode, 'webhook_authorization_file');
    return {
      authorization,
      problems: warnings.map(({ message }) => ({ origin, message, severity: 'warning' })),
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { problems: [{ origin, message: `${path}: ${error.message}`, severity: 'error' }] };
  }
}
