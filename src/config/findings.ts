// Everything that is wrong with one file, collected while it is read and told at once.
import type { Origin, Problem } from './config.js';

/** Where something stands: line, section, and the key where there is one. */
export type Place = Omit<Origin, 'file'>;

export class Findings {
  readonly #problems: Problem[] = [];

  constructor(readonly file: string) {}

  error(place: Place, message: string): void {
    this.#problems.push({ origin: this.origin(place), message, severity: 'error' });
  }

  warning(place: Place, message: string): void {
    this.#problems.push({ origin: this.origin(place), message, severity: 'warning' });
  }

  origin({ line, section, key }: Place): Origin {
    return { file: this.file, line, section, ...(key !== undefined && { key }) };
  }

  get hasErrors(): boolean {
    return this.#problems.some(problem => problem.severity === 'error');
  }

  /** In the order of the file; what stands on one line in the order in which it was found. */
  get problems(): Problem[] {
    return this.#problems.toSorted((a, b) => a.origin.line - b.origin.line);
  }
}
