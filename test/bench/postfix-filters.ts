// A private Postfix with a filter between its queue and its delivery: Postseal, and what one would write instead.
//
//   smtp-source ─► smtpd ─► queue ─┬─► smtp ─► postseal serve ─► return port smtpd ─┬─► queue ─► discard
//                                  ├─► smtp ─► (nothing) ─► another return port ────┤
//                                  ├─► smtp ─► bare signature ─► the same ──────┤
//                                  ├─► pipe ─► shell script, openssl ─► sendmail ───┤
//                                  └─► (without a filter) ──────────────────────────┘
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { peer } from '../support/peers.js';
import { Postfix, freePort, until } from '../support/postfix.js';
import type { Service } from '../support/service.js';
import { KB, message, recipient, signedSender } from './messages.js';
import { busyTime, cpuTime } from './proc.js';
import { type Setting, smtpSource } from './setting.js';

export type Filter = 'none' | 'nothing' | 'bare' | 'postseal' | 'script';
export const filters: readonly Filter[] = ['none', 'nothing', 'bare', 'postseal', 'script'];

/** One run. */
export interface PostfixSample {
  /** Messages a second, from the first one sent to the last one delivered. */
  readonly perSecond: number;
  /** CPU time of the whole machine for one message, in milliseconds. */
  readonly machine: number;
  /** That of the filter's process alone, where it is always the same one; otherwise 0. */
  readonly filter: number;
}

export class PostfixFilters {
  private readonly log: number;
  private position = 0;

  private constructor(
    private readonly setting: Setting,
    private readonly postfix: Postfix,
    private readonly service: Service,
    private readonly bareSigner: ChildProcess,
    private readonly ports: Readonly<Record<Filter, number>>,
  ) {
    this.log = openSync(join(postfix.directory, 'mail.log'), 'r');
  }

  static async start(setting: Setting): Promise<PostfixFilters> {
    const returnPort = await freePort();
    const { service, port } = await setting.serve('postfix', returnPort);
    const script = writeScript(setting);
    const postfix = await Postfix.start({
      postsealPort: port,
      returnPort,
      main: {
        // Delivery costs nothing here, so that the filters show; and mail is taken as fast as it comes.
        virtual_transport: 'discard:',
        in_flow_delay: '0',
        command_directory: commandDirectory(setting),
      },
    });
    await postfix.stop();
    // What a script of another user may do with the installed, set-group-id postdrop of the real queue.
    chmodSync(join(postfix.directory, 'queue', 'maildrop'), 0o1777);
    chmodSync(join(postfix.directory, 'queue', 'public'), 0o755);
    const otherReturnPort = await freePort();
    const ports = {
      none: await freePort(),
      nothing: await freePort(),
      bare: await freePort(),
      postseal: postfix.submissionPort,
      script: await freePort(),
    };
    const signerPort = await freePort();
    addFilters(postfix.config, script, ports, { returnPort, otherReturnPort, signerPort });
    await postfix.restart();
    const bareSigner = await startBareSigner(signerPort, otherReturnPort, setting.certificate.key);
    return new PostfixFilters(setting, postfix, service, bareSigner, ports);
  }

  async run(filter: Filter, count: number): Promise<PostfixSample> {
    const file = this.setting.file('postfix.eml', message('text', 10 * KB, signedSender));
    this.delivered();
    const pid = { postseal: this.service.pid, bare: this.bareSigner.pid }[filter as string];
    const cpu = (): [number, number] => [busyTime(), pid === undefined ? 0 : cpuTime(pid)];
    const [machineBefore, filterBefore] = cpu();
    const begin = performance.now();
    await smtpSource({ port: this.ports[filter], sender: signedSender, recipient, file, count });
    let arrived = 0;
    await until(
      () => `${arrived} of ${count} messages through ${filter}\n${this.postfix.tail()}`,
      () => (arrived += this.delivered()) >= count,
      120_000,
    );
    const seconds = (performance.now() - begin) / 1000;
    const [machineAfter, filterAfter] = cpu();
    await this.postfix.drained();
    return {
      perSecond: count / seconds,
      machine: (machineAfter - machineBefore) / count,
      filter: (filterAfter - filterBefore) / count,
    };
  }

  async stop(): Promise<void> {
    await this.postfix.remove();
    await this.service.stop();
    this.bareSigner.kill();
  }

  /** How many messages the log says were delivered since the last call. */
  private delivered(): number {
    const piece = Buffer.alloc(1 << 20);
    let text = '';
    for (let n = 1; n > 0;) {
      n = readSync(this.log, piece, 0, piece.length, this.position);
      text += piece.toString('latin1', 0, n);
      this.position += n;
    }
    // A line that is not complete yet is counted next time.
    const rest = text.length - (text.lastIndexOf('\n') + 1);
    this.position -= rest;
    const lines = text.slice(0, text.length - rest).split('\n');
    const trouble = lines.find(line => /status=(?!sent)/.test(line));
    if (trouble !== undefined) throw new Error(trouble);
    return lines.filter(line => line.includes('postfix/discard[') && line.includes('status=sent')).length;
  }
}

/** Beside the wiring to Postseal: the other ways in, the transport of the script, delivery to nowhere. */
function addFilters(
  config: string,
  script: string,
  ports: Readonly<Record<Filter, number>>,
  {
    returnPort,
    otherReturnPort,
    signerPort,
  }: Readonly<Record<'returnPort' | 'otherReturnPort' | 'signerPort', number>>,
): void {
  const file = join(config, 'master.cf');
  const master = readFileSync(file, 'utf8')
    // The script's sendmail comes in here: through the filter again it would go round for ever.
    .replace(/^pickup .*\n(?: .*\n)*/m, 'pickup unix n - n 60 1 pickup\n');
  // The connections that Postseal keeps must not be in the way of nothing, so it has a return port of its own.
  const [, returnOptions] = new RegExp(`^127\\.0\\.0\\.1:${returnPort} (inet .*\\n(?: .*\\n)*)`, 'm').exec(
    master,
  )!;
  writeFileSync(
    file,
    `${master}
127.0.0.1:${otherReturnPort} ${returnOptions!}
127.0.0.1:${ports.script} inet n - n - - smtpd
  -o content_filter=script:dummy
127.0.0.1:${ports.none} inet n - n - - smtpd
127.0.0.1:${ports.nothing} inet n - n - - smtpd
  -o content_filter=postseal:[127.0.0.1]:${otherReturnPort}
127.0.0.1:${ports.bare} inet n - n - - smtpd
  -o content_filter=postseal:[127.0.0.1]:${signerPort}
script unix - n n - 10 pipe
  flags=Rq user=nobody argv=${script} -f \${sender} -- \${recipient}
discard unix - - n - - discard
`,
  );
}

/** What signing cannot do without, and nothing else: an RSA signature, and 53 lines of base64 more, which is what Postseal adds. */
async function startBareSigner(port: number, to: number, keyFile: string): Promise<ChildProcess> {
  const program = `
const { createPrivateKey, sign } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const key = createPrivateKey(readFileSync('${keyFile}'));
const end = Buffer.from('\\r\\n.\\r\\n');
const added = Buffer.from(('A'.repeat(76) + '\\r\\n').repeat(53));
createServer(client => {
  const server = connect(${to}, '127.0.0.1');
  for (const [from, to] of [[client, server], [server, client]])
    from.setNoDelay().on('end', () => to.end()).on('error', () => to.destroy());
  server.on('data', octets => client.write(octets));
  client.on('data', octets => {
    if (!octets.subarray(-end.length).equals(end)) return void server.write(octets);
    sign('sha256', octets, key, error => {
      if (error) throw error;
      server.write(Buffer.concat([octets.subarray(0, -3), added, octets.subarray(-3)]));
    });
  });
}).listen(${port}, '127.0.0.1', () => console.log('ready'));`;
  const signer = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => signer.kill());
  await once(signer.stdout, 'data');
  return signer;
}

/**
 * Postfix's programs, with a postdrop that is not set-group-id: as installed it refuses any configuration
 * but the system's own when another user calls it. It is the same program, and does the same work.
 */
function commandDirectory(setting: Setting): string {
  const directory = setting.path('commands');
  mkdirSync(directory);
  const installed = dirname(peer('postfix'));
  for (const name of readdirSync(installed).filter(n => n.startsWith('post'))) {
    if (name === 'postdrop') copyFileSync(join(installed, name), join(directory, name));
    else symlinkSync(join(installed, name), join(directory, name));
  }
  chmodSync(join(directory, 'postdrop'), 0o755);
  return directory;
}

/**
 * The "simple content filter" of Postfix's FILTER_README around `openssl cms -sign`: what describes the
 * content goes into the signed part, the rest of the header stays on top.
 */
function writeScript(setting: Setting): string {
  const { certificate } = setting;
  const spool = setting.path('spool');
  mkdirSync(spool);
  chmodSync(spool, 0o777);
  const secrets = setting.path('script-keys');
  mkdirSync(secrets, { mode: 0o700 });
  const copy = (file: string): string => {
    copyFileSync(file, join(secrets, basename(file)));
    return join(secrets, basename(file));
  };
  const [signer, key, chain] = [certificate.certificate, certificate.key, certificate.chain].map(copy);
  execFileSync('chown', ['-R', 'nobody', secrets]);
  const script = setting.file(
    'sign.sh',
    `#!/bin/sh
# Called by pipe(8) with the message on standard input: sign.sh -f SENDER -- RECIPIENT...
EX_TEMPFAIL=75
SENDMAIL=\${SENDMAIL:-"${peer('postfix').replace(/postfix$/, 'sendmail')} -G -i"}
PATH=${dirname(peer('openssl'))}:/usr/sbin:/usr/bin:/sbin:/bin
cd ${spool} || exit $EX_TEMPFAIL
trap 'rm -f in.$$ top.$$ entity.$$ signed.$$' 0 1 2 3 15
cat > in.$$ || exit $EX_TEMPFAIL
awk -v top=top.$$ -v entity=entity.$$ '
  body { print > entity; next }
  /^$/ { body = 1; print > entity; next }
  /^[^ \\t]/ { out = tolower($0) ~ /^content-/ ? entity : tolower($0) ~ /^mime-version:/ ? "/dev/null" : top }
  { print > out }
' in.$$ || exit $EX_TEMPFAIL
openssl cms -sign -in entity.$$ -signer ${signer!} -inkey ${key!} -certfile ${chain!} -md sha256 \\
  -out signed.$$ || exit $EX_TEMPFAIL
cat top.$$ signed.$$ | $SENDMAIL "$@"
exit $?
`,
  );
  chmodSync(script, 0o755);

  // It must do what it is measured for.
  const signed = execFileSync(script, [], {
    input: message('text', 10 * KB, signedSender),
    env: { ...process.env, SENDMAIL: 'cat' },
  });
  if (!setting.verifies(signed))
    throw new Error(`what the script signs does not verify\n${signed.toString()}`);
  return script;
}
