// A private Postfix: own configuration, queue, data, mail log and maildir below one temporary
// directory, on loopback and high ports, wired to Postseal with the block that the README teaches.
import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { chmodSync, chownSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peer } from './peers.js';

const run = promisify(execFile);

/** The recipient domains that a private Postfix delivers to its maildir. */
export const localDomains = ['example.com', 'example.net', 'example.org', 'phones.example'] as const;

export interface PostfixOptions {
  /** Where Postseal listens, or will. */
  readonly postsealPort: number;
  /** The next hop of the content filter, where it is another one than that port of this machine. */
  readonly nexthop?: string;
  /** Stands in the place of /etc/hosts, for this Postfix alone. */
  readonly hosts?: string;
  /** Where Postseal brings the mail back; default: a free port. Unused when the return port is not this Postfix. */
  readonly returnPort?: number;
  /** Postseal speaks LMTP, and listens on this UNIX socket instead of the port. */
  readonly lmtpSocket?: string;
  /** Take the mail back on the UNIX socket `queue/public/back` instead. */
  readonly returnSocket?: boolean;
  /** Without the block: nothing of it is wired to Postseal yet. */
  readonly unwired?: boolean;
  /** Further main.cf settings. */
  readonly main?: Readonly<Record<string, string>>;
  /** Further `-o` settings of the transport to Postseal. */
  readonly transport?: Readonly<Record<string, string>>;
}

/** One entry of `postqueue -j`. */
export interface QueuedMessage {
  readonly queue_name: string;
  readonly queue_id: string;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[];
}

/** A file of the maildir. Line ends are LF, as Postfix writes them. */
export interface DeliveredMessage {
  /** From the X-Original-To field. */
  readonly recipient: string;
  /** From the Return-Path field; empty for a bounce. */
  readonly sender: string;
  /** The whole file. */
  readonly raw: Buffer;
  /** Without the trace fields on top that the hops added: what was sent, if nothing else touched it. */
  readonly content: Buffer;
  /** The trace fields on top. */
  readonly trace: string;
}

/** A command to send with and what it answered. */
export interface Sent {
  readonly status: number | null;
  readonly output: string;
}

/** A port that nobody listens on, below the ephemeral range so that no connection takes it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>(resolve => {
      const server = createServer();
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () =>
        server.close(() => {
          resolve(true);
        }),
      );
    });
    if (free) return port;
  }
}

/** Waits until `probe` gives something other than undefined or false. @throws Error with `what` after `ms` */
export async function until<T>(
  what: string | (() => string),
  probe: () => T | Promise<T>,
  ms = 10_000,
): Promise<Exclude<T, undefined | false>> {
  for (const end = Date.now() + ms; ;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${typeof what === 'string' ? what : what()}`);
    await new Promise(resolve => setTimeout(resolve, 30));
  }
}

/**
 * The block that the README and etc/postfix teach, with these ports.
 * @param returnService name and type of the service that takes the mail back
 * @param submission service name or `host:port` of the smtpd that takes outgoing mail
 * @param chroot `y` as Debian has it, or `n`
 * @param lmtp the UNIX socket on which Postseal speaks LMTP, where it does
 */
function wiring(
  submission: string,
  postseal: string,
  returnService: string,
  chroot: 'y' | 'n',
  lmtp?: string,
): { main: string; master: string } {
  const read = (name: string): string =>
    readFileSync(new URL(`../../etc/postfix/${name}`, import.meta.url), 'utf8');
  const blocks = read('master.cf');
  const overLmtp = (): string =>
    blocks
      .replace(/^postseal(?:-local)? unix .*\n(?: .*\n)*/gm, '')
      .replaceAll(/postseal(?:-local)?:\[127\.0\.0\.1\]:10025/g, `postseal:unix:${lmtp!}`) + read('lmtp.cf');
  return {
    main: read('main.cf'),
    master: (lmtp === undefined ? blocks : overLmtp())
      .replaceAll('[127.0.0.1]:10025', postseal)
      .replace('127.0.0.1:10026 inet', returnService)
      .replace('submission inet n - y', `${submission} inet n - ${chroot}`)
      .replace('pickup unix n - y', `pickup unix n - ${chroot}`),
  };
}

/** Everything else that a Postfix needs, without chroot: the private queue has none set up. */
const otherServices = `
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`;

const nobody = 65534;

export class Postfix {
  private running = false;
  private files = 0;
  private readonly lastResort = (): void => {
    if (this.running) execFileSync(peer('postfix'), ['-c', this.config, 'stop'], { stdio: 'ignore' });
  };

  private constructor(
    readonly directory: string,
    readonly config: string,
    /** Where to send mail that is to be signed. */
    readonly submissionPort: number,
    /** Where Postseal brings it back. */
    readonly returnPort: number,
  ) {}

  /** Makes and starts an instance; about half a second. */
  static async start(options: PostfixOptions): Promise<Postfix> {
    const directory = mkdtempSync(join(tmpdir(), 'postseal-postfix-'));
    const at = (name: string): string => join(directory, name);
    // Postfix's daemons run as other users and have to get in.
    chmodSync(directory, 0o755);
    for (const name of ['config', 'queue', 'data', 'mail']) mkdirSync(at(name));
    chownSync(at('data'), userId('postfix'), 0);
    chownSync(at('mail'), nobody, nobody);

    const submissionPort = await freePort();
    const returnPort = options.returnPort ?? (await freePort());
    const submission = `127.0.0.1:${submissionPort}`;
    const block = options.unwired
      ? { main: '', master: `${submission} inet n - n - - smtpd\npickup unix n - n 60 1 pickup\n` }
      : wiring(
          submission,
          options.nexthop ?? `[127.0.0.1]:${options.postsealPort}`,
          options.returnSocket ? 'back unix' : `127.0.0.1:${returnPort} inet`,
          'n',
          options.lmtpSocket,
        );
    const main = { ...settings(directory), ...options.main };
    writeFileSync(
      join(at('config'), 'main.cf'),
      `${Object.entries(main)
        .map(([name, value]) => `${name} = ${value}\n`)
        .join('')}\n${block.main}`,
    );
    const transport = Object.entries(options.transport ?? {}).map(
      ([name, value]) => `  -o ${name}=${value}\n`,
    );
    writeFileSync(
      join(at('config'), 'master.cf'),
      block.master.replace(/^postseal(?:-local)? unix .*\n/gm, line => line + transport.join('')) +
        otherServices,
    );
    if (options.hosts !== undefined) writeFileSync(at('hosts'), options.hosts);
    const postfix = new Postfix(directory, at('config'), submissionPort, returnPort);
    await postfix.restart();
    return postfix;
  }

  /** Starts it again after stop(); the queue is as it was. */
  async restart(): Promise<void> {
    const start = [peer('postfix'), '-c', this.config, 'start'];
    const hosts = join(this.directory, 'hosts');
    // In a mount namespace of its own, which ends with it.
    const mounted = ['-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...start];
    const [program, ...args] = existsSync(hosts) ? ['unshare', ...mounted] : start;
    await run(program!, args).catch((error: unknown) => {
      throw new Error(`postfix does not start\n${this.log()}`, { cause: error });
    });
    this.running = true;
    process.once('exit', this.lastResort);
  }

  /** Stops it by its own pid file. */
  async stop(): Promise<void> {
    if (!this.running) return;
    await run(peer('postfix'), ['-c', this.config, 'stop']);
    this.running = false;
    process.off('exit', this.lastResort);
  }

  /** Stops it and removes its directory. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Everything that Postfix logged so far. */
  log(): string {
    const path = join(this.directory, 'mail.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** The queue, as the administrator sees it. */
  async queue(): Promise<QueuedMessage[]> {
    const { stdout } = await run(peer('postfix').replace(/postfix$/, 'postqueue'), ['-c', this.config, '-j']);
    return stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as QueuedMessage);
  }

  /** Tries everything in the queue now (`postqueue -f`). */
  async flush(): Promise<void> {
    await run(peer('postfix').replace(/postfix$/, 'postqueue'), ['-c', this.config, '-f']);
  }

  /** Waits until the queue is empty. */
  async drained(ms = 20_000): Promise<void> {
    const left = async (): Promise<boolean> => (await this.queue()).length === 0;
    await until(() => `the queue to be empty\n${this.tail()}`, left, ms);
  }

  /** The last lines of the log, for messages about failures. */
  tail(lines = 40): string {
    return this.log().split('\n').slice(-lines).join('\n');
  }

  /** What was delivered, in no particular order. */
  messages(): DeliveredMessage[] {
    const directory = join(this.directory, 'mail', 'box', 'new');
    if (!existsSync(directory)) return [];
    return readdirSync(directory).map(name => delivered(readFileSync(join(directory, name))));
  }

  /** How many messages were delivered, without reading them. */
  count(): number {
    const directory = join(this.directory, 'mail', 'box', 'new');
    return existsSync(directory) ? readdirSync(directory).length : 0;
  }

  /** Forgets what was delivered so far. */
  clearMessages(): void {
    rmSync(join(this.directory, 'mail', 'box', 'new'), { recursive: true, force: true });
  }

  /**
   * Waits for messages that contain `mark`, one for each recipient.
   * @returns them, sorted by recipient
   */
  async delivered(mark: string, count = 1, ms = 15_000): Promise<DeliveredMessage[]> {
    const found = (): DeliveredMessage[] => this.messages().filter(message => message.raw.includes(mark));
    await until(
      () => `${count} × ${mark}\n${this.tail()}`,
      () => found().length >= count,
      ms,
    );
    return found().sort((a, b) => a.recipient.localeCompare(b.recipient));
  }

  /**
   * Sends with smtp-source; `args` before the server.
   * @param message LF line ends; smtp-source adds an empty line at the end, always
   */
  async smtpSource(args: readonly string[], message?: Buffer): Promise<Sent> {
    const file = join(this.directory, `smtp-source-${++this.files}.eml`);
    if (message) writeFileSync(file, message);
    const from = message ? ['-F', file] : [];
    return command(peer('smtp-source'), [...from, ...args, `127.0.0.1:${this.submissionPort}`]);
  }

  /** Sends with swaks; `args` after the server. */
  async swaks(args: readonly string[]): Promise<Sent> {
    return command(peer('swaks'), ['--server', '127.0.0.1', '--port', String(this.submissionPort), ...args]);
  }

  /** Sends with this Postfix's sendmail command. */
  async sendmail(sender: string, recipients: readonly string[], message: Buffer): Promise<Sent> {
    const sendmail = peer('postfix').replace(/postfix$/, 'sendmail');
    return command(sendmail, ['-C', this.config, '-i', '-f', sender, ...recipients], message);
  }
}

/** main.cf without the block: a small server with short timers that delivers to one maildir. */
function settings(directory: string): Record<string, string> {
  return {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'queue'),
    data_directory: join(directory, 'data'),
    maillog_file: join(directory, 'mail.log'),
    maillog_file_prefixes: directory,
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    inet_protocols: 'ipv4',
    inet_interfaces: '127.0.0.1',
    myhostname: 'mx.example.com',
    mydestination: '',
    alias_maps: '',
    // 203.0.113.0/24 are the clients that the tests pretend to be (XCLIENT).
    mynetworks: '127.0.0.0/8, 203.0.113.0/24',
    smtpd_authorized_xclient_hosts: '127.0.0.0/8',
    smtputf8_enable: 'yes',
    message_size_limit: '51200000',
    disable_dns_lookups: 'yes',
    virtual_mailbox_domains: localDomains.join(', '),
    virtual_mailbox_base: join(directory, 'mail'),
    virtual_mailbox_maps: 'static:box/',
    virtual_uid_maps: `static:${nobody}`,
    virtual_gid_maps: `static:${nobody}`,
    // Nothing is tried again unless a test asks.
    queue_run_delay: '300s',
    minimal_backoff_time: '300s',
    maximal_backoff_time: '300s',
  };
}

function userId(name: string): number {
  const entry = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8'));
  if (!entry) throw new Error(`no user ${name}`);
  return Number(entry[1]);
}

/** Fields that the hops put on top; the rest is what was sent. */
const traceField = /^(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:[ \t].*\n)*/i;

function delivered(raw: Buffer): DeliveredMessage {
  // The fields on top are ASCII; latin1 keeps one character a byte.
  let rest = raw.toString('latin1');
  let trace = '';
  for (let field = traceField.exec(rest); field !== null; field = traceField.exec(rest)) {
    trace += field[0];
    rest = rest.slice(field[0].length);
  }
  return {
    raw,
    trace,
    content: Buffer.from(rest, 'latin1'),
    recipient: /^X-Original-To: (.*)$/im.exec(trace)?.[1] ?? '',
    sender: /^Return-Path: <(.*)>$/im.exec(trace)?.[1] ?? '',
  };
}

/** Runs a program to its end, whatever that is. */
function command(program: string, args: readonly string[], input?: Buffer): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', status => {
      resolve({ status, output });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
