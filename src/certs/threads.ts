// Thousands of files are read by as many threads as there are cores: OpenSSL takes up to two milliseconds for one, and
// mail passes meanwhile.
import type { X509Certificate } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Address } from '../address.js';
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

/** Started when the first file is to be read. */
export class ReadingThreads implements Reading {
  private readonly count = Math.min(availableParallelism(), maximumThreads);
  private readonly threads: ReadingThread[] = [];
  readonly atOnce = 3 * this.count;

  /** @param unit of systemd, whose credentials count */
  constructor(private readonly unit: string) {}

  readonly read: ReadCertificateFile = (...args) => {
    while (this.threads.length < this.count) this.threads.push(new ReadingThread(this.unit));
    const idlest = this.threads.reduce((a, b) => (b.asked < a.asked ? b : a));
    return idlest.ask(args);
  };

  end(): void {
    for (const thread of this.threads.splice(0)) thread.end();
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

  constructor(unit: string) {
    this.worker = new Worker(new URL('thread.js', import.meta.url), { workerData: { unit } });
    this.worker.on('message', ({ number, file }: Answer) => {
      this.waiting.get(number)!.resolve(this.restore(file));
      this.waiting.delete(number);
    });
    this.worker.on('error', error => {
      for (const { reject } of this.waiting.values()) reject(error);
    });
  }

  /** How many answers it owes. */
  get asked(): number {
    return this.waiting.size;
  }

  ask(args: Question['args']): Promise<ReadFile> {
    const question: Question = { number: this.number++, args };
    return new Promise((resolve, reject) => {
      this.waiting.set(question.number, { resolve, reject });
      this.worker.postMessage(question);
    });
  }

  end(): void {
    void this.worker.terminate();
  }

  /** What the way between threads has changed. */
  private restore({ contents, problems, ...rest }: Answer['file']): ReadFile {
    const certificates = contents?.certificates.map(certificate => {
      if (typeof certificate === 'number') return this.authorities[certificate]!;
      if (certificate.ca) this.authorities.push(certificate);
      return certificate;
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
