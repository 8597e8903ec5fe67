// The programs that people's PKCS#12 files come from, made to write them: OpenSSL, Java's keytool and NSS.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer, type Peer } from './peers.js';
import { openssl, type Issued } from './pki.js';

/** A directory for what the makers write, and for their own data. */
export class Makers {
  private readonly directory = mkdtempSync(join(tmpdir(), 'postseal-pkcs12-'));
  private count = 0;

  /** A path where nothing is yet. */
  path(ending = '.p12'): string {
    return join(this.directory, `${++this.count}${ending}`);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** `openssl pkcs12 -export` of key, leaf and chain. @returns the path of the file */
  openssl(pem: string, password: string, ...args: string[]): string {
    const path = this.path();
    openssl(['pkcs12', '-export', '-in', pem, '-out', path, '-passout', `pass:${password}`, ...args]);
    return path;
  }

  /**
   * keytool takes a key store over into one of its own; the password stays.
   * @param type of the new one
   */
  keytoolImport(from: { p12: string; password: string }, type: string, ...args: string[]): string {
    const path = this.path();
    const source = ['-srckeystore', from.p12, '-srcstorepass', from.password];
    const target = ['-destkeystore', path, '-deststoretype', type, '-deststorepass', from.password];
    this.keytool(path, '-importkeystore', '-noprompt', ...source, ...target, ...args);
    return path;
  }

  /** Runs keytool. @param path of the key store that it writes */
  keytool(path: string, ...args: string[]): void {
    run('keytool', args);
    chmodSync(path, 0o600);
  }

  /** An empty database of NSS. */
  nss(): Nss {
    return new Nss(this);
  }
}

/** A database as Thunderbird and Firefox have one. */
export class Nss {
  private readonly database: string;

  constructor(private readonly makers: Makers) {
    const path = makers.path('.nss');
    mkdirSync(path);
    this.database = `sql:${path}`;
    run('certutil', ['-N', '--empty-password', '-d', this.database]);
  }

  import(leaf: Issued): void {
    run('pk12util', ['-i', leaf.p12, '-d', this.database, '-W', leaf.password]);
  }

  /** Exports all that has the nickname, with its chain. @returns the path of the file */
  export(nickname: string, password: string, ...args: string[]): string {
    const path = this.makers.path();
    run('pk12util', ['-o', path, '-n', nickname, '-d', this.database, '-W', password, ...args]);
    return path;
  }
}

function run(program: Peer, args: readonly string[]): void {
  try {
    // The password's characters come through the locale.
    execFileSync(peer(program), args, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`${program} ${args.join(' ')}\n${String(stdout)}${String(stderr)}`, { cause: error });
  }
}
