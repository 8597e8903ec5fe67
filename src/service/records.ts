// What the service writes: the journal and the event log, as the ini file describes them.
import type { MessageListener } from '../entry.js';
import type { DebugSettings } from '../debug/journal.js';
import type { Backlogs, EventLog } from '../events/log.js';
import { Journal } from '../journal.js';
import { CommandError, exit } from '../exit.js';
import { DebugSwitch, debugSettings } from './debug.js';
import { openEvents } from './events.js';
import type { Installation } from './load.js';
import { standardOutput } from './standard-output.js';

export class Records {
  /** Event logs that were given up, while they deliver what they still have. */
  private endings: Promise<void> = Promise.resolve();

  private constructor(
    readonly journal: Journal,
    private events: EventLog,
    readonly debug: DebugSwitch,
  ) {}

  /**
   * @param debugging whether there is a debug journal, whatever the file says
   * @param listeners of the journal
   * @throws CommandError (78)
   */
  static async open(
    installation: Installation,
    debugging: boolean,
    listeners: readonly MessageListener[],
  ): Promise<Records> {
    const events = await openEvents(installation.config.events, () => journal);
    authorize(events, installation);
    const stream = standardOutput();
    const timestamps = process.env['JOURNAL_STREAM'] === undefined;
    const settings = debugSettings(installation.config, debugging);
    const journal: Journal = opened(
      settings,
      () => new Journal({ ...settings, events, listeners, stream, timestamps }),
    );
    return new Records(journal, events, new DebugSwitch(journal, installation.config, debugging));
  }

  /** What waits to be told to programs. */
  get backlogs(): Backlogs {
    return this.events.backlogs;
  }

  /** Goes on as this installation says, in files opened anew. @throws CommandError (78); then nothing has changed */
  async reopen(installation: Installation): Promise<void> {
    const { journal, debug } = this;
    const events = await openEvents(installation.config.events, () => journal, this.events);
    try {
      const settings = debug.settings(installation.config);
      opened(settings, () => {
        journal.reopen({ ...settings, events });
      });
    } catch (error) {
      await events.close('the configuration was not taken', this.events);
      // Its file may have been moved away all the same.
      this.events.reopen();
      throw error;
    }
    debug.exchange(installation.config);
    authorize(events, installation);
    events.reopen();
    const why = 'the ini file names another place for them';
    this.endings = Promise.all([this.endings, this.events.close(why, events)]).then(() => undefined);
    this.events = events;
  }

  /** Waits a few seconds for events, and until the journal is written. */
  async close(): Promise<void> {
    await Promise.all([this.endings, this.events.close('the service ended')]);
    this.debug.close();
    this.journal.stopped();
    await this.journal.close();
  }
}

function authorize({ webhook }: EventLog, { authorization }: Installation): void {
  if (webhook) webhook.to.authorization = authorization;
}

/** @throws CommandError (78) where the debug journal cannot be opened */
function opened<T>({ debugFile }: DebugSettings, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    throw new CommandError(exit.config, `[journal] debug_file: ${debugFile} cannot be written: ${message}`);
  }
}
