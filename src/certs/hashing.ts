// Hashes of hashes, as PKCS#12 and PBKDF1 derive keys. OpenSSL counts them for nobody else, so that threads of ours
// do: a millisecond or two for what it writes, but there may be thousands of files, and mail passes meanwhile.
import { hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isMainThread, Worker } from 'node:worker_threads';

/** As `hash` of node:crypto. */
type Hash = (name: string, value: Buffer, form: 'binary') => string;

// As text, one octet a character: Node takes four times as long to make a Buffer of each digest.
function iterateHere(hash: Hash, name: string, start: Buffer, rounds: number): Buffer {
  let digest = hash(name, start, 'binary');
  const value = Buffer.alloc(digest.length);
  for (let round = 1; round < rounds; round++) {
    for (let i = 0; i < value.length; i++) value[i] = digest.charCodeAt(i);
    digest = hash(name, value, 'binary');
  }
  return Buffer.from(digest, 'latin1');
}

/** JavaScript and no file of its own: it is the same from source and compiled. */
const program = `
const { hash } = require('node:crypto');
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ name, start, rounds }) => {
  parentPort.postMessage(iterateHere(hash, name, start, rounds).toString('latin1'));
});
${iterateHere.toString()}
`;

/** Milliseconds that a thread waits for more. */
const patience = 1000;

class Thread {
  private readonly worker = new Worker(program, { eval: true });
  /** It answers in the order in which it is asked. */
  private readonly waiting: { resolve: (value: Buffer) => void; reject: (error: Error) => void }[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    this.worker.on('message', (value: string) => {
      this.waiting.shift()!.resolve(Buffer.from(value, 'latin1'));
      if (this.asked > 0) return;
      // It keeps no command from ending.
      this.worker.unref();
      this.timer = setTimeout(() => {
        threads.delete(this);
        void this.worker.terminate();
      }, patience).unref();
    });
    this.worker.on('error', (error: Error) => {
      threads.delete(this);
      for (const { reject } of this.waiting) reject(error);
    });
  }

  /** How many answers it owes. */
  get asked(): number {
    return this.waiting.length;
  }

  ask(name: string, start: Buffer, rounds: number): Promise<Buffer> {
    clearTimeout(this.timer);
    this.worker.ref();
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage({ name, start, rounds });
    });
  }
}

const threads = new Set<Thread>();

/** hash(hash(… start)), so many times. */
export function iterate(name: string, start: Buffer, rounds: number): Promise<Buffer> {
  if (!isMainThread) return Promise.resolve(iterateHere(hash, name, start, rounds));
  const [idlest] = [...threads].sort((a, b) => a.asked - b.asked);
  const thread =
    idlest && (idlest.asked === 0 || threads.size >= availableParallelism()) ? idlest : new Thread();
  threads.add(thread);
  return thread.ask(name, start, rounds);
}
