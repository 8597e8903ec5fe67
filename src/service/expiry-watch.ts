// Warns of certificates that expire while the service runs: in the journal, and by mail where the ini file says so.
import type { Envelope, Recipient } from '../envelope.js';
import type { Reply } from '../failure.js';
import type { Journal } from '../journal.js';
import { replyOf } from '../next-hop.js';
import { inSlices } from '../slices.js';
import { statesInSteps } from './certificate-states.js';
import { dueWarnings, nextLook, sentence, withAll, type Told } from './expiry.js';
import { envelopeFor, expiryMail } from './expiry-mail.js';
import type { Installation } from './load.js';

export interface ExpiryHands {
  /** That in force now. */
  readonly installation: () => Installation;
  readonly journal: Journal;
  readonly clock: () => Date;
  /** Octets as hexadecimal digits that nobody has had before. */
  readonly id: () => string;
  /** Hands a message to the return port. @returns whom it refused @throws Refused, Failure */
  readonly post: (envelope: Envelope, content: Buffer) => Promise<ReadonlyMap<Recipient, Reply>>;
  /** What was mailed in earlier runs, and where that is kept. */
  readonly mailed: Told;
  readonly keep: (told: Told) => Promise<void>;
}

const minute = 60_000;
const hour = 60 * minute;

export class ExpiryWatch {
  /** In the journal. */
  private told: Told = new Map();
  private mailed: Told;
  private timer: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  /** One look at a time; never rejects. */
  private looking: Promise<void> = Promise.resolve();
  /** One mail at a time; never rejects. */
  private mailing: Promise<void> = Promise.resolve();
  /** The last mail did not go out. */
  private failed = false;
  private closed = false;

  constructor(private readonly hands: ExpiryHands) {
    this.mailed = hands.mailed;
  }

  /** Tells what is due now: at the start, after a reload, and from then on by itself. Never rejects. */
  look(): Promise<void> {
    this.looking = this.looking.then(() => this.lookNow());
    return this.looking;
  }

  private async lookNow(): Promise<void> {
    const { installation, journal, clock } = this.hands;
    const now = clock();
    const current = installation();
    const certificates = await inSlices(statesInSteps(current, now));
    // Another one has a look of its own.
    if (this.closed || installation() !== current) return;
    const due = dueWarnings(certificates, current.config.journal.warnDays, this.told);
    for (const { certificate } of due) journal.warning(`postseal: ${sentence(certificate)}`);
    this.told = withAll(this.told, due, certificates);
    this.wait(now, nextLook(certificates, now));
    this.mailing = this.mailing.then(() => this.mail());
  }

  /** Resolves when nothing is under way; the return port has to be closed before. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.retry);
    await this.looking;
    await this.mailing;
  }

  /**
   * By the clock on the wall, which somebody may set and which goes on while the machine sleeps: it is asked at least
   * once an hour. @param since when the last look was; @param until the next
   */
  private wait(since: Date, until: Date): void {
    clearTimeout(this.timer);
    const left = until.getTime() - this.hands.clock().getTime();
    const check = (): void => {
      const now = this.hands.clock();
      if (now >= until || now < since) void this.look();
      else this.wait(since, until);
    };
    this.timer = setTimeout(check, Math.max(0, Math.min(left, hour))).unref();
  }

  /**
   * One mail with all that is due, and again later where the return port does not take it: soon the first time, as at
   * boot Postfix starts after us.
   */
  private async mail(): Promise<void> {
    clearTimeout(this.retry);
    const { installation, journal, clock, id, post, keep } = this.hands;
    const current = installation();
    const { journal: settings, service } = current.config;
    if (settings.warnTo.length === 0) return;
    const now = clock();
    const certificates = await inSlices(statesInSteps(current, now));
    if (installation() !== current) return;
    const due = dueWarnings(certificates, settings.warnDays, this.mailed);
    if (due.length === 0) return;
    const what = 'postseal: the mail about certificates that expire';
    try {
      const { hostname } = service;
      const content = expiryMail(due, { ...settings, hostname, now, id: id() });
      for (const [{ address }, reply] of await post(envelopeFor(settings), content))
        journal.warning(`${what} was refused to ${address.text}: ${reply.code} ${reply.text}`);
    } catch (error) {
      if (this.closed) return;
      const { code, text } = replyOf(error);
      const [pause, time] = this.failed ? [hour, 'an hour'] : [minute, 'a minute'];
      this.failed = true;
      journal.warning(`${what} did not go out and is tried again in ${time}: ${code} ${text}`);
      this.retry = setTimeout(() => {
        this.mailing = this.mailing.then(() => this.mail());
      }, pause).unref();
      return;
    }
    this.failed = false;
    this.mailed = withAll(this.mailed, due, certificates);
    await keep(this.mailed).catch((error: unknown) => {
      journal.warning(`${what} may go out again after a restart: ${(error as Error).message}`);
    });
  }
}
