// Work that is asked for at any time and done one at a time: what is asked for meanwhile is done once more after it.

export class Requests {
  private wanted: string | undefined;
  private work: ((because: string) => Promise<void>) | undefined;
  private running: Promise<void> | undefined;

  /** Asks for it; several at a time are one. */
  add(because: string): void {
    this.wanted = because;
    this.run();
  }

  /** Does the work from now on, beginning with what was asked for already. @param work must not reject */
  serve(work: (because: string) => Promise<void>): void {
    this.work = work;
    this.run();
  }

  /** Does no more of it. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.work = undefined;
    await this.running;
  }

  private run(): void {
    if (this.running || !this.work || this.wanted === undefined) return;
    const because = this.wanted;
    this.wanted = undefined;
    this.running = this.work(because).then(() => {
      this.running = undefined;
      this.run();
    });
  }
}
