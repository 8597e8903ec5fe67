// The debug journal's switch: on for good by the ini file or the command line, or for a while by command.
import type { Address } from '../address.js';
import type { Config } from '../config/config.js';
import { addressPatterns } from '../config/lists.js';
import type { DebugSettings } from '../debug/journal.js';
import type { DebugState } from '../entry.js';
import type { Journal } from '../journal.js';
import { findPattern, type Pattern } from '../rules/pattern.js';

/** Seconds that it can be on by command. */
export const longest = 86_400;
/** So often the journal says that it is on, in milliseconds: by command, and for good. */
const reminders = { switched: 600_000, permanent: 86_400_000 };

interface Switched {
  readonly until: string;
  readonly senders: readonly string[];
  readonly matches: (address: Address) => boolean;
  /** What had been written before. */
  readonly before: Journal['written'];
  readonly timers: readonly NodeJS.Timeout[];
}

/** @throws Error that says in words what is wrong with the patterns */
export function senderPatterns(senders: readonly string[]): Pattern[] {
  return senders.flatMap(sender => {
    const parsed = addressPatterns(sender, { directory: '' });
    if ('wrong' in parsed) throw new Error(parsed.wrong);
    return parsed.value;
  });
}

export class DebugSwitch {
  private switched: Switched | undefined;
  private daily: NodeJS.Timeout | undefined;

  /** @param forced whether it is on for good, whatever the ini file says */
  constructor(
    private readonly journal: Journal,
    private config: Config,
    private readonly forced: boolean,
  ) {}

  /** Switches it on for a while. @throws Error where a pattern is wrong, the system's where its file cannot be written */
  on(seconds: number, senders: readonly string[]): DebugState {
    const patterns = senderPatterns(senders);
    const now = Date.now();
    const before = this.switched?.before ?? this.journal.written;
    const matches = ({ canonical }: Address): boolean => findPattern(patterns, canonical) !== undefined;
    const wanted = {
      until: new Date(now + seconds * 1000).toISOString(),
      senders: patterns.map(p => p.source),
      matches: patterns.length === 0 ? () => true : matches,
    };
    this.journal.setDebug(debugSettings(this.config, this.forced, wanted));
    this.stopTimers();
    const timers = [
      setTimeout(() => {
        this.end('its time is over');
      }, seconds * 1000),
      setInterval(() => {
        this.journal.debugIsOn(this.state);
      }, reminders.switched),
    ];
    for (const timer of timers) timer.unref();
    this.switched = { ...wanted, before, timers };
    this.journal.debugIsOn(this.state);
    return this.state;
  }

  /** Ends what was switched on by command. */
  off(): DebugState {
    return this.end('switched off');
  }

  get state(): DebugState {
    const { switched, permanent } = this;
    const { messages, octets, lost } = this.journal.written;
    const { before = { messages: 0, octets: 0, lost: 0 } } = switched ?? {};
    return {
      to: this.settings(this.config).debugFile,
      ...(permanent && { permanent }),
      ...(switched && { switched: { until: switched.until, senders: switched.senders } }),
      messages: messages - before.messages,
      octets: octets - before.octets,
      lost: lost - before.lost,
    };
  }

  /** What the journal is to do with this ini file. */
  settings(config: Config): DebugSettings {
    return debugSettings(config, this.forced, this.switched);
  }

  /** Another ini file is in force. */
  exchange(config: Config): void {
    this.config = config;
  }

  /** Says that it is on where it is so for good; now, and each day. */
  remind(): void {
    clearInterval(this.daily);
    if (!this.permanent) return;
    const say = (): void => {
      this.journal.debugIsOn(this.state);
    };
    say();
    this.daily = setInterval(say, reminders.permanent).unref();
  }

  /** The service ends. */
  close(): void {
    clearInterval(this.daily);
    this.end('the service ends');
  }

  private end(why: string): DebugState {
    const { state } = this;
    if (!this.switched) return state;
    this.stopTimers();
    this.switched = undefined;
    if (!this.permanent) this.journal.setDebug(this.settings(this.config));
    const { switched: _, ...rest } = state;
    this.journal.debugEnded(why, rest);
    return rest;
  }

  private stopTimers(): void {
    for (const timer of this.switched?.timers ?? []) clearInterval(timer);
  }

  private get permanent(): DebugState['permanent'] {
    const { origin } = this.config.journal;
    if (origin)
      return {
        because: `${origin.file}:${origin.line}: [journal] debug = yes`,
        mend: 'write debug = no there and reload the service to switch it off',
      };
    if (this.forced)
      return { because: 'serve --debug', mend: 'restart the service without --debug to switch it off' };
    return undefined;
  }
}

/**
 * What the debug journal is to do.
 * @param forced whether it is on for good, whatever the ini file says
 * @param switched what it is on for by command
 */
export function debugSettings(
  { journal: { debug, debugFile, debugLimit }, events }: Config,
  forced: boolean,
  switched?: Pick<Switched, 'matches'>,
): DebugSettings {
  const permanent = debug || forced;
  const logs = process.env['LOGS_DIRECTORY']?.split(':')[0];
  const beside = logs ? `${logs}/debug.json` : undefined;
  // Standard output is journald's then, and not the place for so much: that it goes there the ini file has to say.
  const moves = debugFile === 'stdout' && !permanent && beside !== events.file?.path;
  return {
    debug: permanent || switched !== undefined,
    debugFile: (moves ? beside : undefined) ?? debugFile,
    debugLimit,
    ...(!permanent && switched && { debugFor: switched.matches }),
  };
}
