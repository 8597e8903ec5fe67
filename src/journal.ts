// The journal: one function per event, its sentence fixed here. The only importer of winston.
// No message content, no secrets; whatever comes from outside is printed without control characters.
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import winston from 'winston';
import type { Address } from './address.js';
import type { Decision, Step } from './decision.js';
import type { Envelope } from './envelope.js';
import type { InForce, MessageEntry, MessageListener } from './entry.js';
import type { Failure } from './failure.js';
import { counted, oneLine, printableJson } from './printable.js';
import { describeDecision, messageSentence } from './sentence.js';

/** What may change while it is written. */
export interface JournalSettings {
  readonly debug: boolean;
  /** Where the debug journal goes: a file, or `stdout` for the stream of the normal one. */
  readonly debugFile: string;
  /** Hears of every message too. */
  readonly events?: MessageListener;
}

export interface JournalOptions extends JournalSettings {
  /** Takes the normal journal, a line each. */
  readonly stream: NodeJS.WritableStream;
  /** Whether lines carry the time themselves; journald adds its own. */
  readonly timestamps: boolean;
  /** Hear of every message, whatever changes. */
  readonly listeners?: readonly MessageListener[];
}

export class Journal {
  private readonly logger: winston.Logger;
  private readonly stream: NodeJS.WritableStream;
  private readonly listeners: readonly MessageListener[];
  private events: MessageListener | undefined;
  private debugging = false;
  /** Where the debug journal goes now. */
  private details: winston.transport | undefined;
  private file: WriteStream | undefined;

  /** @throws as `reopen` does */
  constructor({ stream, timestamps, listeners = [], ...settings }: JournalOptions) {
    this.stream = stream;
    this.listeners = listeners;
    const { combine, timestamp, printf } = winston.format;
    const text = printf(
      ({ message, timestamp: at }) => `${timestamps ? `${String(at)} ` : ''}${String(message)}`,
    );
    const onlySentences = winston.format(info => (info.level === 'debug' ? false : info))();
    const sentences = new winston.transports.Stream({
      stream,
      format: combine(onlySentences, timestamp(), text),
    });
    // Each transport formats for itself; without this winston makes JSON of every line beforehand.
    const asItIs = winston.format(info => info)();
    this.logger = winston.createLogger({ format: asItIs, transports: [sentences] });
    // A full disk or a closed pipe costs lines of the journal, never mail.
    this.logger.on('error', () => undefined);
    stream.on('error', () => undefined);
    this.reopen(settings);
  }

  /**
   * Changes its settings, and opens the file of the debug journal anew: it may have been rotated.
   * @throws the system's error where the file cannot be opened; then nothing has changed
   */
  reopen({ debug, debugFile, events }: JournalSettings): void {
    const file = debug && debugFile !== 'stdout' ? this.open(debugFile) : undefined;
    if (this.details) this.logger.remove(this.details);
    this.file?.end();
    this.file = file;
    this.details = debug ? detailsTo(file ?? this.stream) : undefined;
    if (this.details) this.logger.add(this.details);
    this.logger.level = debug ? 'debug' : 'info';
    this.debugging = debug;
    this.events = events;
  }

  ready(state: InForce): void {
    this.inForce('ready', state);
  }

  /** A reload begins, because of a signal or of a change. */
  reloading(because: string): void {
    this.logger.info(`postseal: ${oneLine(because)}, reading the configuration again`);
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

  /** The one line that every message gets, led by Postfix's queue id. */
  message(id: string, entry: MessageEntry): void {
    this.logger.info(`${oneLine(id)}: ${messageSentence(entry)}`);
    for (const listener of [this.events, ...this.listeners]) listener?.message(id, entry);
    this.detail(id, 'done', {
      size: entry.size,
      milliseconds: entry.milliseconds,
      reply: `${entry.reply.code} ${entry.reply.text}`,
    });
  }

  envelope(id: string, { sender, recipients }: Envelope, client: { helo: string; address: string }): void {
    this.detail(id, 'envelope', {
      sender: sender.text,
      recipients: recipients.map(r => r.address.text),
      client: `${client.helo} [${client.address}]`,
    });
  }

  /** What was looked at for this recipient, and the decision that came of it. */
  decision(id: string, recipient: Address, steps: readonly Step[], decision: Decision): void {
    if (!this.debugging) return; // a message may have thousands of recipients
    this.detail(id, 'decision', {
      recipient: recipient.text,
      steps: steps.map(s => `${s.subject}: ${s.finding}`),
      decision: describeDecision(decision),
    });
  }

  rewrite(id: string, rewrite: { mediaType: string; from: string; to: string; because: string }): void {
    this.detail(id, 're-encoded', { ...rewrite });
  }

  signature(
    id: string,
    facts: {
      certificate: string;
      algorithm: string;
      digest: string;
      form: string;
      headerProtection: boolean;
      signingTime: boolean;
      octets: number;
    },
  ): void {
    this.detail(id, 'signature', { ...facts });
  }

  smtp(id: string, copy: string, direction: 'sent' | 'received', line: string): void {
    this.detail(id, 'return port', { copy, [direction]: line });
  }

  failure(id: string, failure: Error): void {
    this.detail(id, 'failure', { reason: failure.message });
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await new Promise(resolve => {
      this.logger.on('finish', () => setImmediate(resolve));
      this.logger.end();
    });
    await new Promise<void>(resolve => {
      if (this.file) this.file.end(resolve);
      else resolve();
    });
  }

  private inForce(what: string, { listen, returnPort, rules, certificates }: InForce): void {
    this.logger.info(
      `postseal: ${what}, listening on ${listen}, returning to ${returnPort}; ${counted(rules, 'rule')}, ${counted(certificates, 'certificate')}`,
    );
    if (this.debugging)
      this.logger.info('postseal: the debug journal is on; switch it off when you are done');
  }

  private open(path: string): WriteStream {
    const file = createWriteStream(path, { fd: openSync(path, 'a', 0o640) });
    // A full disk is no reason to stop the mail.
    file.on('error', error => {
      this.warning(`postseal: the debug journal cannot be written: ${error.message}`);
    });
    return file;
  }

  private detail(id: string, event: string, facts: Record<string, unknown>): void {
    if (this.debugging) this.logger.debug({ message: event, id, ...facts });
  }
}

/** The debug journal: one JSON object a line. */
function detailsTo(stream: NodeJS.WritableStream): winston.transport {
  const { combine, timestamp, printf } = winston.format;
  const onlyDetails = winston.format(info => (info.level === 'debug' ? info : false))();
  const format = combine(
    onlyDetails,
    timestamp(),
    printf(info => printableJson(JSON.stringify(info))),
  );
  return new winston.transports.Stream({ stream, format });
}
