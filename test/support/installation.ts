// What a house has that signs its mail: certificates, a real Postfix on both sides, Postseal in the middle.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePki, type Pki } from './pki.js';
import { Postfix, freePort } from './postfix.js';
import { PostsealProcess } from './postseal-process.js';
import { Verifiers } from './verifiers.js';

export class Installation {
  private constructor(
    private readonly directory: string,
    /** They trust the root of the certificates. */
    readonly verifiers: Verifiers,
    readonly postfix: Postfix,
    readonly postseal: PostsealProcess,
  ) {}

  /**
   * @param ini makes the certificates, in a directory for its files, and the ini file from `[service]` on
   * @param main of main.cf, further settings
   */
  static async start(
    ini: (pki: Pki, directory: string) => string,
    main: Readonly<Record<string, string>> = {},
  ): Promise<Installation> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-peers-'));
    const pki = makePki(join(directory, 'pki'));
    const sections = ini(pki, directory);
    const [listenPort, returnPort] = [await freePort(), await freePort()];
    const postfix = await Postfix.start({ postsealPort: listenPort, returnPort, main });
    const postseal = await PostsealProcess.start({ listenPort, returnPort, ini: sections });
    return new Installation(directory, new Verifiers(pki.root.certificate), postfix, postseal);
  }

  async remove(): Promise<void> {
    await this.postfix.remove();
    await this.postseal.remove();
    this.verifiers.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
