// The journal: one function per event, its sentence fixed here. The only importer of winston.
// No message content, no secrets; whatever comes from outside is printed without control characters. Beside it is the
// debug journal.
import winston from 'winston';
import { DebugJournal, type DebugSettings, type Written } from './debug/journal.js';
import { MessageTrace, type Beginning } from './debug/trace.js';
import type { Details } from './debug/detail.js';
import type { DebugState, InForce, MessageEntry, MessageListener } from './entry.js';
import type { Failure } from './failure.js';
import { counted, oneLine } from './printable.js';
import { debugMend, describeDebug, describeWritten, messageSentence } from './sentence.js';

/** What may change while it is written. */
export interface JournalSettings extends DebugSettings {
  /** Hears of every message too. */
  readonly events?: MessageListener;
}

export interface JournalOptions extends JournalSettings {
  /** Takes the normal journal, a line each. */
  readonly stream: NodeJS.WritableStream;
  /** Whether lines carry the time themselves; journald adds its own. */
  readonly timestamps: boolean;
  /** Hear of everything that a listener can, whatever the settings. */
  readonly listeners?: readonly MessageListener[];
}

export class Journal {
  private readonly logger: winston.Logger;
  private readonly debug: DebugJournal;
  private readonly listeners: readonly MessageListener[];
  private events: MessageListener | undefined;

  /** @throws as `reopen` does */
  constructor({ stream, timestamps, listeners = [], ...settings }: JournalOptions) {
    this.listeners = listeners;
    const { combine, timestamp, printf } = winston.format;
    const text = printf(
      ({ message, timestamp: at }) => `${timestamps ? `${String(at)} ` : ''}${String(message)}`,
    );
    const sentences = new winston.transports.Stream({ stream, format: combine(timestamp(), text) });
    // Each transport formats for itself; without this winston makes JSON of every line beforehand.
    const asItIs = winston.format(info => info)();
    this.logger = winston.createLogger({ format: asItIs, transports: [sentences] });
    // A full disk or a closed pipe costs lines of the journal, never mail.
    this.logger.on('error', () => undefined);
    stream.on('error', () => undefined);
    this.debug = new DebugJournal(stream, why => {
      this.warning(`postseal: lines of the debug journal are lost: ${why}`);
    });
    this.reopen(settings);
  }

  /**
   * Changes its settings, and opens the file of the debug journal anew: it may have been rotated.
   * @throws the system's error where the file cannot be opened; then nothing has changed
   */
  reopen({ events, ...debug }: JournalSettings): void {
    this.debug.set(debug);
    this.events = events;
  }

  /** The same for the debug journal alone. */
  setDebug(settings: DebugSettings): void {
    this.debug.set(settings);
  }

  ready(state: InForce): void {
    this.inForce('ready', state);
  }

  /** A reload begins, because of a signal or of a change. */
  reloading(because: string): void {
    this.logger.info(`postseal: ${oneLine(because)}, reading the configuration again`);
  }

  /** How far a reload has come that takes long. */
  loading(progress: string): void {
    this.logger.info(`postseal: ${progress}`);
  }

  reloaded(milliseconds: number, state: InForce): void {
    this.inForce(`reloaded in ${milliseconds} ms`, state);
  }

  /** A reload that did not come about; one for each mistake. */
  notReloaded(mistake: string): void {
    this.logger.error(`postseal: reload: kept the old configuration: ${oneLine(mistake)}`);
  }

  /** A certificate that cannot be used, found at the start or at a reload. */
  notSigning(consequence: string, mistake: string): void {
    this.logger.error(`postseal: ${oneLine(consequence)}: ${oneLine(mistake)}`);
  }

  stopping(signal: string): void {
    this.logger.info(`postseal: ${signal}, finishing what is in flight`);
  }

  stopped(): void {
    this.logger.info('postseal: stopped');
  }

  /** Something that listens for those who watch cannot; mail passes all the same. @param what as `control socket` */
  notListening(what: string, why: string): void {
    this.logger.warn(`postseal: no ${what}: ${oneLine(why)}`);
  }

  notWatched(directory: string, why: string): void {
    this.logger.warn(`postseal: ${oneLine(`${directory} is not watched: ${why}`)}`);
  }

  /** systemd listens for us elsewhere than the ini file says. @param socket, listen as lines of the two files */
  otherSocket(socket: string, listen: string): void {
    this.logger.warn(
      `postseal: systemd listens on ${socket}, and that counts, but the ini file says listen = ${listen}: mend that line, or ListenStream= (systemctl edit postseal.socket)`,
    );
  }

  /** A reload changes what was read at the start alone. @param wanted, until as lines of the ini file */
  needsRestart(wanted: string, until: string): void {
    this.logger.warn(`postseal: reload: ${wanted} needs a restart, until then it is ${until}`);
  }

  /** What does not keep the service from working: a mistake in the ini file, a certificate that expires. */
  warning(sentence: string): void {
    this.logger.warn(oneLine(sentence));
  }

  /** Attempt after attempt to deliver events fails. @param to a file, or the address of a webhook */
  eventsFail(to: string, reason: string): void {
    this.logger.warn(
      `postseal: events do not reach ${to}: ${oneLine(reason)}; they wait, and are tried again`,
    );
  }

  eventsWork(to: string, lost: number): void {
    this.logger.info(`postseal: events reach ${to} again; ${counted(lost, 'event')} lost meanwhile`);
  }

  eventsLost(to: string, lost: number, reason: string): void {
    this.logger.warn(`postseal: ${counted(lost, 'event')} for ${to} lost: ${oneLine(reason)}`);
  }

  /** A fault of a connection that concerns no message. */
  connectionFault(error: Error): void {
    this.logger.warn(`postseal: connection: ${oneLine(error.message)}`);
  }

  /** The same where somebody only asks. @param what as `control socket` */
  listenerFault(what: string, error: Error): void {
    this.logger.warn(`postseal: ${what}: ${oneLine(error.message)}`);
  }

  clientRefused(address: string): void {
    this.logger.warn(
      `postseal: ${oneLine(address)} may not connect: it is not among the clients in [service]`,
    );
  }

  /** A fault that is ours: with the stack, because the sentence alone mends nothing. */
  internalFault(id: string, failure: Failure): void {
    const { cause } = failure;
    const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.logger.error(`${oneLine(id)}: internal error: ${oneLine(stack.replace(/\s*\n\s*/g, ' | '))}`);
  }

  /** What is told of this message beyond the one line. */
  trace(beginning: Beginning): MessageTrace {
    return this.debug.begin(beginning);
  }

  /** The one line that every message gets, led by Postfix's queue id. */
  message(id: string, entry: MessageEntry, trace = MessageTrace.none): void {
    this.logger.info(`${oneLine(id)}: ${messageSentence(entry)}`);
    for (const listener of [this.events, ...this.listeners]) listener?.message(id, entry);
    trace.done(id, entry);
  }

  debugIsOn(state: DebugState): void {
    this.logger.info(`postseal: the debug journal is ${describeDebug(state)}; ${debugMend(state)}`);
  }

  /** What was switched on by command is over. @param state as it is from now on */
  debugEnded(why: string, state: DebugState): void {
    const { permanent } = state;
    const rest = permanent ? ` stays on because of ${oneLine(permanent.because)}` : ' is off';
    this.logger.info(`postseal: the debug journal${rest} (${why}): ${describeWritten(state)}`);
  }

  /** A key has signed. */
  signature(trace: MessageTrace, facts: Details['signature']): void {
    for (const listener of this.listeners) listener.signature?.(facts.algorithm, facts.milliseconds);
    trace.signature({ ...facts, milliseconds: rounded(facts.milliseconds) });
  }

  /** The next hop has answered the end of a copy. */
  handedOn(trace: MessageTrace, copy: string, milliseconds: number): void {
    for (const listener of this.listeners) listener.handedOn?.(milliseconds);
    trace.handedOn(copy, rounded(milliseconds));
  }

  /** What the debug journal has written. */
  get written(): Written {
    return this.debug.written;
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await new Promise(resolve => {
      this.logger.on('finish', () => setImmediate(resolve));
      this.logger.end();
    });
    await this.debug.close();
  }

  private inForce(what: string, { listen, returnPort, rules, certificates }: InForce): void {
    this.logger.info(
      `postseal: ${what}, listening on ${listen}, returning to ${returnPort}; ${counted(rules, 'rule')}, ${counted(certificates, 'certificate')}`,
    );
  }
}

/** To hundredths. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
