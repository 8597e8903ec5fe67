// Thousands of files are read by as many threads as there are cores: OpenSSL takes up to two milliseconds for one, and
// mail passes meanwhile.
import type { X509Certificate } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Address } from '../address.js';
import { version } from '../version.js';
import { readCertificate } from './keys.js';
import type { Contents } from './material.js';
import type { ReadCertificateFile, ReadFile, Reading } from './read.js';

/** Fewer files are read sooner than a thread has started. */
export const many = 100;

/** Each takes some 25 MB while it reads. */
const maximumThreads = 8;

/** What a thread is asked. */
export interface Question {
  readonly number: number;
  readonly args: Parameters<ReadCertificateFile>;
}

/** What it answers: of an authority that it has told of before, the number. */
export interface Answer {
  readonly number: number;
  readonly file: Omit<ReadFile, 'contents'> & {
    readonly contents?: Omit<Contents, 'certificates'> & {
      readonly certificates: readonly (X509Certificate | number)[];
    };
  };
}

/** Each is started when those before it are busy. */
export class ReadingThreads implements Reading {
  private readonly count = Math.min(availableParallelism(), maximumThreads);
  private readonly threads: ReadingThread[] = [];
  private ended = false;
  readonly atOnce = 3 * this.count;

  /** @param unit of systemd, whose credentials count */
  constructor(private readonly unit: string) {}

  readonly read: ReadCertificateFile = (...args) => {
    if (this.ended) return Promise.reject(new Error('nothing is read any more'));
    const [idlest] = this.threads.toSorted((a, b) => a.asked - b.asked);
    if (idlest && (idlest.asked === 0 || this.threads.length >= this.count)) return idlest.ask(args);
    const thread = new ReadingThread(this.unit);
    this.threads.push(thread);
    return thread.ask(args);
  };

  end(): void {
    this.ended = true;
    for (const thread of this.threads) thread.end();
  }
}

class ReadingThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { resolve: (file: ReadFile) => void; reject: (error: Error) => void }
  >();
  private readonly authorities: X509Certificate[] = [];
  private number = 0;
  /** Why it answers no more. */
  private failure: Error | undefined;

  constructor(unit: string) {
    this.worker = new Worker(new URL('thread.js', import.meta.url), { workerData: { unit, version } });
    this.worker.on('message', (answer: Answer) => {
      this.take(answer);
    });
    for (const event of ['error', 'messageerror'] as const)
      this.worker.on(event, (error: Error) => {
        this.fail(error);
      });
    this.worker.on('exit', () => {
      this.fail(new Error('a thread that reads certificates has ended'));
    });
  }

  /** How many answers it owes. */
  get asked(): number {
    return this.waiting.size;
  }

  ask(args: Question['args']): Promise<ReadFile> {
    if (this.failure) return Promise.reject(this.failure);
    const question: Question = { number: this.number++, args };
    return new Promise((resolve, reject) => {
      this.waiting.set(question.number, { resolve, reject });
      this.worker.postMessage(question);
    });
  }

  end(): void {
    void this.worker.terminate();
  }

  private take({ number, file }: Answer): void {
    const asker = this.waiting.get(number);
    if (!asker) return; // it has been told of a failure
    this.waiting.delete(number);
    try {
      asker.resolve(this.restore(file));
    } catch (error) {
      asker.reject(error as Error);
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
  }

  /** What the way between threads has changed. */
  private restore({ contents, problems, ...rest }: Answer['file']): ReadFile {
    const certificates = contents?.certificates.map(certificate => {
      if (typeof certificate === 'number') return this.authorities[certificate]!;
      if (!certificate.ca) return certificate;
      // The same object as from other threads, and the last time.
      const authority = readCertificate(certificate.raw);
      this.authorities.push(authority);
      return authority;
    });
    return {
      ...rest,
      ...(contents && { contents: { ...contents, certificates: certificates! } }),
      // A copy of an Address is an object without its methods.
      problems: problems.map(({ mailboxes, ...problem }) => ({
        ...problem,
        ...(mailboxes && { mailboxes: mailboxes.map(({ text }) => Address.parse(text)!) }),
      })),
    };
  }
}
