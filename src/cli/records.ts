// What the service writes: the journal and the event log, as the ini file describes them.
import { isDeepStrictEqual } from 'node:util';
import type { EventLog } from '../events/log.js';
import { Journal, type JournalSettings } from '../journal.js';
import { openEvents } from './events.js';
import { CommandError, exit } from './exit.js';
import type { Installation } from './load.js';

export class Records {
  /** Event logs that were given up, while they deliver what they still have. */
  private endings: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly journal: Journal,
    private events: EventLog,
    private installation: Installation,
    private readonly debugging: boolean,
  ) {}

  /**
   * @param debugging whether there is a debug journal, whatever the file says
   * @throws CommandError (78)
   */
  static async open(installation: Installation, debugging: boolean): Promise<Records> {
    const events = await openEvents(installation.config.events, installation.authorization, () => journal);
    const stream = process.stdout;
    const timestamps = process.env['JOURNAL_STREAM'] === undefined;
    const journal: Journal = withSettings(
      installation,
      debugging,
      settings => new Journal({ ...settings, events, stream, timestamps }),
    );
    return new Records(journal, events, installation, debugging);
  }

  /** Goes on as this installation says, in files opened anew. @throws CommandError (78); then nothing has changed */
  async reopen(installation: Installation): Promise<void> {
    const { journal } = this;
    // An event log that stays the same keeps what waits in it.
    const stays = isDeepStrictEqual(destinations(installation), destinations(this.installation));
    const events = stays
      ? this.events
      : await openEvents(installation.config.events, installation.authorization, () => journal);
    try {
      withSettings(installation, this.debugging, settings => {
        journal.reopen({ ...settings, events });
      });
    } catch (error) {
      if (!stays) await events.close();
      throw error;
    }
    if (stays) events.reopen();
    else this.endings = Promise.all([this.endings, this.events.close()]);
    this.events = events;
    this.installation = installation;
  }

  /** Waits a few seconds for events, and until the journal is written. */
  async close(): Promise<void> {
    await Promise.all([this.endings, this.events.close()]);
    this.journal.stopped();
    await this.journal.close();
  }
}

/** Where events go. */
function destinations({ config, authorization }: Installation): unknown[] {
  const { file, webhook } = config.events;
  return [file, webhook?.url, authorization];
}

/** @throws CommandError (78) where the debug journal cannot be opened */
function withSettings<T>(
  { config }: Installation,
  debugging: boolean,
  open: (settings: JournalSettings) => T,
): T {
  const { debug, debugFile } = config.journal;
  try {
    return open({ debug: debug || debugging, debugFile });
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    throw new CommandError(exit.config, `[journal] debug_file: ${debugFile} cannot be written: ${message}`);
  }
}
