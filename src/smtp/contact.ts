// When the return port was last heard of, and how: for those who watch.
import type { Failure } from '../failure.js';

/** As far as is known. */
export interface Contact {
  readonly up: boolean;
  /** Milliseconds since it last did what it should. */
  readonly successAge?: number;
  /** Milliseconds since it last did not, and why. */
  readonly failureAge?: number;
  readonly failure?: string;
}

export class ContactLog {
  private up = false;
  private lastSuccess: number | undefined;
  private lastFailure: { readonly at: number; readonly why: string } | undefined;

  /** @param clock milliseconds */
  constructor(private readonly clock: () => number) {}

  worked(): void {
    this.up = true;
    this.lastSuccess = this.clock();
  }

  failed({ detail, message }: Failure): void {
    this.up = false;
    this.lastFailure = { at: this.clock(), why: detail || message };
  }

  /** Milliseconds since it was last heard of. */
  get age(): number {
    return this.clock() - Math.max(this.lastSuccess ?? -Infinity, this.lastFailure?.at ?? -Infinity);
  }

  get state(): Contact {
    const { up, lastSuccess, lastFailure } = this;
    const now = this.clock();
    return {
      up,
      ...(lastSuccess !== undefined && { successAge: now - lastSuccess }),
      ...(lastFailure && { failureAge: now - lastFailure.at, failure: lastFailure.why }),
    };
  }
}
