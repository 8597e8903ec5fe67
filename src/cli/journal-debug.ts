// `postseal journal --debug`: switches the debug journal of the running service, and tells where it goes.
import type { DebugState } from '../entry.js';
import { debugMend, describeDebug, describeWritten } from '../sentence.js';
import { longest, senderPatterns } from '../service/debug.js';
import type { SwitchOn } from '../service/debug-routes.js';
import { usageError } from './arguments.js';
import { ask } from './control.js';
import { CommandError, exit } from '../exit.js';
import { warn } from './log-search.js';
import { parseDuration } from './time.js';
import { inQuotes } from '../printable.js';

/** So often the service is asked whether there is still something to follow, in milliseconds. */
const askInterval = 3000;
/** So long, unless somebody says otherwise: nobody forgets it for ever. */
export const usualTime = '30m';

export interface DebugOptions {
  readonly debug: string;
  readonly for?: string;
  readonly sender?: string[];
}

/** @throws CommandError (64), and as `ask` does */
export async function switchDebug(options: DebugOptions, config: string): Promise<number> {
  const { debug, for: time, sender } = options;
  if (debug !== 'on' && (time !== undefined || sender))
    throw usageError('journal', '--for and --sender go with --debug on');
  const state = await answer(options, config);
  const told = `debug journal: ${describeDebug(state)}${isOn(state) ? `; ${debugMend(state)}` : ''}`;
  const follows = debug === 'on' && state.to !== 'stdout';
  const more = follows ? '"postseal journal --follow" shows it' : describeWritten(state);
  process.stdout.write(`${told}\n${more}\n`);
  return exit.ok;
}

async function answer({ debug, for: time = usualTime, sender = [] }: DebugOptions, config: string) {
  switch (debug) {
    case 'on': {
      const wanted: SwitchOn = { seconds: readTime(time), senders: readSenders(sender) };
      return (await ask('PUT /debug', config, wanted)) as DebugState;
    }
    case 'off':
      return (await ask('DELETE /debug', config)) as DebugState;
    case 'show':
      return (await ask('GET /debug', config)) as DebugState;
    default:
      throw usageError('journal', `--debug: ${inQuotes(debug)} is none of on, off, show`);
  }
}

function readTime(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 1 && seconds <= longest) return seconds;
  throw usageError(
    'journal',
    `--for: ${inQuotes(text)} is not a time from 1s to 24h: write it as in 30m or 2h`,
  );
}

function readSenders(senders: readonly string[]): readonly string[] {
  try {
    return senderPatterns(senders).map(pattern => pattern.source);
  } catch (error) {
    throw usageError('journal', `--sender: ${(error as Error).message}`);
  }
}

/** The file of the running service's debug journal; where there is none to read, says why. */
export async function runningDebugFile(config: string): Promise<string | undefined> {
  const state = await stateOf(config);
  if (!state) return undefined;
  if (!isOn(state))
    warn('the debug journal is off; "postseal journal --debug on" tells the chain of decisions');
  else if (state.to === 'stdout')
    warn(
      'the debug journal is on standard output (journalctl -u postseal -o cat); debug_file in [journal] gives it a file',
    );
  else return state.to;
  return undefined;
}

/** For somebody who follows the debug journal: says once that the running service has switched it off meanwhile. */
export class OffWatch {
  private next = Date.now() + askInterval;

  constructor(private readonly config: string) {}

  async look(): Promise<void> {
    if (Date.now() < this.next) return;
    this.next = Date.now() + askInterval;
    // A service that is just being restarted does not answer.
    const state = (await ask('GET /debug', this.config).catch(() => undefined)) as DebugState | undefined;
    if (!state || isOn(state)) return;
    warn('the debug journal is off now');
    this.next = Infinity;
  }
}

function isOn({ permanent, switched }: DebugState): boolean {
  return permanent !== undefined || switched !== undefined;
}

async function stateOf(config: string): Promise<DebugState | undefined> {
  try {
    return (await ask('GET /debug', config)) as DebugState;
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode === exit.config) throw error;
    warn(`whether the debug journal is on cannot be asked: ${error.message}`);
    return undefined;
  }
}
