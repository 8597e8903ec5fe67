// Verifies signed messages with Bouncy Castle: one Java program, compiled as it starts, that answers as long as it lives.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { peer, type Peer } from './peers.js';
import { canonical, type Verification } from './verifiers.js';

const jars = [
  'bcmail.jar',
  'bcpkix.jar',
  'bcutil.jar',
  'bcprov.jar',
  'javax.mail.jar',
  'javax.activation.jar',
] as const satisfies readonly Peer[];

/** The peers that a `BouncyCastle` needs. */
export const bouncyCastlePeers = ['java', ...jars] as const satisfies readonly Peer[];

/** Starting takes a second or two of the Java machine, a verification a few milliseconds. */
export class BouncyCastle {
  private readonly directory = mkdtempSync(join(tmpdir(), 'postseal-bouncy-'));
  private readonly java: ChildProcessWithoutNullStreams;
  private readonly waiting: ((verification: Verification) => void)[] = [];
  private words = '';
  private count = 0;

  /** @param root path of the PEM of the root to trust, and no other */
  constructor(root: string) {
    const classPath = jars.map(peer).join(delimiter);
    const program = join(import.meta.dirname, 'bouncy-castle.java');
    // The small compiler: it runs for seconds.
    this.java = spawn(peer('java'), ['-XX:TieredStopAtLevel=1', '-cp', classPath, program, root]);
    this.java.stderr.on('data', (text: Buffer) => (this.words += text.toString()));
    this.java.stdin.on('error', () => undefined);
    createInterface({ input: this.java.stdout }).on('line', answer => {
      this.waiting.shift()?.({ ok: answer === 'good', detail: answer });
    });
    this.java.once('close', () => {
      for (const answer of this.waiting.splice(0)) answer({ ok: false, detail: `java ended: ${this.words}` });
    });
  }

  /** The whole message, as Bouncy Castle's mail library reads it. */
  async verify(message: Buffer): Promise<Verification> {
    const path = join(this.directory, `${++this.count}.eml`);
    writeFileSync(path, canonical(message));
    const answer = new Promise<Verification>(resolve => this.waiting.push(resolve));
    this.java.stdin.write(`${path}\n`);
    const verification = await answer;
    rmSync(path);
    return verification;
  }

  /** Ends the program and removes its files. */
  async close(): Promise<void> {
    await new Promise(resolve => {
      this.java.once('close', resolve);
      this.java.stdin.end();
    });
    rmSync(this.directory, { recursive: true, force: true });
  }
}
