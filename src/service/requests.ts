// Work that is asked for at any time and done one at a time: what is asked for meanwhile is done once more after it.

/** @typeParam T what comes of the work */
export class Requests<T> {
  private wanted: string | undefined;
  /** Those who asked for what is wanted. */
  private waiting: ((result: T | undefined) => void)[] = [];
  private work: ((because: string) => Promise<T | undefined>) | undefined;
  private running: Promise<void> | undefined;
  private ended = false;

  /**
   * Asks for it; several at a time are one.
   * @returns what came of it, undefined where it is not done any more
   */
  add(because: string): Promise<T | undefined> {
    if (this.ended) return Promise.resolve(undefined);
    this.wanted = because;
    const result = new Promise<T | undefined>(resolve => this.waiting.push(resolve));
    this.run();
    return result;
  }

  /**
   * Does the work from now on, beginning with what was asked for already.
   * @param work must not reject; undefined where it was left undone
   */
  serve(work: (because: string) => Promise<T | undefined>): void {
    this.work = work;
    this.run();
  }

  /** Does no more of it. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.ended = true;
    for (const tell of this.waiting) tell(undefined);
    await this.running;
  }

  private run(): void {
    if (this.running || !this.work || this.wanted === undefined || this.ended) return;
    const { wanted, waiting } = this;
    this.wanted = undefined;
    this.waiting = [];
    this.running = this.work(wanted).then(result => {
      this.running = undefined;
      for (const tell of waiting) tell(result);
      this.run();
    });
  }
}
