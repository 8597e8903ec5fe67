// Brings events to where they are to go, in their order and some at a time: what cannot be delivered waits, within
// bounds, and is tried again. Whoever hands them in never waits.
import type { Journal } from '../journal.js';

/** What a courier has to tell. */
export type Reports = Pick<Journal, 'eventsFail' | 'eventsWork' | 'eventsLost'>;

/** How it stands with what is to be delivered. */
export interface Backlog {
  /** As the journal names the place. */
  readonly to: string;
  readonly waiting: number;
  /** Since the courier began. */
  readonly lost: number;
  /** What the last attempt failed of. */
  readonly trouble?: string;
}

export interface CourierOptions {
  /** Where it brings them, for the journal. */
  readonly to: string;
  /**
   * Brings some lines there; called again with the same ones until it succeeds, and with what has come meanwhile.
   * @throws Undeliverable where trying again is no use, Later, or any other error
   */
  readonly deliver: (lines: readonly string[], signal: AbortSignal) => Promise<void>;
  /** The journal that hears of it; it may not be there yet when the courier is made. */
  readonly reports: () => Reports;
  /** Milliseconds between two attempts at most; the first pause is one second, and each twice as long as the last. */
  readonly longestPause: number;
  /** From 0 to 1: pauses are cut by up to a half, so that not all services come back at the same moment. */
  readonly random?: () => number;
}

/** These lines will never be taken: they are lost. */
export class Undeliverable extends Error {}

/** The other side says when to come again. */
export class Later extends Error {
  /** @param pause milliseconds */
  constructor(
    message: string,
    readonly pause: number,
  ) {
    super(message);
  }
}

/** What waits at most. Then the newest are lost: what waits has no gap, and after it the journal tells how large one is. */
export const limits = { events: 10_000, characters: 8_000_000 } as const;
/** What is delivered at a time: many a server takes no more than a megabyte. */
const batch = { events: 100, characters: 500_000 } as const;

const firstPause = 1000;
/** An attempt is given up after so long. */
const attemptTime = 30_000;
/** The end of the service waits so long. */
const closingTime = 3000;
/** Then it is asked again this soon. */
const closingPause = 250;
/** A pause over which nobody is to wonder. */
const longPause = 10_000;
/** Losses are told no more often than this. */
const betweenReports = 60_000;

export class Courier {
  private readonly waiting: string[] = [];
  private characters = 0;
  private work: Promise<void> | undefined;
  private attempt: AbortController | undefined;
  private wake: (() => void) | undefined;
  private closing = false;
  private ended = false;
  /** Of failed attempts in a row, and what the last one failed of. */
  private failures = 0;
  private trouble = '';
  private toldOfTrouble = false;
  /** Since the first of them, and in all. */
  private lost = 0;
  private lostInAll = 0;
  /** What is lost and not told yet, by reason. */
  private readonly untold = new Map<string, number>();
  private nextReport: NodeJS.Timeout | undefined;

  constructor(private readonly options: CourierOptions) {}

  put(line: string): void {
    if (this.closing) this.lose(1, 'they came too late');
    else if (this.waiting.length >= limits.events || this.characters + line.length > limits.characters)
      this.lose(1, `too many wait already${this.because}`);
    else {
      this.waiting.push(line);
      this.characters += line.length;
      this.work ??= this.run();
    }
  }

  get backlog(): Backlog {
    const { trouble, waiting, lostInAll, options } = this;
    return { to: options.to, waiting: waiting.length, lost: lostInAll, ...(trouble !== '' && { trouble }) };
  }

  /** Tries again at once, if it is waiting to. */
  hurry(): void {
    this.wake?.();
  }

  /** Delivers what waits, within some seconds; the rest is lost. @param why there is no more time */
  async close(why: string): Promise<void> {
    this.closing = true;
    this.hurry();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, closingTime);
    });
    await Promise.race([this.work, late]);
    clearTimeout(timer);
    this.ended = true;
    if (this.waiting.length > 0) this.lose(this.waiting.length, `${why}${this.because}`);
    this.waiting.length = 0;
    this.attempt?.abort(new Error(why));
    this.hurry();
    clearTimeout(this.nextReport);
    this.report();
  }

  private async run(): Promise<void> {
    // What comes in the same moment goes together.
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const lines = this.nextBatch();
      try {
        await this.deliver(lines);
        this.remove(lines);
        this.worked();
      } catch (error) {
        if (this.ended) break;
        if (error instanceof Undeliverable) {
          this.remove(lines);
          this.lose(lines.length, error.message);
          continue;
        }
        const pause = this.pauseAfter(error);
        this.failed((error as Error).message, pause);
        await this.wait(pause);
      }
    }
    this.work = undefined;
  }

  private async deliver(lines: readonly string[]): Promise<void> {
    const attempt = new AbortController();
    this.attempt = attempt;
    const timer = setTimeout(() => {
      attempt.abort(new Error(`no answer in ${attemptTime / 1000} seconds`));
    }, attemptTime).unref();
    try {
      await this.options.deliver(lines, attempt.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private nextBatch(): string[] {
    let count = 0;
    let characters = 0;
    for (const { length } of this.waiting) {
      characters += length;
      if (count === batch.events || (count > 0 && characters > batch.characters)) break;
      count++;
    }
    return this.waiting.slice(0, count);
  }

  private remove(lines: readonly string[]): void {
    this.waiting.splice(0, lines.length);
    for (const line of lines) this.characters -= line.length;
  }

  /** In milliseconds. */
  private pauseAfter(error: unknown): number {
    if (this.closing) return closingPause;
    const { longestPause, random = Math.random } = this.options;
    const usual = firstPause * 2 ** this.failures * (1 - random() / 2);
    return Math.min(longestPause, Math.max(usual, error instanceof Later ? error.pause : 0));
  }

  private async wait(pause: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, pause).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  /** One failed attempt that is soon made good is nothing to tell: a connection that was kept too long fails like that. */
  private failed(message: string, pause: number): void {
    this.failures++;
    this.trouble = message;
    if (this.failures === 1) this.lost = 0;
    if (!this.toldOfTrouble && (this.failures === 2 || pause > longPause)) {
      this.toldOfTrouble = true;
      this.options.reports().eventsFail(this.options.to, message);
    }
  }

  private worked(): void {
    if (this.toldOfTrouble) {
      this.report();
      this.options.reports().eventsWork(this.options.to, this.lost);
    }
    this.toldOfTrouble = false;
    this.failures = 0;
    this.trouble = '';
  }

  private get because(): string {
    return this.trouble === '' ? '' : ` (${this.trouble})`;
  }

  private lose(count: number, why: string): void {
    this.lost += count;
    this.lostInAll += count;
    this.untold.set(why, (this.untold.get(why) ?? 0) + count);
    if (this.nextReport) return;
    this.report();
    this.nextReport = setTimeout(() => {
      this.nextReport = undefined;
      this.report();
    }, betweenReports).unref();
  }

  private report(): void {
    for (const [why, count] of this.untold) this.options.reports().eventsLost(this.options.to, count, why);
    this.untold.clear();
  }
}
