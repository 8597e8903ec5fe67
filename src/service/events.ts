// The event log as the ini file describes it.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../certs/fault.js';
import { checkRights, nodeIo, readBounded } from '../certs/files.js';
import type { EventsSection, Problem } from '../config/config.js';
import { Courier, type Reports } from '../events/courier.js';
import { EventFile } from '../events/file.js';
import { EventLog, type Way } from '../events/log.js';
import { Webhook } from '../events/webhook.js';
import { CommandError, exit } from '../exit.js';
import { version } from '../version.js';

/** A file is soon in order again; a server that is down is not to be asked all the time. */
const longestPause = { file: 10_000, webhook: 300_000 } as const;

/**
 * @param reports called when there is something to report
 * @param before the event log until now: what it has for a file or a webhook of this section goes on
 * @throws CommandError (78) where the file cannot be written because of what it is called or who may
 */
export async function openEvents(
  { file, webhook }: EventsSection,
  reports: () => Reports,
  before?: EventLog,
): Promise<EventLog> {
  const fileWay = await fileFor(file?.path, reports, before?.file);
  return new EventLog(fileWay, webhookFor(webhook?.url, reports, before?.webhook), () => new Date());
}

async function fileFor(
  path: string | undefined,
  reports: () => Reports,
  before: Way<EventFile> | undefined,
): Promise<Way<EventFile> | undefined> {
  if (path === undefined) return undefined;
  if (path === before?.to.path) return before;
  const file = new EventFile(path);
  await file.open().catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    // A disk that is full or broken just now does not keep the mail from starting again.
    if (passing.includes(code ?? '')) return;
    throw new CommandError(exit.config, `[events] file: ${path} cannot be written: ${message}`);
  });
  const deliver = (lines: readonly string[]): Promise<void> => file.deliver(lines);
  return { to: file, courier: new Courier({ to: path, deliver, reports, longestPause: longestPause.file }) };
}

const passing = ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE'];

function webhookFor(
  url: string | undefined,
  reports: () => Reports,
  before: Way<Webhook> | undefined,
): Way<Webhook> | undefined {
  if (url === undefined) return undefined;
  if (url === before?.to.url) return before;
  const webhook = new Webhook({ url, userAgent: `postseal/${version}` });
  const courier = new Courier({
    to: webhook.origin,
    deliver: (lines, signal) => webhook.deliver(lines, signal),
    reports,
    longestPause: longestPause.webhook,
  });
  return { to: webhook, courier };
}

/** What is certain to keep the event log from being written, whoever the user is. */
export async function examineFile({ file }: EventsSection): Promise<Problem[]> {
  if (!file) return [];
  const { path, origin } = file;
  const problem = (message: string): Problem[] => [{ origin, message, severity: 'error' }];
  const directory = dirname(path);
  const [place, there] = await Promise.all([directory, path].map(p => stat(p).catch(() => undefined)));
  if (!place?.isDirectory())
    return problem(`${directory} is not a directory: make it, or name another place`);
  if (there?.isDirectory()) return problem(`${path} is a directory: name a file in it`);
  return there?.isFIFO() ? problem(`${path} is a pipe: name a file`) : [];
}

/** The Authorization header of the webhook, where it has one, and what is wrong with its file. */
export async function readAuthorization({
  webhook,
}: EventsSection): Promise<{ authorization?: string; problems: Problem[] }> {
  if (!webhook?.authorization) return { problems: [] };
  const { path, origin } = webhook.authorization;
  try {
    const { bytes, mode } = await readBounded(path, nodeIo);
    const authorization = bytes.toString('latin1').split(/\r?\n/, 1)[0]!.trim();
    if (!/^[\x20-\x7e]+$/.test(authorization) || /^(?:["']|authorization\s*:)/i.test(authorization))
      throw new Fault(
        'its first line is not what stands behind "Authorization:": write that alone, as in Bearer 0123',
      );
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
